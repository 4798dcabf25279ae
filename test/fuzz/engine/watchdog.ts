// A thread that looks after the one that runs the inputs: that one cannot notice that an input never ends, or takes
// all memory.
import { writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { nameOf } from './corpus.js';

/** How often the thread looks. */
const INTERVAL_MS = 200;
const STDERR = 2;

/** What one input may take. */
export interface InputLimits {
  /** Processor time of one input in milliseconds. */
  readonly cpuMs: number;
  /** Resident memory of the process in bytes. */
  readonly rss: number;
}

interface WatchdogData extends InputLimits {
  readonly shared: SharedArrayBuffer;
  /** Where the input goes that broke a limit. */
  readonly artifacts: string;
}

/** The words in front of the input in the shared memory. */
const SERIAL = 0;
const LENGTH = 1;
const HEAD_BYTES = 8;

/** Ends the process when an input breaks a limit; the input is kept then. */
export class Watchdog {
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;

  constructor(maxLength: number, artifacts: string, limits: InputLimits) {
    const shared = new SharedArrayBuffer(HEAD_BYTES + maxLength);
    this.#words = new Int32Array(shared, 0, 2);
    this.#bytes = new Uint8Array(shared, HEAD_BYTES);
    const data: WatchdogData = { ...limits, shared, artifacts };
    new Worker(new URL(import.meta.url), { workerData: { lsapiWatchdog: data } }).unref();
  }

  /** An input begins. */
  begin(input: Uint8Array): void {
    this.#bytes.set(input);
    Atomics.store(this.#words, LENGTH, input.length);
    Atomics.add(this.#words, SERIAL, 1);
  }
}

function watch({ shared, artifacts, cpuMs, rss }: WatchdogData): void {
  const words = new Int32Array(shared, 0, 2);
  const sleeping = new Int32Array(new SharedArrayBuffer(4));
  let serial = -1;
  let began = 0;
  for (;;) {
    Atomics.wait(sleeping, 0, 0, INTERVAL_MS);
    const { user, system } = process.cpuUsage();
    const cpu = (user + system) / 1000;
    const current = Atomics.load(words, SERIAL);
    if (current !== serial) {
      serial = current;
      began = cpu;
    }
    const memory = process.memoryUsage.rss();
    const broken =
      cpu - began > cpuMs
        ? `hang: an input takes more than ${cpuMs} ms of processor time`
        : memory > rss
          ? `memory: ${Math.round(memory / 1048576)} MB are in use`
          : undefined;
    if (broken === undefined) continue;
    const input = new Uint8Array(shared, HEAD_BYTES).slice(0, Atomics.load(words, LENGTH));
    const path = join(artifacts, nameOf(input));
    writeFileSync(path, input);
    writeSync(STDERR, `finding: ${broken}\ninput: ${path}\n`);
    process.kill(process.pid, 'SIGKILL');
  }
}

const given = workerData as { lsapiWatchdog?: WatchdogData } | null;
if (!isMainThread && given?.lsapiWatchdog !== undefined) watch(given.lsapiWatchdog);
