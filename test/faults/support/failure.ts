/**
 * What a repetition of a case has shown to be broken. `lost`: a request was not answered, or handed to a handler twice;
 * `leaked`: descriptors, processes or memory; `unlogged`: the log does not say what happened.
 */
export type FailureKind = 'lost' | 'leaked' | 'unlogged';

export class FaultFailure extends Error {
  constructor(
    readonly kind: FailureKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** For what is only a matter of time, on a machine that may have much else to do. */
export const PATIENCE_MS = 60_000;

/** Waits for a promise; fails as `kind` when it is rejected or takes too long. */
export async function within<T>(
  kind: FailureKind,
  what: string,
  promise: Promise<T>,
  milliseconds = PATIENCE_MS,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } catch (error) {
    if (error instanceof FaultFailure) throw error;
    throw new FaultFailure(kind, what, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** Fails as `kind` unless the condition holds. */
export function check(kind: FailureKind, condition: boolean, what: () => string): void {
  if (!condition) throw new FaultFailure(kind, what());
}
