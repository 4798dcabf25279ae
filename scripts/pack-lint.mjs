// `npm run pack:lint [-- TARBALL]`: publint and Are The Types Wrong? on the tarball, as those who import the package see
// it. The tools are fetched at these versions and kept in .cache: they bring a TypeScript of their own.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { root, run, runQuietly } from './setup.mjs';

const TOOLS = { publint: '0.3.25', '@arethetypeswrong/cli': '0.18.5' };
/**
 * The package is ESM. CommonJS can require() it on every Node that it runs on, which TypeScript models only from 20.19 on
 * (its node20 mode); attw still counts it as an error, by the rules of Node 16.
 */
const IGNORED = ['cjs-resolves-to-esm'];

const tools = join(root, '.cache/pack-lint');
if (!Object.keys(TOOLS).every((name) => existsSync(join(tools, 'node_modules', name)))) {
  mkdirSync(tools, { recursive: true });
  writeFileSync(join(tools, 'package.json'), '{ "private": true }\n');
  const packages = Object.entries(TOOLS).map(([name, version]) => `${name}@${version}`);
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  run('npm', ['install', ...quiet, ...packages], { cwd: tools });
}

/** The tarball that is named, else a new one in `directory`. */
function tarballIn(directory) {
  const [given] = process.argv.slice(2);
  if (given !== undefined) return resolve(given);
  runQuietly('npm', ['pack', '--loglevel=error', `--pack-destination=${directory}`]);
  return join(directory, readdirSync(directory)[0]);
}

const directory = mkdtempSync(join(tmpdir(), 'lsapi-tarball-'));
const tarball = tarballIn(directory);
const bin = (name) => join(tools, 'node_modules/.bin', name);
const results = [
  spawnSync(bin('publint'), ['run', tarball, '--strict'], { stdio: 'inherit' }),
  spawnSync(bin('attw'), [tarball, '--profile', 'node16', '--ignore-rules', ...IGNORED], {
    stdio: 'inherit',
  }),
];
rmSync(directory, { recursive: true });
process.exit(results.every(({ status }) => status === 0) ? 0 : 1);
