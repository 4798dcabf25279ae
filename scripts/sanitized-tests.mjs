// `npm run test:sanitized [-- MOCHA ARGUMENTS]`: the mocha tests on an addon that is built with ASan and UBSan. What a
// sanitizer reports of any process, whether a test noticed it or not, makes the run fail.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, configure, requireTools } from '../native/test/build.mjs';
import { ensureInstalled, ensureNative, ensureTypeScript, nodeHeaders, root } from './setup.mjs';

/** Has the build in it as node-gyp-build looks for it: build/Release/lsapi.node. */
const DIRECTORY = join(root, 'build-native/sanitized');
const REPORTS = join(DIRECTORY, 'reports');
/** Tests that do not take part, each with its reason: itWithoutSanitizers() writes here. */
const LEFT_OUT = join(DIRECTORY, 'left-out.txt');

/** The runtime has to be there before anything allocates; the addon alone is too late in Node. */
function runtime() {
  const found = spawnSync('g++', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).stdout?.trim() ?? '';
  if (found.startsWith('/')) return found;
  console.error('lsapi: npm run test:sanitized needs g++ with its sanitizers: apt-get install g++');
  process.exit(1);
}

function buildAddon() {
  ensureInstalled();
  ensureNative(); // its configuration tells where Node's headers are
  ensureTypeScript();
  configure(DIRECTORY, {
    CMAKE_CXX_COMPILER: 'g++',
    CMAKE_JS_INC: nodeHeaders(),
    CMAKE_LIBRARY_OUTPUT_DIRECTORY: join(DIRECTORY, 'build/Release'),
    LSAPI_SANITIZE: 'address,undefined',
  });
  build(DIRECTORY, ['lsapi']);
}

/**
 * Leaks are not looked for here: LeakSanitizer takes for a leak what only V8's heap refers to, and V8 keeps it in pages
 * and, with compressed or tagged pointers, in a form that it does not read; and Node itself frees little when it ends, forked
 * children nothing. `npm run test:native` holds the core to it, with all of its connections and processes.
 *
 * Freed memory is kept from use for less than the default of 256 MiB: tests measure that memory stays flat.
 */
function environment() {
  const common = `log_path=${join(REPORTS, 'report')}:exitcode=99`;
  const variables = {
    LD_PRELOAD: runtime(),
    LSAPI_ADDON: join(DIRECTORY, 'build/Release/lsapi.node'),
    ASAN_OPTIONS: `${common}:detect_leaks=0:quarantine_size_mb=16:strict_string_checks=1:detect_stack_use_after_return=1:check_initialization_order=1`,
    UBSAN_OPTIONS: `${common}:print_stacktrace=1`,
  };
  return {
    ...process.env,
    ...variables,
    // Tests start programs with an environment of their own, which these have to be in.
    TEST_INHERITED_VARIABLES: Object.keys(variables).join(' '),
    TEST_LEFT_OUT: LEFT_OUT,
  };
}

/** Runs mocha; resolves to its exit status and what it printed. */
function runTests() {
  return new Promise((resolve) => {
    const mocha = join(root, 'node_modules/mocha/bin/mocha.js');
    // Everything takes two to three times as long as otherwise.
    const parameters = [mocha, '--timeout', '180000', ...process.argv.slice(2)];
    const child = spawn(process.execPath, parameters, {
      cwd: root,
      env: environment(),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
      process.stdout.write(text);
    });
    child.on('close', (status) => resolve({ status, output }));
  });
}

requireTools('npm run test:sanitized', ['cmake', 'make']);
buildAddon();
rmSync(REPORTS, { recursive: true, force: true });
mkdirSync(REPORTS, { recursive: true });
writeFileSync(LEFT_OUT, '');

const { status, output } = await runTests();
const reports = readdirSync(REPORTS).sort();
for (const name of reports) console.log(`\n${name}:\n${readFileSync(join(REPORTS, name), 'utf8').trimEnd()}`);
const leftOut = readFileSync(LEFT_OUT, 'utf8').split('\n').filter(Boolean).sort();
console.log(`\nleft out: ${leftOut.length}${leftOut.length > 0 ? ', because' : ''}`);
for (const line of leftOut) console.log(`  ${line}`);

const counts = /(\d+) passed, (\d+) failed(?:, \d+ skipped)?\s*$/.exec(output);
// Without counts mocha has broken down; each report is a failure, whatever the test made of it.
const passed = Number(counts?.[1] ?? 0);
const failed = Number(counts?.[2] ?? 1);
console.log(
  `tests (ASan, UBSan): ${passed} passed, ${failed} failed, ${reports.length} reports of sanitizers`,
);
process.exit(status === 0 && counts !== null && reports.length === 0 ? 0 : 1);
