import type { CapturedServer } from '../app/capture.js';
import { addressForApp, describeListen } from '../app/listen-parameters.js';
import { listenBeside } from '../app/listen-beside.js';
import type { LoadedApp } from '../app/load.js';
import type { OpenedApp } from '../app/open.js';
import type { ResolvedApp } from '../app/resolve.js';
import { resolveApp } from '../app/resolve.js';
import type { Settings } from '../config/setting-types.js';
import { writeLog } from '../connections/log.js';
import type { RequestLog } from '../connections/request-log.js';
import { publishProcessStart } from '../diagnostics/process-channels.js';
import { runAfterFork } from '../process-group/hooks.js';
import { watchStack } from '../stack-watch/stack-watch.js';
import type { WorkerSocket } from '../worker/worker-socket.js';
import type { WorkerOptions } from '../worker/worker.js';
import { Worker } from '../worker/worker.js';
import type { Lifecycle } from './lifecycle.js';
import type { CommandLine } from './options.js';

/**
 * Finds the app, and makes the process look as one that was started for it.
 *
 * @throws LsapiError LSAPI_ERR_APP_NOT_FOUND
 */
export function enterApp({ app: file, arguments: parameters }: CommandLine, settings: Settings): ResolvedApp {
  const app = resolveApp({
    file,
    root: settings.root,
    startupFile: settings.startupFile,
    cwd: process.cwd(),
  });
  process.chdir(app.root);
  process.title = `lsnode:${app.root}`;
  process.argv = [process.execPath, app.path, ...parameters];
  return app;
}

/** After this time the log says what the start waits for. */
const HINT_MS = 10_000;

/** How an app is to be served; the rest of {@link WorkerOptions} follows from it. */
export interface ServeOptions extends Pick<
  WorkerOptions,
  'settings' | 'development' | 'root' | 'restartMarker' | 'idle'
> {
  readonly socket: WorkerSocket | 'group';
  readonly lifecycle: Lifecycle;
  /** Run by hand: stdout is a person's, no part of the log. */
  readonly stdout?: boolean;
}

/**
 * Serves an app that has been loaded, in this process.
 *
 * @throws LsapiError LSAPI_ERR_LISTEN
 */
export async function serveApp(
  { loaded, listened, further }: OpenedApp,
  options: ServeOptions,
): Promise<Worker> {
  const { socket, lifecycle, settings, development, root, restartMarker, idle } = options;
  const hint = setTimeout(
    () => writeLog("the app's onAfterFork hooks are still running; requests wait for them"),
    HINT_MS,
  );
  await runAfterFork();
  clearTimeout(hint);
  if (settings.stackAfter > 0) watchStack(settings.stackAfter);
  const role = socket === 'group' ? 'child' : 'worker';
  publishProcessStart({ pid: process.pid, role, root, startTime: performance.now() });
  const worker = new Worker(loaded, socket, {
    settings,
    development,
    ...(root !== undefined && { root }),
    restartMarker,
    ...(idle !== undefined && { idle }),
    log: writeLog,
    requestLog: await requestLogFor(settings, options.stdout ?? false),
    address: addressForApp((loaded.style === 'node' && loaded.parameters) || [], settings.socket),
    ended: (end) => lifecycle.ended(end),
  });
  lifecycle.serve(worker);
  if (loaded.style !== 'node' || loaded.parameters === undefined) {
    void listened.then((captured) => serveListening(captured, loaded, worker, settings));
  }
  further?.open(loaded.style === 'node' ? (server, address) => worker.join(server, address) : undefined);
  return worker;
}

/** LSNODE_STDERR=stream, unless stderr is a file that was asked for, as in the library (protocol §5.12). */
async function requestLogFor(settings: Settings, stdoutIsOwn: boolean): Promise<RequestLog | undefined> {
  if (settings.stderr !== 'stream' || settings.stderrLog !== undefined) return undefined;
  const { RequestLog } = await import('../connections/request-log.js');
  const { stdout, stderr } = process;
  return new RequestLog(stdoutIsOwn || settings.consoleLog !== undefined ? [stderr] : [stdout, stderr]);
}

/** An app that is served by its export calls listen() as well. */
function serveListening(captured: CapturedServer, app: LoadedApp, worker: Worker, settings: Settings): void {
  const { server, parameters } = captured;
  if (app.style !== 'node') {
    writeLog(
      `${describeListen(parameters)}: the app exports a ${app.style} handler, so its server listens for real`,
    );
    void listenBeside(captured, writeLog);
  } else {
    worker.serveWith(server, addressForApp(parameters, settings.socket));
  }
}
