// Brings a checkout to the state that a command needs: packages installed, addon and TypeScript built.
// Nothing is done again while its inputs are unchanged: each step keeps a digest of them beside its result.
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** Runs a command in the checkout, inheriting stdio; the whole script ends when it fails. */
export function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (result.error) {
    console.error(`lsapi: cannot run ${command}: ${result.error.message}`);
    process.exit(1);
  }
  if (result.status !== 0) process.exit(result.status ?? 1);
}

/** Like run(), but output is shown only when the command fails. */
export function runQuietly(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26, ...options });
  if (result.status === 0) return;
  process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}${result.error?.message ?? ''}\n`);
  process.exit(result.status ?? 1);
}

/** A package's command, run with this very Node whatever PATH holds. */
export function runBin(script, args, options) {
  run(process.execPath, [join(root, 'node_modules', script), ...args], options);
}

function filesBelow(path) {
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesBelow(join(path, name)));
}

export function digest(paths, salt = '') {
  const hash = createHash('sha256').update(salt);
  for (const file of paths.flatMap((path) => filesBelow(join(root, path)))) {
    hash.update(file.slice(root.length)).update('\0').update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
}

/** Runs `work` unless `results` exist and `stamp` holds the digest of the same inputs. */
export function once(stamp, value, results, work) {
  const path = join(root, stamp);
  const done = results.every((result) => existsSync(join(root, result)));
  if (done && existsSync(path) && readFileSync(path, 'utf8') === value) return false;
  work();
  writeFileSync(path, value);
  return true;
}

export function ensureInstalled() {
  const inputs = digest(['package-lock.json']);
  once('node_modules/.lsapi-installed', inputs, ['node_modules/typescript'], () => {
    console.error('lsapi: installing packages');
    // No package of ours needs its install script; the addon is built by ensureNative().
    run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
  });
}

/** Most Node installations carry their headers; with them node-gyp has nothing to download. Their prefix or undefined. */
export function headersOfThisNode() {
  const prefix = join(realpathSync(process.execPath), '../..');
  const complete = ['node_api.h', 'uv.h'].every((name) => existsSync(join(prefix, 'include/node', name)));
  return complete ? prefix : undefined;
}

export function ensureNative() {
  const inputs = digest(
    ['binding.gyp', 'native/protocol', 'native/io', 'native/process', 'native/binding'],
    `${process.platform}-${process.arch}`,
  );
  once('build/.lsapi-built', inputs, ['build/Release/lsapi.node'], () => {
    console.error('lsapi: building the native addon');
    const headers = headersOfThisNode();
    runQuietly(process.execPath, [
      join(root, 'node_modules/node-gyp/bin/node-gyp.js'),
      'rebuild',
      '--loglevel=error',
      '-j',
      'max',
      ...(headers === undefined ? [] : [`--nodedir=${headers}`]),
    ]);
  });
}

/** Where the headers of Node are that node-gyp built with; after ensureNative(). */
export function nodeHeaders() {
  const config = readFileSync(join(root, 'build/config.gypi'), 'utf8');
  return join(/"nodedir":\s*"([^"]+)"/.exec(config)[1], 'include/node');
}

export function ensureTypeScript() {
  const inputs = digest(['tsconfig.json', 'tsconfig.base.json', 'lib', 'test', 'bench']);
  once('dist-dev/.lsapi-built', inputs, ['dist-dev/lib/index.js', 'dist-dev/test'], () => {
    console.error('lsapi: compiling TypeScript');
    runBin('typescript/bin/tsc', ['--build']);
  });
  const modules = digest(['dist-dev/lib', 'scripts/bundle.mjs', 'package.json']);
  once('dist/.lsapi-built', modules, ['dist/index.js'], () => {
    runQuietly(process.execPath, [join(root, 'scripts/bundle.mjs')]);
  });
}

export function ensureBuilt() {
  ensureInstalled();
  ensureNative();
  ensureTypeScript();
}
