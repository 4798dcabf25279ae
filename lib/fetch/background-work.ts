import { inspect } from 'node:util';

/** The promises that apps have given to `waitUntil()`: the process does not end before they have settled. */
export class BackgroundWork {
  readonly #log: (line: string) => void;
  #pending = 0;
  #finished: (() => void) | undefined = undefined;

  /** @param log - takes one line without a newline */
  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  /** Promises that have not settled yet. */
  get pending(): number {
    return this.#pending;
  }

  /**
   * Adds a promise. Its rejection is written to the log.
   *
   * @param origin - the request that it is for, as in `GET /`
   */
  add(promise: PromiseLike<unknown>, origin: string): void {
    this.#pending++;
    Promise.resolve(promise)
      .catch((error: unknown) => {
        const shown = error instanceof Error ? (error.stack ?? error.message) : inspect(error);
        this.#log(`error in work given to waitUntil() by ${origin}: ${shown}`);
      })
      .finally(() => {
        this.#pending--;
        if (this.#pending === 0) this.#finished?.();
      });
  }

  /** Resolves once nothing is pending, or `grace` milliseconds have passed. */
  async finish(grace: number): Promise<void> {
    if (this.#pending === 0) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#finished = resolve;
      timer = setTimeout(resolve, grace);
    });
    clearTimeout(timer);
    this.#finished = undefined;
    if (this.#pending === 0) return;
    this.#log(
      `${this.#pending} of the promises given to waitUntil() had not settled after ${grace / 1000} s ` +
        '(LSNODE_GRACE); they are given up',
    );
  }
}
