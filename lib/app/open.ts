import type { CapturedServer } from './capture.js';
import { captureListen } from './capture.js';
import type { LoadedApp } from './load.js';
import { loadApp } from './load.js';
import type { ResolvedApp } from './resolve.js';
import { listenBeside } from './second-server.js';
import { startPhases } from './start-phases.js';

/** An app that has been loaded. */
export interface OpenedApp {
  readonly loaded: LoadedApp;
  /** The first server on which it calls `listen()`, whenever it does. */
  readonly listened: Promise<CapturedServer>;
}

/**
 * Loads an app with its `listen()` captured.
 *
 * @throws LsapiError LSAPI_ERR_APP_LOAD, LSAPI_ERR_APP_NO_HANDLER
 */
export async function openApp(app: ResolvedApp, log: (line: string) => void): Promise<OpenedApp> {
  const listened = new Promise<CapturedServer>((resolve) => {
    captureListen(resolve, (second) => listenBeside(second, log));
  });
  startPhases.begin('load');
  // While the app loads nothing else may keep the process: whether it still can listen is told by an empty loop.
  return { loaded: await loadApp(app.path, listened, log), listened };
}
