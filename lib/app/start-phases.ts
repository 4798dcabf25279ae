/** What a start consists of: the app is found, evaluated, listens, answers for the first time. */
export type StartPhase = 'resolve' | 'load' | 'listen' | 'first request';

/** Where the start of this process's app is, and how long it took to get there. */
export class StartPhases {
  readonly #done: { readonly phase: StartPhase; readonly milliseconds: number }[] = [];
  #phase: StartPhase | undefined;
  #since = 0;

  /** @param now - a clock in milliseconds */
  constructor(readonly now: () => number = () => performance.now()) {}

  get current(): StartPhase | undefined {
    return this.#phase;
  }

  /** Begins a phase, which ends the one before it. The first begins with the process. */
  begin(phase: StartPhase): void {
    if (phase === this.#phase) return;
    const now = this.now();
    if (this.#phase !== undefined) {
      this.#done.push({ phase: this.#phase, milliseconds: now - this.#since });
      this.#since = now;
    }
    this.#phase = phase;
  }

  /** For a line of the log or a page, as in `phase load, after 1.24 s`; empty before the first phase. */
  toString(): string {
    return this.#phase === undefined
      ? ''
      : `phase ${this.#phase}, after ${formatDuration(this.now() - this.#since)}`;
  }

  /** How long the phases took that are over, as in `resolve 12 ms, load 1.24 s`. */
  summary(): string {
    return this.#done.map(({ phase, milliseconds }) => `${phase} ${formatDuration(milliseconds)}`).join(', ');
  }
}

/** In milliseconds below a second, else in seconds. */
export function formatDuration(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(2)} s`;
}

/** Those of this process: it starts one app. */
export const startPhases = new StartPhases();
