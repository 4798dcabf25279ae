// System calls that fail on demand, in processes that run: the library of faults.c and the file that tells it.
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../cli/support/lsnode.js';

/** What can be made to fail, in the order of `Operation` in faults.c. */
const OPERATIONS = ['fork', 'accept', 'watch', 'log', 'execute'] as const;

/**
 * `fork`; `accept` (accept4); `watch`: a descriptor is added to an epoll set; `log`: writes to stdout and stderr;
 * `execute` (execve).
 */
export type Operation = (typeof OPERATIONS)[number];

/** Names of errors, as in errno(3). */
export type ErrorName = keyof typeof constants.errno;

export interface Fault {
  readonly error: ErrorName;
  /** Only in this process; in all unless given. */
  readonly pid?: number;
  /** So many calls fail; all unless given. */
  readonly times?: number;
}

const NUMBER = 4;
const RULE = 4 * NUMBER;
const HITS = 3 * NUMBER;
const SHIFT = OPERATIONS.length * RULE;
const SIZE = SHIFT + 8;

let library: string | undefined;

/** The path of the library, compiled when it is first asked for. */
export function faultLibrary(): string {
  if (library !== undefined) return library;
  const directory = mkdtempSync(join(tmpdir(), 'lsapi-faults-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  const source = join(root, 'test/faults/support/faults.c');
  const built = join(directory, 'faults.building');
  const [compiler = 'gcc', ...before] = (process.env.CC ?? 'gcc').split(' ');
  const options = ['-std=gnu17', '-O2', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC'];
  const result = spawnSync(compiler, [...before, ...options, '-o', built, source], { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`faults.c: ${result.error?.message ?? result.stderr}`);
  library = join(directory, 'faults.so');
  renameSync(built, library);
  return library;
}

/** Switches faults on and off in all processes that were started with {@link environment}. */
export class FaultSwitch {
  readonly #path: string;
  readonly #file: number;

  /** @param directory - where its file is made */
  constructor(directory: string) {
    this.#path = join(directory, 'faults.table');
    this.#file = openSync(this.#path, 'w+', 0o666);
    writeSync(this.#file, Buffer.alloc(SIZE), 0, SIZE, 0);
  }

  /** What a process needs of it. */
  get environment(): Record<string, string> {
    // A sanitizer's library has to stay the first one.
    const preloaded = process.env.LD_PRELOAD;
    const libraries = preloaded === undefined ? faultLibrary() : `${preloaded}:${faultLibrary()}`;
    return { LD_PRELOAD: libraries, FAULTS_FILE: this.#path };
  }

  /** From now on the calls fail; counting begins anew. */
  inject(operation: Operation, { error, pid = 0, times = -1 }: Fault): void {
    const rule = Buffer.alloc(RULE);
    [constants.errno[error], pid, times, 0].forEach((value, index) =>
      rule.writeInt32LE(value, index * NUMBER),
    );
    // The error comes last: what it holds for is there by then.
    const at = OPERATIONS.indexOf(operation) * RULE;
    writeSync(this.#file, rule, NUMBER, RULE - NUMBER, at + NUMBER);
    writeSync(this.#file, rule, 0, NUMBER, at);
  }

  /** How many calls have failed since inject(). */
  hits(operation: Operation): number {
    const number = Buffer.alloc(NUMBER);
    readSync(this.#file, number, 0, NUMBER, OPERATIONS.indexOf(operation) * RULE + HITS);
    return number.readInt32LE();
  }

  /** Sets the time of day (CLOCK_REALTIME) forwards or, below 0, back; CLOCK_MONOTONIC goes on. */
  shiftClock(seconds: number): void {
    const number = Buffer.alloc(8);
    number.writeBigInt64LE(BigInt(seconds));
    writeSync(this.#file, number, 0, 8, SHIFT);
  }

  /** Everything works again; counts are kept. */
  clear(): void {
    for (const index of OPERATIONS.keys())
      writeSync(this.#file, Buffer.alloc(NUMBER), 0, NUMBER, index * RULE);
    this.shiftClock(0);
  }

  close(): void {
    closeSync(this.#file);
  }
}
