// `npm run lint`: formatting, types and suspicious code, of TypeScript and C++. `npm run format` (`--fix`) repairs
// what a tool can repair. Tools of Debian that are not installed are skipped, except in CI.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { compiler, configure, fuzzCompiler } from '../native/test/build.mjs';
import { ensureInstalled, ensureNative, nodeHeaders, root } from './setup.mjs';

const fix = process.argv.includes('--fix');
const results = [];

/** Runs a command; resolves to whether it succeeded and all that it printed. */
function execute(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    }
    child.on('error', (error) => resolve({ ok: false, output: error.message }));
    child.on('close', (status) => resolve({ ok: status === 0, output }));
  });
}

const node = (script, args) => execute(process.execPath, [join(root, 'node_modules', script), ...args]);

/** One step of linting. Everything is run, whatever came of the steps before. */
async function step(name, work) {
  const began = Date.now();
  const { ok, output, skipped } = await work();
  results.push(ok);
  const outcome = skipped ?? (ok ? 'ok' : 'FAILED');
  console.log(`${name.padEnd(14)} ${outcome} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
  if (!ok) console.log(output.trimEnd());
}

/** A step whose tool may be missing. */
async function debianStep(name, debian, work) {
  if (spawnSync(name, ['--version']).status === 0) return step(name, work);
  return step(name, () => ({
    ok: !process.env.CI,
    output: `apt-get install ${debian}`,
    skipped: `${process.env.CI ? 'FAILED' : 'skipped'}: not installed (apt-get install ${debian})`,
  }));
}

function sources(directory, pattern) {
  const path = join(root, directory);
  if (!existsSync(path)) return [];
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => pattern.test(name))
    .sort()
    .map((name) => `${directory}/${name}`);
}

async function tidy() {
  ensureNative();
  const common = { CMAKE_CXX_COMPILER: compiler() };
  const fuzzing = fuzzCompiler() === undefined ? 'OFF' : 'ON';
  configure('build-native/tidy', { ...common, LSAPI_FUZZ: fuzzing });
  configure('build-native/tidy-addon', { ...common, CMAKE_JS_INC: nodeHeaders() });
  // In CI, for time: what is shipped and what is fuzzed, without the analyzer, which takes three quarters of the time. All
  // of it is for where code is written.
  const checks = process.env.CI ? ['--checks=-clang-analyzer-*'] : [];
  const left = sources('native', /\.cc$/).filter(
    (file) =>
      (fuzzing === 'ON' || !file.includes('/fuzz/')) && !(process.env.CI && file.startsWith('native/test/')),
  );
  const outputs = [];
  const worker = async () => {
    for (let file = left.shift(); file !== undefined; file = left.shift()) {
      const database = file.startsWith('native/binding/') ? 'build-native/tidy-addon' : 'build-native/tidy';
      const { ok, output } = await execute('clang-tidy', ['--quiet', ...checks, '-p', database, file]);
      // Besides its findings it counts those in other people's headers.
      if (!ok) outputs.push(output.replace(/^(\d+ warnings?.*|Suppressed .*|Use -header-filter.*)\n/gm, ''));
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return { ok: outputs.length === 0, output: outputs.join('\n') };
}

ensureInstalled();
await step('prettier', () =>
  node('prettier/bin/prettier.cjs', [fix ? '--write' : '--check', '--log-level=warn', '.']),
);
await step('types', () => node('typescript/bin/tsc', ['--build']));
await step('eslint', () =>
  node('eslint/bin/eslint.js', ['.', '--max-warnings=0', ...(fix ? ['--fix'] : [])]),
);
await step('generated docs', () =>
  execute(process.execPath, [join(root, 'scripts/docs.mjs'), ...(fix ? [] : ['--check'])]),
);
await debianStep('clang-format', 'clang-format', async () => {
  const files = [...sources('native', /\.(cc|h)$/), ...sources('bench', /\.(cc|h)$/)];
  const { ok, output } = await execute('clang-format', [
    ...(fix ? ['-i'] : ['--dry-run', '-Werror']),
    ...files,
  ]);
  // It shows every place; which files to format is enough to know.
  const unformatted = [
    ...new Set(Array.from(output.matchAll(/^(\S+?):\d+:\d+: error:/gm), ([, file]) => file)),
  ];
  return {
    ok,
    output: unformatted.length === 0 ? output : `npm run format would change:\n  ${unformatted.join('\n  ')}`,
  };
});
if (!fix) await debianStep('clang-tidy', 'clang-tidy', tidy);

const failed = results.filter((ok) => !ok).length;
console.log(failed === 0 ? 'lint: all clean' : `lint: ${failed} of ${results.length} steps failed`);
process.exit(failed === 0 ? 0 : 1);
