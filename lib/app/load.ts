import http from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ConnectionOptions, Connections } from '../connections/connections.js';
import { LsapiError } from '../errors.js';
import type { FetchHandler } from '../fetch/fetch.js';
import { isFetchHandler } from '../fetch/fetch.js';
import type { RawHandler } from '../raw/raw.js';
import { isRawHandler } from '../raw/raw.js';
import type { WsgiApplication } from '../wsgi/wsgi.js';
import { isWsgiApplication } from '../wsgi/wsgi.js';
import type { CapturedServer } from './capture.js';
import type { Namespace } from './import-app.js';
import { importApp } from './import-app.js';
import { startPhases } from './start-phases.js';

/** What an app turned out to be. */
export type LoadedApp =
  | {
      readonly style: 'node';
      readonly server: http.Server;
      /** What it was told to listen with; undefined for a handler or server that the app exports. */
      readonly parameters: readonly unknown[] | undefined;
    }
  | { readonly style: 'raw'; readonly handler: RawHandler }
  | { readonly style: 'fetch'; readonly handler: FetchHandler }
  | { readonly style: 'wsgi'; readonly handler: WsgiApplication }
  | {
      /** Many apps in one: requests are sorted by the script that they are for. */
      readonly style: 'scripts';
      readonly connect: (options: ConnectionOptions) => Connections;
    };

/** An app that requests can be handed to as they come. */
export type SingleApp = Exclude<LoadedApp, { style: 'scripts' }>;

/** After this time the log says that the app is not there yet. */
const HINT_MS = 10_000;

/**
 * Loads the app's start file and finds its handler. Of what an app offers, the first of these counts:
 *
 * 1. an export marked by `raw()`
 * 2. an export marked by `wsgi()`
 * 3. the first http.Server that listens
 * 4. an exported http.Server
 * 5. an exported function: a request listener, such as an Express app
 * 6. an exported object with a `fetch` function, such as a Hono app; or an export named `fetch`
 * 7. an exported object with a `listen` function, such as a Koa or Fastify app: it is called
 *
 * An app may listen late, for example after it has connected to its database, and it may wait for its server at top
 * level: as soon as it listens, it is served.
 *
 * @param listened - resolves with the first server on which the app calls `listen()`; see firstServer()
 * @param hintOfOthers - a sentence about servers that listen but are not meant
 * @param patience - milliseconds after which the log tells what the start waits for
 * @throws LsapiError LSAPI_ERR_APP_LOAD, LSAPI_ERR_APP_NO_HANDLER
 */
export async function loadApp(
  path: string,
  listened: Promise<CapturedServer>,
  log: (line: string) => void,
  hintOfOthers: () => string = () => '',
  patience = HINT_MS,
): Promise<LoadedApp> {
  let loading = true;
  const hint = setTimeout(() => log(loading ? stillLoading(path) : notListening(path)), patience).unref();
  const idle = watchForIdleLoop(() => (loading ? neverLoaded(path) : noHandler(path, hintOfOthers())));
  try {
    const imported = importApp(path);
    // An app that has listened and goes on loading: what it exports is told a turn later at the latest, else it
    // waits for its server.
    const namespace = await Promise.race([imported, listened.then(() => nextTurn(undefined)), idle.error]);
    if (namespace === undefined) {
      // From now on a failure is an uncaught exception, as in plain Node.
      imported.catch((error: unknown) => setImmediate(() => raise(error)));
    } else {
      loading = false;
      startPhases.begin('listen');
      const found = findExport(namespace, await settled(listened));
      if (found !== undefined) return found;
    }
    return listening(await Promise.race([listened, idle.error]));
  } finally {
    clearTimeout(hint);
    idle.stop();
  }
}

function raise(error: unknown): never {
  throw error instanceof LsapiError ? error.cause : error;
}

/** The handler that a loaded app has, if it has one by now. */
function findExport(namespace: Namespace, listened: CapturedServer | undefined): LoadedApp | undefined {
  return findHandler(exportsOf(namespace), namespace, listened);
}

/**
 * The handler among what an app offers, by the order of {@link loadApp}; `undefined` where it has none, or is yet to
 * listen.
 *
 * @param namespace - may be a fetch handler, by an export named `fetch`
 */
export function findHandler(
  candidates: readonly unknown[],
  namespace: unknown,
  listened: CapturedServer | undefined,
): SingleApp | undefined {
  const rawHandler = candidates.find(isRawHandler);
  if (rawHandler !== undefined) return { style: 'raw', handler: rawHandler };
  const application = candidates.find(isWsgiApplication);
  if (application !== undefined) return { style: 'wsgi', handler: application };
  if (listened !== undefined) return listening(listened);
  const server = candidates.find(isServer) ?? createServerFor(candidates.find(isFunction));
  if (server !== undefined) return { style: 'node', server, parameters: undefined };
  const fetchHandler = [...candidates, namespace].find(isFetchHandler);
  if (fetchHandler !== undefined) return { style: 'fetch', handler: fetchHandler };
  for (const candidate of candidates) {
    // As the stock loader of the server does: the port does not matter, the call is captured.
    if (canListen(candidate)) candidate.listen({ port: 3000 });
  }
  return undefined;
}

function createServerFor(listener: http.RequestListener | undefined): http.Server | undefined {
  return listener === undefined ? undefined : http.createServer(listener);
}

/** The values that a module offers as its handler, for ESM and CommonJS alike. */
export function exportsOf(namespace: Namespace): unknown[] {
  const { default: exported } = namespace;
  const nested = (exported as { default?: unknown } | null | undefined)?.default; // transpiled ESM
  return [...new Set([exported, namespace['module.exports'], nested])];
}

function isFunction(value: unknown): value is http.RequestListener {
  return typeof value === 'function';
}

function isServer(value: unknown): value is http.Server {
  return value instanceof http.Server;
}

function canListen(value: unknown): value is { listen(options: object): unknown } {
  return (
    typeof value === 'object' && value !== null && 'listen' in value && typeof value.listen === 'function'
  );
}

export function listening({ server, parameters }: CapturedServer): SingleApp {
  return { style: 'node', server, parameters };
}

/** The promise's value if it is there already. */
async function settled<T>(promise: Promise<T>): Promise<T | undefined> {
  return Promise.race([promise, Promise.resolve(undefined)]);
}

/** A promise that rejects once nothing is left in the process that could still go on. */
function watchForIdleLoop(makeError: () => Error): { error: Promise<never>; stop: () => void } {
  let stop = (): void => undefined;
  const error = new Promise<never>((_, reject) => {
    const onIdle = (): void => reject(makeError());
    process.once('beforeExit', onIdle);
    stop = () => process.off('beforeExit', onIdle);
  });
  return { error, stop: () => stop() };
}

function stillLoading(path: string): string {
  return (
    `${path} is still loading (${String(startPhases)}); requests wait for it. What takes long there, such as ` +
    'connecting to a database, can go on after listen()'
  );
}

function notListening(path: string): string {
  return (
    `${path} has been loaded but does not listen yet (${String(startPhases)}); requests wait for it. ` +
    'Look at what it does before it calls listen()'
  );
}

function noHandler(path: string, hint: string): LsapiError {
  return new LsapiError(
    'LSAPI_ERR_APP_NO_HANDLER',
    `The app ${path} neither calls listen() on an http.Server nor exports a handler. ` +
      'Call server.listen(), or export a request listener (`export default app`, `module.exports = app`) or an ' +
      `object with a fetch function (\`export default { fetch(request) { … } }\`).${hint}`,
  );
}

function neverLoaded(path: string): LsapiError {
  return new LsapiError(
    'LSAPI_ERR_APP_LOAD',
    `The app ${path} waits at its top level for something that can never happen (an await whose promise nobody ` +
      'will settle), and it has not called listen() before.',
  );
}
