// `npm run release [-- --publish] [--skip-tests]`: what must hold before a version is published, then `npm publish`; without
// --publish a dry run of it. In CI, where npm can prove by OpenID Connect which commit and workflow made the tarball, it
// publishes with provenance; from a person's machine it does not publish.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './setup.mjs';

const { values } = parseArgs({
  options: {
    publish: { type: 'boolean', default: false },
    'skip-tests': { type: 'boolean', default: false },
  },
});
if (values.publish && values['skip-tests'])
  fail('--skip-tests is for trying this script: not with --publish');

function fail(message) {
  console.error(`lsapi: cannot release: ${message}`);
  process.exit(1);
}

/** What git says, or a failure. */
function git(...args) {
  const { status, stdout, stderr } = spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  if (status !== 0) fail(`git ${args.join(' ')}: ${stderr.trim()}`);
  return stdout.trim();
}

/** A step whose output is shown. */
function step(name, ...args) {
  console.log(`==== ${name}`);
  const { status } = spawnSync('npm', args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) fail(`${name} failed`);
}

const { version, repository } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const changelog = readFileSync(join(root, 'CHANGELOG.md'), 'utf8');
const escaped = version.replaceAll('.', String.raw`\.`);

/** What is wrong with the checkout. A dry run only tells it. */
function* flaws() {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  if (lock.version !== version) yield `package-lock.json has the version ${lock.version}, not ${version}`;
  if (!/^\d+\.\d+\.\d+(-[0-9a-z.-]+)?$/i.test(version)) yield `${version} is no semantic version`;
  if (repository === undefined)
    yield 'package.json names no repository, with which npm compares the provenance';
  if (git('status', '--porcelain') !== '') yield 'there are changes that are not committed';
  if (!new RegExp(String.raw`^## \[${escaped}\] - \d{4}-\d\d-\d\d$`, 'm').test(changelog)) {
    yield `CHANGELOG.md has no section "## [${version}] - YYYY-MM-DD"`;
  }
  if (!git('tag', '--points-at', 'HEAD').split('\n').includes(`v${version}`)) {
    yield `the commit has no tag v${version}`;
  }
  if (
    values.publish &&
    process.env.ACTIONS_ID_TOKEN_REQUEST_URL === undefined &&
    process.env.SIGSTORE_ID_TOKEN === undefined
  ) {
    yield 'no identity token to prove the provenance with: publish from CI (GitHub: permissions: id-token: write)';
  }
}

const found = [...flaws()];
if (values.publish && found.length > 0) fail(found.join('; '));
for (const flaw of found) console.log(`would fail: ${flaw}`);

if (!values['skip-tests']) {
  step('lint', 'run', '--silent', 'lint');
  step('tests', 'test', '--silent');
}
step('binaries', 'run', '--silent', 'prebuildify');
step('what they must be', 'run', '--silent', 'check:prebuilds');
step('types and exports', 'run', '--silent', 'pack:lint');
if (!values['skip-tests']) step('the package', 'run', '--silent', 'pack:check', '--', '--arm64');

// Versions such as 1.0.0-rc.1 are for those who ask for them.
const tag = version.includes('-') ? 'next' : 'latest';
const mode = values.publish ? ['--provenance'] : ['--dry-run'];
step(`npm publish ${mode.join(' ')}`, 'publish', '--access=public', `--tag=${tag}`, ...mode);
