// `npm run pack:check [-- --versions 22,24] [--debian bookworm,bullseye] [--arm64]`: makes the tarball, installs it where
// there is neither network nor compiler, and lets `npx lsnode` serve examples: by one process, and by a group. On this
// system; with --debian in clean Debian systems (debootstrap, root), with --arm64 also the other binary, under qemu-user.
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { fetchNode } from './fetch-node.mjs';
import { arm64Place, debianPlace, hostPlace } from './pack-places.mjs';
import { PLATFORMS } from './prebuilds.mjs';
import { root } from './setup.mjs';

/** Generous: emulated processes on a busy machine. */
const INSTALL_TIMEOUT = 300_000;
const ANSWER_TIMEOUT = 180_000;
const STOP_TIMEOUT = 60_000;
const LARGEST_PACKAGE = 2_000_000;

const { values } = parseArgs({
  options: {
    versions: { type: 'string', default: '20,22,24,26' },
    debian: { type: 'string', default: '' },
    arm64: { type: 'boolean', default: false },
  },
});

/** Makes the tarball; what npm says of it. */
function pack(directory) {
  const args = ['pack', '--json', '--loglevel=error', `--pack-destination=${directory}`];
  const { status, stdout } = spawnSync('npm', args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) process.exit(1);
  return JSON.parse(stdout.slice(stdout.indexOf('[')))[0];
}

/** What is wrong with the list of files. */
function* flawsOfContents({ files, size }) {
  const paths = files.map(({ path }) => path);
  const needed = [
    'LICENSE',
    'README.md',
    'CHANGELOG.md',
    'binding.gyp',
    'dist/cli/main.js',
    'dist/index.d.ts',
  ];
  needed.push(...PLATFORMS.map(({ name }) => `prebuilds/${name}/lsapi.glibc.node`));
  yield* needed.filter((path) => !paths.includes(path)).map((path) => `${path} is missing`);
  const strange = paths.filter((path) =>
    /\.[jt]s\.map$|\.tsbuildinfo$|(^|\/)\.|\.test\.|^test\/|^build\//.test(path),
  );
  yield* strange.map((path) => `${path} does not belong there`);
  if (size > LARGEST_PACKAGE) yield `${size} bytes`;
}

/** Runs a command in a place to its end; fails unless it succeeds. */
function runIn(place, args) {
  const [file, ...rest] = place.command(args);
  const { status, signal, stdout, stderr, error } = spawnSync(file, rest, {
    cwd: place.directory,
    env: place.environment,
    encoding: 'utf8',
    timeout: INSTALL_TIMEOUT,
  });
  if (status !== 0) throw new Error(`${args.join(' ')}: ${error ?? status ?? signal}\n${stdout}${stderr}`);
  return stdout;
}

async function waitFor(what, milliseconds, condition) {
  const end = Date.now() + milliseconds;
  for (let value = condition(); ; value = condition()) {
    if (value) return value;
    if (Date.now() > end) throw new Error(`${what}: not within ${milliseconds / 1000} s`);
    await delay(50);
  }
}

/** Lets `npx lsnode` serve an app, and compares what it answers. */
async function serve(place, app, variables, expected) {
  copyFileSync(join(root, 'examples', app, 'app.js'), join(place.directory, `${app}.mjs`));
  const [file, ...rest] = place.command(['npx', 'lsnode', '--http', '127.0.0.1:0', `${app}.mjs`]);
  const child = spawn(file, rest, {
    cwd: place.directory,
    env: { ...place.environment, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  let ended = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => (output += text));
  }
  child.on('close', () => (ended = true));
  try {
    const url = await waitFor('a URL', ANSWER_TIMEOUT, () => {
      if (ended) throw new Error('it ended');
      return /^http:\/\/\S+$/m.exec(output)?.[0];
    });
    const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_TIMEOUT) });
    const text = await answer.text();
    if (answer.status !== 200 || text !== expected) throw new Error(`it answered ${answer.status} ${text}`);
    process.kill(-child.pid, 'SIGTERM');
    await waitFor('its end', STOP_TIMEOUT, () => ended);
  } catch (error) {
    throw new Error(`npx lsnode ${app}.mjs: ${error.message}\n${output}`, { cause: error });
  } finally {
    if (!ended) process.kill(-child.pid, 'SIGKILL');
  }
}

/** All that a user does first. */
async function tryIn(place, tarball) {
  copyFileSync(tarball, join(place.directory, 'lsapi.tgz'));
  writeFileSync(join(place.directory, 'package.json'), '{ "private": true }\n');
  runIn(place, ['npm', 'install', './lsapi.tgz']);
  const program = `Promise.all(['', '/gateway', '/codec', '/status', '/litespeed'].map((path) => import('lsapi' + path))).then(
    ([{ createServer }]) => process.exit(createServer === require('lsapi').createServer ? 0 : 1))`;
  runIn(place, ['node', '--eval', program]);
  await serve(place, 'raw', {}, 'Hello 127.0.0.1\n');
  await serve(place, 'hello-http', { LSAPI_CHILDREN: '4' }, 'Hello from Node.js\n');
}

let failed = 0;

async function check(name, work) {
  const began = Date.now();
  let failure;
  try {
    await work();
  } catch (error) {
    failure = error;
    ++failed;
  }
  const seconds = ((Date.now() - began) / 1000).toFixed(0);
  console.log(`${name.padEnd(40)} ${failure === undefined ? 'ok' : 'FAILED'} (${seconds} s)`);
  if (failure !== undefined) console.log(failure.message);
}

async function checkPlace(name, makePlace, tarball) {
  await check(name, async () => {
    const place = makePlace();
    try {
      await tryIn(place, tarball);
    } finally {
      place.remove();
    }
  });
}

/** A binary of Node, or an error. */
function nodeOf(version, arch) {
  if (arch === undefined && version === process.versions.node.split('.')[0]) return process.execPath;
  const node = fetchNode(version, arch);
  if (node === undefined) throw new Error(`Node ${version} could not be fetched`);
  return node;
}

const directory = mkdtempSync(join(tmpdir(), 'lsapi-tarball-'));
try {
  const packed = pack(directory);
  const tarball = join(directory, packed.filename);
  const kib = (bytes) => `${(bytes / 1024).toFixed(0)} KiB`;
  console.log(
    `${packed.filename}: ${kib(packed.size)}, ${kib(packed.unpackedSize)} unpacked, ${packed.entryCount} files`,
  );
  await check('contents', () => {
    const flaws = [...flawsOfContents(packed)];
    if (flaws.length > 0) throw new Error(flaws.map((flaw) => `  ${flaw}`).join('\n'));
  });
  const releases = values.debian.split(',').filter(Boolean);
  for (const version of values.versions.split(',')) {
    await checkPlace(`Node ${version}, this system`, () => hostPlace(nodeOf(version)), tarball);
    for (const release of releases) {
      await checkPlace(
        `Node ${version}, Debian ${release}`,
        () => debianPlace(release, nodeOf(version)),
        tarball,
      );
    }
    if (values.arm64) {
      await checkPlace(`Node ${version}, arm64 (qemu)`, () => arm64Place(nodeOf(version, 'arm64')), tarball);
      for (const release of releases) {
        await checkPlace(
          `Node ${version}, arm64 (qemu), Debian ${release}`,
          () => debianPlace(release, nodeOf(version, 'arm64'), 'arm64'),
          tarball,
        );
      }
    }
  }
} finally {
  rmSync(directory, { recursive: true });
}
console.log(failed === 0 ? 'pack:check: all hold' : `pack:check: ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
