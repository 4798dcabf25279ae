import { Application, type ApplicationOptions } from './application.js';
import { Condition } from './condition.js';
import { FaultFailure, type FailureKind } from './failure.js';

/** How much a repetition does where that is a matter of size: what the issue names, or what a test has time for. */
export type Scale = 'full' | 'short';

export interface FaultCase {
  /** What happens to whom. */
  readonly name: string;
  readonly options: ApplicationOptions;
  /** Not part of the short form: it takes long, or is much like another one. */
  readonly slow?: boolean;
  /** One repetition. What holds after each case is checked behind it; see Condition. */
  readonly run: (application: Application, scale: Scale) => Promise<void>;
}

export interface CaseResult {
  readonly name: string;
  readonly mode: ApplicationOptions['mode'];
  readonly repetitions: number;
  /** Repetitions that failed, by what they lacked. */
  readonly failed: Readonly<Record<FailureKind, number>>;
  readonly seconds: number;
  /** Of the first repetition that failed. */
  readonly failure?: string;
}

/** Applications by their options: cases that do not end theirs share it. */
export class Applications {
  readonly #running = new Map<string, { application: Application; condition: Condition }>();

  async get(options: ApplicationOptions): Promise<{ application: Application; condition: Condition }> {
    const key = JSON.stringify(options);
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    const application = new Application(options);
    const started = { application, condition: new Condition(application) };
    this.#running.set(key, started);
    await application.ready();
    await started.condition.check();
    return started;
  }

  async end(options?: ApplicationOptions): Promise<void> {
    const keys = options === undefined ? [...this.#running.keys()] : [JSON.stringify(options)];
    for (const key of keys) {
      const running = this.#running.get(key);
      this.#running.delete(key);
      await running?.application.end();
    }
  }
}

/** Repeats a case, each time with all checks behind it. A repetition that fails costs its application. */
export async function repeat(
  { name, options, run }: FaultCase,
  repetitions: number,
  scale: Scale,
  applications: Applications,
): Promise<CaseResult> {
  const failed = { lost: 0, leaked: 0, unlogged: 0 };
  let failure: string | undefined;
  const began = performance.now();
  for (let n = 0; n < repetitions; ++n) {
    let application: Application | undefined;
    try {
      const running = await applications.get(options);
      application = running.application;
      application.markLog();
      await run(application, scale);
      await running.condition.check();
    } catch (error) {
      ++failed[error instanceof FaultFailure ? error.kind : 'lost'];
      failure ??= `${describe(error)}\nthe log:\n${application?.log ?? ''}`;
      await applications.end(options);
    }
  }
  const seconds = (performance.now() - began) / 1000;
  return {
    name,
    mode: options.mode,
    repetitions,
    failed,
    seconds,
    ...(failure !== undefined && { failure }),
  };
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined
    ? (error.stack ?? error.message)
    : `${error.stack ?? error.message}\ncaused by ${describe(error.cause)}`;
}
