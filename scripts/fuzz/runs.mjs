// Runs one target for a while, in whichever language it is written, and tells how it went.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { build, configure, fuzzCompiler, requireTools } from '../../native/test/build.mjs';
import { digest, ensureBuilt, once, root } from '../setup.mjs';

/**
 * @typedef {object} Run
 * @property {boolean} passed whether every invariant held
 * @property {number} executions inputs that were run
 * @property {number} taken edges that the corpus reaches
 * @property {number} edges edges there are
 * @property {number} kept inputs in the corpus
 * @property {number} cpuSeconds processor time, user and system
 * @property {string} report what was said, if it did not pass
 */

/**
 * Seconds for an input. libFuzzer's are of time of day, and who runs when nobody else wants to (a campaign) may wait for
 * minutes in the middle of an input.
 */
const NATIVE_TIMEOUT = 60;
const PATIENT_NATIVE_TIMEOUT = 1800;
/** Seconds of processor time more than it was told to take of any, after which a program is taken to hang. */
const PATIENCE = 300;

/** A directory below build-native, created if need be. */
export function directory(...parts) {
  const path = join(root, 'build-native', ...parts);
  mkdirSync(path, { recursive: true });
  return path;
}

/** Configures a build of the native targets; `extra` are CMake variables. @returns its directory */
export function compile(name, extra = {}) {
  const path = directory(name);
  configure(path, {
    CMAKE_CXX_COMPILER: fuzzCompiler(),
    LSAPI_SANITIZE: 'address,undefined',
    LSAPI_FUZZ: 'ON',
    ...extra,
  });
  return path;
}

/** Makes everything that the targets need, seeds included. */
export async function prepare(targets) {
  const native = targets.filter(({ language }) => language === 'native');
  if (native.length > 0) {
    requireTools('npm run fuzz', ['cmake', 'make', 'libfuzzer', 'doctest']);
    build(
      compile('fuzz'),
      native.map(({ name }) => `fuzz_${name}`),
    );
    for (const { name, seeds } of native) {
      const corpus = directory('corpus', name);
      for (const input of await seeds())
        writeFileSync(join(corpus, createHash('sha1').update(input).digest('hex')), input);
    }
  }
  if (native.length < targets.length) {
    ensureBuilt();
    await instrumentedCopy();
  }
}

/**
 * A copy of the package whose lib counts where it goes. Links lead to what is not copied.
 */
async function instrumentedCopy() {
  const { instrument } = await import('./instrument.mjs');
  const copy = directory('fuzz-typescript');
  once('build-native/fuzz-typescript/.stamp', digest(['dist-dev', 'scripts/fuzz']), [], () => {
    const { name, type, imports, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    writeFileSync(join(copy, 'package.json'), JSON.stringify({ name, type, imports, exports }));
    rmSync(join(copy, 'dist-dev'), { recursive: true, force: true });
    cpSync(join(root, 'dist-dev'), join(copy, 'dist-dev'), { recursive: true });
    for (const link of ['build', 'test'])
      if (!existsSync(join(copy, link))) symlinkSync(join(root, link), join(copy, link));
    const modules = join(copy, 'dist-dev/lib');
    const files = readdirSync(modules, { recursive: true, withFileTypes: true });
    for (const file of files.filter((entry) => entry.isFile() && entry.name.endsWith('.js'))) {
      const path = join(file.parentPath, file.name);
      const module = relative(modules, path);
      // Programs are run, not read.
      if (dirname(module) !== 'cli') writeFileSync(path, instrument(readFileSync(path, 'utf8'), module));
    }
  });
}

/**
 * Runs a target that was {@link prepare}d.
 *
 * @param target of TARGETS
 * @param seconds time of day
 * @param options `input`: a file, which alone is run; `patient`: other programs go first
 * @returns {Promise<Run>}
 */
export async function runTarget(target, seconds, options = {}) {
  const corpus = directory('corpus', target.name);
  const artifacts = directory('artifacts', target.name);
  const [program, args] =
    target.language === 'native'
      ? nativeCommand(target, seconds, corpus, artifacts, options)
      : typescriptCommand(target, seconds, corpus, artifacts, options);
  const outcome = await runProgram(program, args, seconds + PATIENCE);
  const figures = target.language === 'native' ? nativeFigures(outcome) : typescriptFigures(outcome);
  return {
    passed: outcome.status === 0,
    ...figures,
    kept: readdirSync(corpus).length,
    cpuSeconds: outcome.cpuSeconds,
    report: outcome.tail.slice(-8000),
  };
}

function nativeCommand({ name, maxLength }, seconds, corpus, artifacts, { input, patient }) {
  return [
    join(root, 'build-native/fuzz/native/fuzz', `fuzz_${name}`),
    [
      `-max_total_time=${seconds}`,
      `-max_len=${maxLength}`,
      `-artifact_prefix=${artifacts}/`,
      `-timeout=${patient ? PATIENT_NATIVE_TIMEOUT : NATIVE_TIMEOUT}`,
      '-rss_limit_mb=3000',
      '-print_final_stats=1',
      input ?? corpus,
    ],
  ];
}

function typescriptCommand({ name, covers }, seconds, corpus, artifacts, { input }) {
  return [
    process.execPath,
    [
      '--max-old-space-size=1024',
      join(root, 'build-native/fuzz-typescript/dist-dev/test/fuzz/main.js'),
      `--target=${name.replaceAll('_', '-')}`,
      ...covers.map((prefix) => `--covers=${prefix}`),
      `--corpus=${corpus}`,
      `--artifacts=${artifacts}`,
      `--seconds=${seconds}`,
      `--seed=${Date.now() % 0x7fffffff}`,
      ...(input === undefined ? [] : [`--reproduce=${input}`]),
    ],
  ];
}

function nativeFigures({ first, tail }) {
  return {
    executions: Number(/stat::number_of_executed_units:\s*(\d+)/.exec(tail)?.[1] ?? 0),
    taken: Number([...tail.matchAll(/ cov: (\d+)/g)].at(-1)?.[1] ?? 0),
    edges: Number(/Loaded \d+ modules\s+\((\d+) inline 8-bit counters\)/.exec(first)?.[1] ?? 0),
  };
}

function typescriptFigures({ output }) {
  const line = output.trim().split('\n').at(-1) ?? '';
  return line.startsWith('{') ? JSON.parse(line) : { executions: 0, taken: 0, edges: 0 };
}

/** Runs a program; resolves to its exit status, what it said, and the processor time that it took. */
function runProgram(program, args, limitSeconds) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let first = '';
    let tail = '';
    let output = '';
    let cpuSeconds = 0;
    // There is no other way to learn a child's time than to look while it lives. The last second is missed.
    const watch = setInterval(() => {
      cpuSeconds = cpuTime(child.pid) ?? cpuSeconds;
      if (cpuSeconds > limitSeconds) child.kill('SIGKILL');
    }, 1000);
    child.stdout.setEncoding('utf8').on('data', (text) => (output = (output + text).slice(-10_000)));
    child.stderr.setEncoding('utf8').on('data', (text) => {
      if (first.length < 10_000) first += text;
      tail = (tail + text).slice(-200_000);
    });
    const finish = (status) => {
      clearInterval(watch);
      resolve({ status, first, tail, output, cpuSeconds });
    };
    child.on('error', (error) => {
      tail += error.message;
      finish(1);
    });
    // Whoever ends a campaign ends its programs too; that says nothing about them.
    child.on('close', (status, signal) =>
      finish(signal === 'SIGTERM' || signal === 'SIGINT' ? 0 : (status ?? 1)),
    );
  });
}

/** Seconds of processor time of a process; `undefined` if it is gone. */
function cpuTime(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    // utime and stime of proc(5), in ticks of 10 ms.
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return undefined;
  }
}
