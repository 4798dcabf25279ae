import { AsyncLocalStorage } from 'node:async_hooks';
import type { CapturedServer } from '../app/capture.js';
import { firstServer, interceptListen } from '../app/capture.js';
import { listenBeside } from '../app/listen-beside.js';
import { describeListen } from '../app/listen-parameters.js';
import type { SingleApp } from '../app/load.js';
import { exportsOf, findHandler, listening } from '../app/load.js';
import { DEFAULT_CALLABLE } from '../directives/request/groups.js';
import { LsapiError } from '../errors.js';
import type { ModuleGroup } from './module-group.js';

/** How long a script that exports no handler may take to call listen(). */
const LISTEN_MS = 10_000;

type Take = (captured: CapturedServer) => boolean;

/** Whose listen() it is that is called: many scripts may be loading at a time, and may listen late. */
const loading = new AsyncLocalStorage<Take>();
let intercepted = false;

export interface ScriptModuleOptions {
  readonly callableObject: string;
  readonly log: (line: string) => void;
  /** Milliseconds; for tests. */
  readonly listenTime?: number;
}

/**
 * Loads a script and finds its handler: the export of that name; for the default name also what an app may offer (see
 * loadApp()), `listen()` included.
 *
 * @throws LsapiError LSAPI_ERR_APP_LOAD where the script fails, LSAPI_ERR_APP_NO_HANDLER
 */
export async function loadScript(
  path: string,
  group: ModuleGroup,
  { callableObject, log, listenTime = LISTEN_MS }: ScriptModuleOptions,
): Promise<SingleApp> {
  if (!intercepted) {
    intercepted = true;
    interceptListen((captured) => loading.getStore()?.(captured) ?? false);
  }
  let captured = undefined as CapturedServer | undefined;
  let wake = (): void => undefined;
  const listened = new Promise<void>((resolve) => (wake = resolve));
  const take = firstServer(
    (first) => {
      captured = first;
      wake();
    },
    (another) => {
      log(
        `${describeListen(another.parameters)}: the second server of ${path} listens for real, beside LiteSpeed`,
      );
      void listenBeside(another, log);
    },
  );
  return loading.run(take, async () => {
    let loaded: unknown;
    try {
      loaded = await group.load(path);
    } catch (error) {
      throw loadError(path, error);
    }
    const named = exportNamed(loaded, callableObject);
    if (named !== undefined) {
      const handler = findHandler([named], undefined, undefined);
      if (handler !== undefined) return handler;
      if (callableObject !== DEFAULT_CALLABLE) throw noHandler(path, callableObject, 'is no handler');
    }
    if (callableObject !== DEFAULT_CALLABLE) throw noHandler(path, callableObject, 'does not exist');
    const namespace = toNamespace(loaded);
    const found = findHandler(exportsOf(namespace), namespace, captured);
    if (found !== undefined) return found;
    if (captured === undefined) {
      const late = setTimeout(wake, listenTime).unref();
      await listened;
      clearTimeout(late);
    }
    if (captured === undefined) throw noHandler(path, callableObject, 'does not exist');
    return listening(captured);
  });
}

/** An export by its name, of ES modules and of CommonJS ones, however they were loaded. */
function exportNamed(loaded: unknown, name: string): unknown {
  const namespace = toNamespace(loaded);
  for (const holder of [loaded, namespace['module.exports'], namespace.default]) {
    const isHolder = (typeof holder === 'object' || typeof holder === 'function') && holder !== null;
    if (!isHolder || !Object.hasOwn(holder, name)) continue;
    const value = (holder as Record<string, unknown>)[name];
    if (typeof value === 'function' || typeof value === 'object') return value ?? undefined;
  }
  return undefined;
}

function toNamespace(loaded: unknown): Readonly<Record<string, unknown>> {
  const isNamespace = typeof loaded === 'object' && loaded !== null && Symbol.toStringTag in loaded;
  return isNamespace && loaded[Symbol.toStringTag] === 'Module' ? loaded : { default: loaded };
}

function noHandler(path: string, name: string, what: string): LsapiError {
  const remedy =
    name === DEFAULT_CALLABLE
      ? 'Export a handler (`export function application(req, res) { … }`, `exports.application = …`, or as default), or ' +
        'call listen() on an http.Server.'
      : 'WSGICallableObject names an export that must be a handler.';
  return new LsapiError(
    'LSAPI_ERR_APP_NO_HANDLER',
    `The export "${name}" of the script ${path} ${what}. ${remedy}`,
  );
}

function loadError(path: string, error: unknown): LsapiError {
  const { code } = (typeof error === 'object' && error !== null ? error : {}) as { code?: unknown };
  const remedy =
    code === 'ERR_REQUIRE_ASYNC_MODULE'
      ? ' It waits at its top level, which ES modules of other suffixes than Node knows cannot: name it .mjs.'
      : '';
  const shown = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new LsapiError(
    'LSAPI_ERR_APP_LOAD',
    `The script ${path} failed while it was loaded.${remedy}\n${shown}`,
    {
      cause: error,
    },
  );
}
