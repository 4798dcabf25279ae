import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { LeftOut } from './left-out.js';
import type { Suite } from './suites.js';

/** How a test ended; `absent` where the suite's process ended before it, or it only exists on the other side. */
export type Outcome = 'passed' | 'failed' | 'skipped' | 'absent';

export interface TestResult {
  readonly title: string;
  readonly outcome: Outcome;
  readonly message?: string;
}

/** A run that gives no result for so long hangs. */
const STALL_LIMIT_MS = 90_000;
/** The same for one file of a suite whose tests are programs. */
const FILE_LIMIT_MS = 30_000;

export interface Execution {
  /** Of this package. */
  readonly root: string;
  readonly checkout: string;
  readonly rerouted: boolean;
  /** File for the lines of a reporter. */
  readonly results: string;
}

/** Runs a suite once and gives the results of its tests, in order. */
export async function execute(suite: Suite, execution: Execution): Promise<TestResult[]> {
  const { results } = execution;
  rmSync(results, { force: true });
  if (suite.runner === 'files') return executeFiles(suite, execution);
  const status = await runProcess(commandOf(suite, execution), execution, STALL_LIMIT_MS);
  if (!existsSync(results)) throw new Error(`${suite.name} printed no result: look at ${results}.log`);
  const lines = readFileSync(results, 'utf8').trimEnd().split('\n');
  const tests = lines.map((line) => JSON.parse(line) as TestResult);
  return [
    ...tests,
    { title: '(the run comes to its end)', outcome: status === KILLED ? 'failed' : 'passed' },
  ];
}

async function executeFiles(suite: Suite, execution: Execution): Promise<TestResult[]> {
  const titles = filesOf(suite, execution.checkout);
  const results: TestResult[] = [];
  const next = titles.entries();
  const worker = async (number: number): Promise<void> => {
    for (const [index, title] of next) {
      const own = { ...execution, results: `${execution.results}.${number}` };
      const status = await runProcess([...flagsOf(execution, title), title], own, FILE_LIMIT_MS);
      const message = status === 0 ? undefined : lastWords(`${own.results}.log`);
      results[index] = {
        title,
        outcome: status === 0 ? 'passed' : 'failed',
        ...(message !== undefined && { message }),
      };
    }
  };
  await Promise.all([worker(1), worker(2)]);
  return results;
}

/** What a program said when it failed, in one line. */
function lastWords(log: string): string {
  const text = readFileSync(log, 'utf8');
  const at = Math.max(text.search(/^\s*\w*(?:Error|Mismatched)\b/m), 0);
  return text.slice(at, at + 300).replace(/\s+/g, ' ');
}

/** How many files of a suite are not run, by reason. */
export function leftOutOf({ files, leftOut = [] }: Suite, checkout: string): Record<string, number> {
  const counts: Record<string, number> = {};
  if (files === undefined) return counts;
  for (const name of allFilesOf(files, checkout)) {
    const reason = reasonFor(name, readFileSync(join(checkout, files.directory, name), 'utf8'), leftOut);
    if (reason !== undefined) counts[reason] = (counts[reason] ?? 0) + 1;
  }
  return counts;
}

function reasonFor(name: string, text: string, leftOut: readonly LeftOut[]): string | undefined {
  return leftOut.find(({ matches }) => matches(name, text))?.reason;
}

/** Tests of Node name the flags that they need in a comment. */
function flagsOf({ checkout }: Execution, file: string): string[] {
  const flags = /^\/\/ Flags: (.*)$/m.exec(readFileSync(join(checkout, file), 'utf8'))?.[1];
  return flags?.split(/\s+/) ?? [];
}

function commandOf(suite: Suite, { root, checkout, results }: Execution): string[] {
  const reporter = join(root, 'test/compat/reporters');
  const modules = join(checkout, 'node_modules');
  const parameters = suite.arguments ?? [];
  switch (suite.runner) {
    case 'mocha': {
      const program = ['_mocha', 'mocha.js'].find((name) => existsSync(join(modules, 'mocha/bin', name)));
      return [join(modules, 'mocha/bin', program!), '--reporter', `${reporter}/mocha.cjs`, ...parameters];
    }
    case 'vitest':
      return [
        join(modules, 'vitest/vitest.mjs'),
        'run',
        '--pool=forks',
        `--reporter=${reporter}/vitest.mjs`,
        ...parameters,
      ];
    default:
      return [
        '--test',
        '--test-concurrency=2',
        // One that hangs is a failure of its own, not the end of the run.
        '--test-timeout=25000',
        // A test that failed may have left a server open.
        '--test-force-exit',
        `--test-reporter=${pathToFileURL(`${reporter}/node-test.mjs`).href}`,
        `--test-reporter-destination=${results}`,
        ...parameters,
        ...filesOf(suite, checkout),
      ];
  }
}

function allFilesOf({ directory, pattern }: NonNullable<Suite['files']>, checkout: string): string[] {
  return readdirSync(join(checkout, directory), { recursive: true, encoding: 'utf8' })
    .filter((name) => pattern.test(name) && !name.includes('node_modules'))
    .sort();
}

function filesOf({ files, leftOut = [] }: Suite, checkout: string): string[] {
  if (files === undefined) return [];
  const { directory } = files;
  return allFilesOf(files, checkout)
    .filter(
      (name) =>
        leftOut.length === 0 ||
        reasonFor(name, readFileSync(join(checkout, directory, name), 'utf8'), leftOut) === undefined,
    )
    .map((name) => join(directory, name));
}

const KILLED = -1;
const TICK_MS = 1000;

/** @returns its exit status; {@link KILLED} where nothing was written to its results for `limit` milliseconds. */
function runProcess(parameters: string[], execution: Execution, limit: number): Promise<number> {
  const { root, checkout, rerouted, results } = execution;
  mkdirSync(join(results, '..'), { recursive: true });
  const register = pathToFileURL(join(root, 'dist/register/index.js')).href;
  const child = spawn(
    'sh',
    ['-c', 'log=$1; shift; exec "$@" >"$log" 2>&1', 'sh', `${results}.log`, process.execPath, ...parameters],
    {
      cwd: checkout,
      stdio: 'ignore',
      detached: true,
      env: {
        ...process.env,
        NODE_ENV: 'test',
        LSAPI_COMPAT_RESULTS: results,
        NODE_OPTIONS: rerouted ? `--import=${register}` : '',
      },
    },
  );
  return new Promise((resolve, reject) => {
    let size = 0;
    let idle = 0; // counted, so that a machine that was suspended makes no difference
    const timer = setInterval(() => {
      const now = statSync(results, { throwIfNoEntry: false })?.size ?? 0;
      idle = now === size ? idle + TICK_MS : 0;
      size = now;
      // Its children too: it leads a process group of its own.
      if (idle > limit) process.kill(-child.pid!, 'SIGKILL');
    }, TICK_MS);
    child.on('error', reject);
    child.on('close', (status) => {
      clearInterval(timer);
      resolve(status ?? KILLED);
    });
  });
}
