import type { OpenedApp } from '../app/open.js';
import { openApp } from '../app/open.js';
import type { ResolvedApp } from '../app/resolve.js';
import { insideRoot } from '../app/root-directory.js';
import { startPhases } from '../app/start-phases.js';
import type { Settings } from '../config/setting-types.js';
import { writeLog } from '../connections/log.js';
import { appMapping } from './document-root.js';
import type { GatewayMapping } from './http-front.js';
import type { CommandLine } from './options.js';
import { enterApp } from './serve-app.js';

/** What is to be served, found but not loaded. */
export interface PreparedApp {
  readonly app: ResolvedApp;
  /** For the log. */
  readonly name: string;
  readonly open: () => Promise<OpenedApp>;
  /** Which requests the gateway of `--http` passes on to it. */
  readonly gateway: GatewayMapping;
}

/**
 * Finds what the command line asks for: an app, or scripts.
 *
 * @throws LsapiError LSAPI_ERR_APP_NOT_FOUND; with scripts LSAPI_ERR_OPTION, LSAPI_ERR_DIRECTIVES
 */
export async function prepareApp(commandLine: CommandLine, settings: Settings): Promise<PreparedApp> {
  startPhases.begin('resolve');
  if (commandLine.scripts) {
    const { prepareScripts } = await import('./scripts.js');
    return prepareScripts(commandLine, settings);
  }
  const app = enterApp(commandLine, settings);
  const { port, socket } = settings;
  const open = (): Promise<OpenedApp> =>
    openApp({ ...app, path: insideRoot(app.path) }, { log: writeLog, port, socketPath: socket });
  return { app, name: app.path, open, gateway: appMapping(commandLine) };
}
