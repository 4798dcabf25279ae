/**
 * An error that a 'request' listener threw, or rejected with, is answered with 500 and logged, and the process goes on. In
 * plain Node it would be an uncaught exception: an app that listens for those, to report them or to end, still gets it.
 */
export function surfaceThrown(error: unknown): void {
  if (process.listenerCount('uncaughtException') > 0) process.nextTick(raise, error);
}

/** The same for a rejection, which Node makes an uncaught exception where nobody listens to 'unhandledRejection'. */
export function surfaceRejection(error: unknown): void {
  const listeners = process.listenerCount('unhandledRejection') + process.listenerCount('uncaughtException');
  // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- whatever the listener rejected with
  if (listeners > 0) void Promise.reject(error);
}

function raise(error: unknown): never {
  throw error;
}
