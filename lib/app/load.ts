import http from 'node:http';
import { pathToFileURL } from 'node:url';
import { LsapiError } from '../errors.js';
import type { RawHandler } from '../raw/raw.js';
import { isRawHandler } from '../raw/raw.js';
import type { CapturedServer } from './capture.js';

/** What an app turned out to be. */
export type LoadedApp =
  | { readonly style: 'node'; readonly server: http.Server; readonly parameters: readonly unknown[] }
  | { readonly style: 'raw'; readonly handler: RawHandler };

/** Seconds after which the log says that the app has not listened yet. */
const LISTEN_HINT_MS = 10_000;

/**
 * Loads the app's start file and finds its handler: the first http.Server that listens, or the file's export (a
 * raw handler, a request listener such as an Express app, or an http.Server).
 *
 * @param listened - resolves with the first server on which the app calls `listen()`; see captureListen()
 * @throws LsapiError LSAPI_ERR_APP_LOAD, LSAPI_ERR_APP_NO_HANDLER
 */
export async function loadApp(
  path: string,
  listened: Promise<CapturedServer>,
  log: (line: string) => void,
): Promise<LoadedApp> {
  let namespace: Record<string, unknown>;
  try {
    namespace = (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  } catch (error) {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    throw new LsapiError('LSAPI_ERR_APP_LOAD', `The app ${path} failed while it was loaded:\n${detail}`, {
      cause: error,
    });
  }
  const raw = findRawHandler(namespace);
  if (raw !== undefined) return { style: 'raw', handler: raw };
  const captured = await settled(listened);
  if (captured !== undefined) return { style: 'node', ...captured };
  const exported = findServer(namespace);
  if (exported !== undefined) return { style: 'node', server: exported, parameters: [] };
  return { style: 'node', ...(await waitForListen(path, listened, log)) };
}

/** The values that a module offers as its handler, for ESM and CommonJS alike. */
function candidates(namespace: Record<string, unknown>): unknown[] {
  const { default: exported } = namespace;
  const nested = (exported as { default?: unknown } | null | undefined)?.default; // transpiled ESM
  return [exported, namespace['module.exports'], nested];
}

function findRawHandler(namespace: Record<string, unknown>): RawHandler | undefined {
  return candidates(namespace).find(isRawHandler);
}

function findServer(namespace: Record<string, unknown>): http.Server | undefined {
  for (const candidate of candidates(namespace)) {
    if (candidate instanceof http.Server) return candidate;
    if (typeof candidate === 'function') return http.createServer(candidate as http.RequestListener);
  }
  return undefined;
}

/** The promise's value if it is there already. */
async function settled<T>(promise: Promise<T>): Promise<T | undefined> {
  return Promise.race([promise, Promise.resolve(undefined)]);
}

/** An app may listen late, for example after it has connected to its database. */
async function waitForListen(
  path: string,
  listened: Promise<CapturedServer>,
  log: (line: string) => void,
): Promise<CapturedServer> {
  const hint = setTimeout(() => {
    log(`${path} has been loaded but does not listen yet; waiting for its server.listen()`);
  }, LISTEN_HINT_MS).unref();
  let giveUp: (() => void) | undefined;
  const idle = new Promise<never>((_, reject) => {
    giveUp = () =>
      reject(
        new LsapiError(
          'LSAPI_ERR_APP_NO_HANDLER',
          `The app ${path} neither calls listen() on an http.Server nor exports a handler. ` +
            'Call server.listen(), or export a request listener (`export default app`, `module.exports = app`).',
        ),
      );
    // Nothing is left that could still call listen().
    process.once('beforeExit', giveUp);
  });
  try {
    return await Promise.race([listened, idle]);
  } finally {
    clearTimeout(hint);
    if (giveUp !== undefined) process.removeListener('beforeExit', giveUp);
  }
}
