// `npm run prebuildify [-- --platform linux-arm64]`: builds the binaries of prebuilds/ that are missing or out of date, by
// prebuildify, in a copy of the sources, so that build/ stays that of this machine. Nothing is downloaded: an addon for
// another processor needs its compiler and the headers of any Node.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { delimiter, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { PLATFORMS, SOURCES, flawOf, prebuiltFile, record } from './prebuilds.mjs';
import { ensureInstalled, headersOfThisNode, root, runQuietly } from './setup.mjs';

const { values } = parseArgs({ options: { platform: { type: 'string', multiple: true } } });
const unknown = values.platform?.find((name) => !PLATFORMS.some((platform) => platform.name === name));
if (unknown !== undefined) {
  console.error(`lsapi: --platform ${unknown}: one of ${PLATFORMS.map(({ name }) => name).join(', ')}`);
  process.exit(1);
}

/** A directory in which node-gyp finds what it needs, and where its results hurt nobody. */
function stage(platform) {
  const directory = join(root, '.cache/prebuild', platform.name);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  for (const path of [...SOURCES, 'package.json']) {
    cpSync(join(root, path), join(directory, path), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
  return directory;
}

function build(platform) {
  const compiler = `${platform.tools}g++`;
  if (spawnSync(compiler, ['--version']).status !== 0) {
    console.error(`lsapi: there is no ${compiler} (apt-get install ${platform.debian})`);
    process.exit(1);
  }
  const headers = headersOfThisNode();
  runQuietly(
    process.execPath,
    [
      join(root, 'node_modules/prebuildify/bin.js'),
      ...['--cwd', stage(platform), '--out', root, '--name', 'lsapi', '--tag-libc', 'glibc'],
      // The version of the headers does not matter to Node-API.
      ...['--napi', '--target', process.versions.node, '--arch', platform.arch],
      ...['--strip', '--strip-bin', `${platform.tools}strip`],
    ],
    {
      env: {
        ...process.env,
        CC: `${platform.tools}gcc`,
        CXX: compiler,
        AR: `${platform.tools}ar`,
        JOBS: 'max',
        PATH: `${join(root, 'node_modules/.bin')}${delimiter}${process.env.PATH}`,
        ...(headers === undefined ? {} : { npm_config_nodedir: headers }),
      },
    },
  );
  record(platform);
}

ensureInstalled();
for (const platform of PLATFORMS) {
  if (values.platform !== undefined && !values.platform.includes(platform.name)) continue;
  const flaw = flawOf(platform);
  const began = Date.now();
  if (flaw !== undefined) build(platform);
  const path = prebuiltFile(platform);
  const size = `${(statSync(path).size / 1024).toFixed(0)} KiB`;
  const outcome =
    flaw === undefined ? 'up to date' : `built in ${((Date.now() - began) / 1000).toFixed(0)} s`;
  console.log(`${relative(root, path).padEnd(42)} ${size.padStart(8)}  ${outcome}`);
}
