import { formatDuration, startPhases } from '../app/start-phases.js';
import type { ConnectionSetStatistics } from '../native/binding.js';

/** So long the first answer may take before the log tells of it. */
const PATIENCE_MS = 10_000;

/** Watches the last phase of a start: from the first request to its answer. */
export class FirstRequest {
  readonly #statistics: () => ConnectionSetStatistics;
  readonly #log: (line: string) => void;
  readonly #timer: NodeJS.Timeout;
  /** When it was seen, in milliseconds of the process; times are as exact as the checks are frequent. */
  #since: number | undefined;
  #isTold = false;

  readonly #patience: number;

  /** @param patience - milliseconds after which the log tells of it; looked at ten times in that time */
  constructor(
    statistics: () => ConnectionSetStatistics,
    log: (line: string) => void,
    patience = PATIENCE_MS,
  ) {
    this.#patience = patience;
    this.#statistics = statistics;
    this.#log = log;
    startPhases.begin('first request');
    this.#timer = setInterval(() => this.#check(), patience / 10).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #check(): void {
    const { requests, active } = this.#statistics();
    if (requests === 0) return;
    const now = performance.now();
    this.#since ??= now;
    const milliseconds = now - this.#since;
    if (active < requests) {
      this.stop();
      if (this.#isTold)
        this.#log(`the first request has been answered after ${formatDuration(milliseconds)}`);
    } else if (milliseconds > this.#patience && !this.#isTold) {
      this.#isTold = true;
      this.#log(
        `the first request has no complete answer yet (phase first request, after ${formatDuration(milliseconds)}; ` +
          `${startPhases.summary()}). Look at what the app does on its first request, such as connecting to a database`,
      );
    }
  }
}
