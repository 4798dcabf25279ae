import type { CapturedServer } from './capture.js';
import { firstServer, interceptListen } from './capture.js';
import { FurtherServers } from './further-servers.js';
import { describeListen, targetOf } from './listen-parameters.js';
import type { LoadedApp } from './load.js';
import { loadApp } from './load.js';
import type { ResolvedApp } from './resolve.js';
import { startPhases } from './start-phases.js';

/** An app that has been loaded. */
export interface OpenedApp {
  readonly loaded: LoadedApp;
  /** The server that is served, as soon as the app calls `listen()` on it, whenever it does. */
  readonly listened: Promise<CapturedServer>;
  /** Those that listen for real once the app is served. */
  readonly further?: FurtherServers;
}

export interface OpenOptions {
  readonly log: (line: string) => void;
  /** LSNODE_PORT. Of several servers the one to serve: its port or path; undefined: the first that listens. */
  readonly port: string | undefined;
  /** LSNODE_SOCKET. */
  readonly socketPath: string | undefined;
}

/**
 * Loads an app with its `listen()` captured.
 *
 * @throws LsapiError LSAPI_ERR_APP_LOAD, LSAPI_ERR_APP_NO_HANDLER
 */
export async function openApp(app: ResolvedApp, { log, port, socketPath }: OpenOptions): Promise<OpenedApp> {
  const further = new FurtherServers(log);
  const listened = new Promise<CapturedServer>((resolve) => {
    const captured = (first: CapturedServer): void => {
      further.setFirst(first);
      resolve(first);
    };
    interceptListen(firstServer(captured, (one) => further.add(one), isMeantBy(port), socketPath));
  });
  const others = (): string =>
    port === undefined || further.waiting.length === 0
      ? ''
      : ` LSNODE_PORT is ${port}, but the app calls ${further.waiting
          .map(({ parameters }) => describeListen(parameters))
          .join(' and ')}.`;
  startPhases.begin('load');
  // While the app loads nothing else may keep the process: whether it still can listen is told by an empty loop.
  return { loaded: await loadApp(app.path, listened, log, others), listened, further };
}

function isMeantBy(port: string | undefined): (parameters: readonly unknown[]) => boolean {
  if (port === undefined) return () => true;
  return (parameters) => {
    const target = targetOf(parameters);
    return target.path === port || String(target.port) === port;
  };
}
