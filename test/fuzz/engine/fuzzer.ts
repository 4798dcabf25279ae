import type { Corpus } from './corpus.js';
import type { Coverage } from './coverage.js';
import { Mutator } from './mutate.js';
import { Random } from './random.js';
import type { FuzzTarget } from './target.js';

/** An input that broke an invariant. */
export interface Finding {
  readonly input: Buffer;
  /** What was thrown, with its stack; or how long it took. */
  readonly report: string;
  /** Equal for findings that are probably the same. */
  readonly signature: string;
}

/** What a run did. */
export interface FuzzRun {
  readonly executions: number;
  readonly finding: Finding | undefined;
}

/** When a run ends, and what an input may take. */
export interface FuzzOptions {
  /** Equal seeds and equal corpora make equal runs. */
  readonly seed: number;
  /** Milliseconds of wall time. */
  readonly timeMs: number;
  /** Most executions. Default: no limit. */
  readonly executions?: number;
  /** Processor time in milliseconds after which an input is a finding although it ends. */
  readonly slowMs: number;
  /** Told of each input before it runs. */
  readonly onInput?: (input: Buffer) => void;
}

/** Inputs between two looks at the clock and at the event loop. */
const ROUND = 64;

/** Runs a target with ever new inputs until one is a finding, or the time is over. */
export class Fuzzer {
  readonly #target: FuzzTarget;
  readonly #coverage: Coverage;
  readonly #corpus: Corpus;
  readonly #options: FuzzOptions;
  /** An error that reached nobody: of a promise, or out of the event loop. */
  #stray: unknown;

  constructor(target: FuzzTarget, coverage: Coverage, corpus: Corpus, options: FuzzOptions) {
    this.#target = target;
    this.#coverage = coverage;
    this.#corpus = corpus;
    this.#options = options;
  }

  async run(): Promise<FuzzRun> {
    const onStray = (error: unknown): void =>
      void (this.#stray ??= error ?? new Error('rejected with nothing'));
    process.on('uncaughtException', onStray).on('unhandledRejection', onStray);
    try {
      return await this.#run();
    } finally {
      process.off('uncaughtException', onStray).off('unhandledRejection', onStray);
    }
  }

  /** What an input leads to. */
  async check(input: Buffer): Promise<Finding | undefined> {
    this.#options.onInput?.(input);
    const began = performance.now();
    const error = await this.#execute(input);
    if (error !== undefined) return { input, ...describe(error) };
    if (performance.now() - began < this.#options.slowMs) return undefined;
    // Time of day says little on a busy machine.
    const took = Math.min(await this.#cpuTime(input), await this.#cpuTime(input));
    if (took < this.#options.slowMs) return undefined;
    return {
      input,
      report: `slow: ${Math.round(took)} ms of processor time for ${input.length} bytes`,
      signature: 'slow',
    };
  }

  async #run(): Promise<FuzzRun> {
    const { seed, timeMs, executions: most = Infinity } = this.#options;
    const end = performance.now() + timeMs;
    const target = this.#target;
    let executions = 0;
    const seeds = target.seeds().map((bytes): Buffer => Buffer.from(bytes));
    seeds.sort((one, other) => one.length - other.length);
    for (const input of [...seeds, ...this.#corpus.stored()]) {
      const finding = await this.#take(input.subarray(0, target.maxLength));
      executions++;
      if (finding !== undefined) return { executions, finding };
    }

    const random = new Random(seed);
    const words = [...(target.words ?? []), ...this.#coverage.literals];
    const mutator = new Mutator(random, words, target.maxLength);
    while (executions < most && performance.now() < end) {
      for (let n = 0; n < ROUND && executions < most; n++) {
        const input = mutator.mutate(this.#corpus.pick(random), this.#corpus.pick(random));
        if (target.repair !== undefined && !random.oneIn(8)) target.repair(input);
        const finding = await this.#take(input);
        executions++;
        if (finding !== undefined) return { executions, finding };
      }
      await new Promise(setImmediate);
    }
    return { executions, finding: undefined };
  }

  async #take(input: Buffer): Promise<Finding | undefined> {
    this.#coverage.reset();
    const finding = await this.check(input);
    if (finding === undefined && this.#coverage.note()) this.#corpus.add(input);
    return finding;
  }

  async #execute(input: Buffer): Promise<unknown> {
    this.#stray = undefined;
    try {
      await this.#target.run(input);
      return this.#stray;
    } catch (error) {
      return error ?? new Error('nothing was thrown');
    }
  }

  async #cpuTime(input: Buffer): Promise<number> {
    const before = process.cpuUsage();
    await this.#execute(input);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  }
}

function describe(error: unknown): { report: string; signature: string } {
  if (!(error instanceof Error)) return { report: `thrown: ${String(error)}`, signature: 'no error' };
  const stack = error.stack ?? String(error);
  const frame = /\n\s+at .*?([\w-]+\.js:\d+)/.exec(stack)?.[1] ?? '';
  return { report: stack.slice(0, 4000), signature: `${error.name} ${frame}` };
}
