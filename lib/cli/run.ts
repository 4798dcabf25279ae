import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { captureListen, exemptFromCapture } from '../app/capture.js';
import type { CapturedServer } from '../app/capture.js';
import { loadApp } from '../app/load.js';
import { resolveApp } from '../app/resolve.js';
import type { Address } from '../config/address.js';
import { formatAddress } from '../config/address.js';
import { cleanEnvironment, readSettings } from '../config/settings.js';
import type { Settings } from '../config/setting-types.js';
import { listenOn } from '../connections/listen.js';
import { writeLog } from '../connections/log.js';
import type { Gateway } from '../gateway/index.js';
import type { ServerAddress } from '../http/take-over.js';
import { native } from '../native/binding.js';
import type { WorkerSocket } from '../worker/worker.js';
import { socketFromStandardInput, Worker } from '../worker/worker.js';
import type { CommandLine } from './options.js';

const STDOUT = 1;
const STDERR = 2;

/** Loads an app and serves it until the process is told to stop. */
export async function runApp(commandLine: CommandLine): Promise<void> {
  const { http } = commandLine;
  const isRoot = process.getuid?.() === 0;
  // Started by a server, stdout is a dead socket (protocol §4.2): what the app prints belongs to the log.
  if (http === undefined) native.redirect(STDERR, STDOUT);

  const standalone = commandLine.bind !== undefined || http !== undefined;
  const kind = standalone ? 'bound' : native.descriptorKind(0) === 'connected' ? 'connected' : 'listening';
  const { settings, warnings } = readSettings(process.env, { socket: kind, root: isRoot });
  for (const warning of warnings) writeLog(warning);
  cleanEnvironment(process.env, { root: isRoot });

  const lifecycle = new Lifecycle(settings);
  lifecycle.installSignals();
  const socket = await openSocket(commandLine);

  const app = resolveApp({
    file: commandLine.app,
    root: settings.root,
    startupFile: settings.startupFile,
    cwd: process.cwd(),
  });
  process.chdir(app.root);
  process.title = `lsnode:${app.root}`;
  process.argv = [process.execPath, app.path, ...commandLine.arguments];

  const listened = new Promise<CapturedServer>((resolve) => {
    captureListen(resolve, (parameters) => {
      writeLog(
        `the app listens with a second server (${describeListen(parameters)}): it listens for real, beside LiteSpeed`,
      );
    });
  });
  // While the app loads nothing else may keep the process: whether it still can listen is told by an empty loop.
  const loaded = await loadApp(app.path, listened, writeLog);
  const worker = new Worker(loaded, socket.socket, {
    settings,
    log: writeLog,
    development:
      process.env.NODE_ENV === 'development' || (http !== undefined && process.env.NODE_ENV !== 'production'),
    address: loaded.style === 'node' ? addressForApp(loaded.parameters, settings.socket) : null,
    stopped: (reason) => lifecycle.stopped(reason),
  });
  lifecycle.serve(worker);
  if (http !== undefined) await openGateway(http, socket, lifecycle);
  else if (socket.address !== undefined) writeLog(`serving ${app.path} on ${formatAddress(socket.address)} (LSAPI)`);
}

interface OpenSocket {
  readonly socket: WorkerSocket;
  readonly address?: Address;
  readonly remove: () => void;
}

async function openSocket({ bind, http }: CommandLine): Promise<OpenSocket> {
  if (bind !== undefined) {
    const { fd, address } = await listenOn(bind);
    return { socket: { kind: 'listening', fd }, address, remove: () => undefined };
  }
  if (http !== undefined) {
    // Only this user can reach the directory, and so the socket between gateway and app.
    const directory = mkdtempSync(join(tmpdir(), 'lsnode-'));
    const remove = (): void => rmSync(directory, { recursive: true, force: true });
    process.once('exit', remove);
    const { fd, address } = await listenOn({ kind: 'unix', path: join(directory, 'app.sock') });
    return { socket: { kind: 'listening', fd }, address, remove };
  }
  return { socket: socketFromStandardInput(), remove: () => undefined };
}

async function openGateway(http: Address, { address }: OpenSocket, lifecycle: Lifecycle): Promise<void> {
  // Loaded here only: a process behind LiteSpeed has no use for it.
  const { createGateway, formatAccessLog } = await import('../gateway/index.js');
  const gateway = createGateway({
    target: address?.kind === 'unix' ? address.path : '',
    development: true,
    accessLog: (entry) => process.stdout.write(`${formatAccessLog(entry)}\n`),
    errorLog: writeLog,
  });
  exemptFromCapture(gateway.server);
  if (http.kind === 'unix') await gateway.listen({ path: http.path });
  else await gateway.listen({ host: http.host, port: http.port });
  lifecycle.gateway = gateway;
  const bound = gateway.address();
  const where = bound !== null && typeof bound === 'object' ? bound : undefined;
  if (where === undefined) {
    process.stdout.write(`${String(bound)}\n`);
  } else {
    const host = where.family === 'IPv6' ? `[${where.address}]` : where.address;
    process.stdout.write(`http://${host}:${where.port}/\n`);
  }
}

/** What `server.address()` answers: the port or path that the app asked for. */
function addressForApp(parameters: readonly unknown[], socketPath: string | undefined): ServerAddress {
  const [first, second] = parameters;
  const options = (typeof first === 'object' && first !== null ? first : {}) as {
    port?: unknown;
    path?: unknown;
    host?: unknown;
  };
  const path = typeof first === 'string' && !/^\d+$/.test(first) ? first : options.path;
  if (typeof path === 'string') return path;
  const port = Number(typeof first === 'number' || typeof first === 'string' ? first : options.port);
  const host = typeof second === 'string' ? second : typeof options.host === 'string' ? options.host : '::';
  if (Number.isInteger(port)) return { address: host, family: host.includes(':') ? 'IPv6' : 'IPv4', port };
  return socketPath ?? { address: host, family: 'IPv6', port: 0 };
}

function describeListen(parameters: readonly unknown[]): string {
  const [first] = parameters;
  return typeof first === 'object' && first !== null ? JSON.stringify(first) : `listen(${String(first)})`;
}

/** The process's beginning and end: signals, draining, grace, crashes. */
class Lifecycle {
  gateway: Gateway | undefined;
  readonly #settings: Settings;
  #worker: Worker | undefined;
  #stopping = false;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  installSignals(): void {
    // The server sends SIGTERM and SIGUSR1 together, in either order: both mean stop (protocol §4.6). Node's
    // own answer to SIGUSR1, the inspector, would be a door into the process.
    for (const signal of ['SIGTERM', 'SIGUSR1', 'SIGINT'] as const) {
      process.on(signal, () => this.stop(signal));
    }
    process.on('uncaughtExceptionMonitor', (error) => {
      // An app that handles such errors itself goes on; otherwise the process ends, and a request without an
      // answer would be replayed by the server (protocol §2.9).
      if (process.listenerCount('uncaughtException') === 0) this.#worker?.failRequests(error);
    });
  }

  serve(worker: Worker): void {
    this.#worker = worker;
    if (this.#stopping) worker.stop('it was told to stop while it started');
  }

  stop(reason: string): void {
    if (this.#stopping) return;
    this.#stopping = true;
    if (this.#worker === undefined) process.exit(0);
    this.#worker.stop(reason);
    this.gateway?.close().catch(() => undefined);
    setTimeout(() => {
      writeLog(`requests were still running ${this.#settings.grace} seconds after ${reason} (LSNODE_GRACE); they get a 500`);
      this.#worker?.failRequests(new Error('the process was told to stop'));
      process.exit(1);
    }, this.#settings.grace * 1000).unref();
  }

  /** No request is left. */
  stopped(reason: string): void {
    const { exitCode } = process;
    void reason;
    // An app that listens to SIGTERM has things to do before it ends by itself, within the grace.
    if (this.#stopping && process.listenerCount('SIGTERM') > 1) return;
    process.exit(exitCode ?? 0);
  }
}
