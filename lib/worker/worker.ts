import type http from 'node:http';
import type { LoadedApp } from '../app/load.js';
import type { Settings } from '../config/setting-types.js';
import type { ConnectionOptions, Connections } from '../connections/connections.js';
import type { RequestLog } from '../connections/request-log.js';
import { LsapiError } from '../errors.js';
import type { ServerAddress } from '../http/take-over.js';
import { takeOver } from '../http/take-over.js';
import { connectionsFor } from './connections-for.js';
import { FirstRequest } from './first-request.js';
import type { RestartMarker } from './restart-marker.js';
import type { WorkerSocket } from './worker-socket.js';

/**
 * Why a worker has no request left and gets none: it was told to stop, the app closed its server, or its share of
 * requests, its time or its one connection is used up.
 */
export type WorkerEnd = 'stopped' | 'closed-by-app' | 'used-up';

export interface WorkerOptions {
  readonly settings: Settings;
  readonly log: (line: string) => void;
  readonly development: boolean;
  /**
   * Directory of the app, by which those who look at the process from outside know it; without it, they see nothing of
   * a process that serves alone.
   */
  readonly root?: string;
  /** Takes what is printed while a request is served. */
  readonly requestLog?: RequestLog | undefined;
  /** What `server.address()` tells the app. */
  readonly address: ServerAddress;
  /** Called once, when no request is left and none will come. */
  readonly ended: (end: WorkerEnd) => void;
  /** Once it is touched the process ends, and the server starts the next one. */
  readonly restartMarker?: RestartMarker | undefined;
  /** Called when a child of a process group has been idle for a while. */
  readonly idle?: () => void;
}

const SECOND = 1000;
/**
 * In a group connections are closed while the server uses them: for others that wait, at a reload. So long their next
 * request, or the server's close, may be on its way.
 */
const CLOSE_PATIENCE_MS = 20;

/** The process that started this one, while it was alive: read before the app is loaded, which may take long. */
const parent = process.ppid;

/**
 * One process that serves requests of several connections at once (LSAPI's Worker mode). Ends by itself when
 * LSAPI_MAX_REQS or LSAPI_MAX_IDLE is reached, when the process that started it is gone, and when the one
 * connection that it was given is closed.
 */
export class Worker {
  readonly #options: WorkerOptions;
  readonly #connections: Connections;
  #supervision: NodeJS.Timeout | undefined;
  /** The server that requests are emitted on; none in the other styles. */
  readonly #server: http.Server | undefined;
  #end: WorkerEnd = 'used-up';
  #stopping = false;
  /** Of what process this is the worker. */
  readonly role: 'worker' | 'child';
  readonly #firstRequest: FirstRequest;
  #drained = false;
  #closed: (() => void) | undefined;

  /**
   * @param socket - what it serves; `group`: connections that come from the parent of a process group, which watches
   *   its children's idle time and its own end in their stead
   * @throws LsapiError LSAPI_ERR_LISTEN
   */
  constructor(app: LoadedApp, socket: WorkerSocket | 'group', options: WorkerOptions) {
    this.#options = options;
    this.role = socket === 'group' ? 'child' : 'worker';
    const { settings } = options;
    const connectionOptions: ConnectionOptions = {
      limits: {
        packetLimit: settings.maxPacket,
        packetTimeout: settings.packetTimeout * SECOND,
        bodyTimeout: settings.bodyTimeout * SECOND,
        tcpTimeout: settings.tcpTimeout * SECOND,
        maxRequests: settings.maxRequests,
        acknowledgeConnections: settings.acceptNotify,
        slowRequest: settings.slowRequest,
        ...(socket === 'group' && {
          closePatience: CLOSE_PATIENCE_MS,
          maxBusyChildren: Math.max(settings.maxBusyWorker, 0),
        }),
      },
      log: options.log,
      ...(options.requestLog !== undefined && { requestLog: options.requestLog }),
      development: options.development,
      surfacesErrors: true,
      grace: settings.grace * SECOND,
      multiprocess: settings.children > 1,
      onDrained: () => this.#onDrained(),
      onRelax: () => options.idle?.(),
      onRetire: (orphaned) => {
        if (orphaned) options.log('the parent of this process is gone; ending');
      },
    };
    if (app.style === 'node') this.#server = app.server;
    this.#connections = connectionsFor(app, connectionOptions);
    const { set } = this.#connections;
    // Without memory for it nobody sees what the process does, but it serves.
    if (socket !== 'group' && options.root !== undefined) set.openBoard(options.root);
    const error =
      socket === 'group'
        ? set.joinGroup()
        : socket.kind === 'listening'
          ? set.listen(socket.fd)
          : // The server has started this process for the connection.
            set.adopt(socket.fd, process.uptime() * SECOND);
    if (error !== 0) {
      throw new LsapiError('LSAPI_ERR_LISTEN', `The socket cannot be served (errno ${error}).`);
    }
    if (app.style === 'node') this.#takeOver(app.server, options.address);
    this.#firstRequest = new FirstRequest(() => set.statistics(), options.log);
    if (socket !== 'group') this.#supervision = setInterval(() => this.#supervise(), SECOND).unref();
  }

  /** Requests that have no complete answer yet. */
  get activeRequests(): number {
    return this.#connections.set.statistics().active;
  }

  get answeredRequests(): number {
    const { requests, active } = this.#connections.set.statistics();
    return requests - active;
  }

  /** Whether a request has taken longer than LSAPI_MAX_PROCESS_TIME allows. */
  get isOverdue(): boolean {
    return this.#connections.set.isOverdue();
  }

  /** The app does not load: tells the parent of the group, and ends with what has been asked already. */
  fail(reason: string): void {
    this.#connections.set.markFailed(reason);
    this.stop('used-up');
  }

  /** Takes no more requests; finishes those in progress, then `ended` is called. */
  stop(end: WorkerEnd = 'stopped'): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#end = end;
    this.#connections.set.drain();
  }

  /** Answers everything in progress with 500, and closes the connections: the process is about to end. */
  failRequests(error: unknown): void {
    if (this.#drained) return;
    this.#connections.set.drain();
    this.#connections.failRequests(error);
  }

  /**
   * An app whose export is served already listens with a server after all, mostly of that same export: from now on
   * requests go to that server's listeners.
   */
  serveWith(server: http.Server, address: ServerAddress): void {
    // A promise, so that a listener that rejects is noticed here.
    const forward = (...parameters: unknown[]): unknown =>
      Promise.all(
        server.listeners('request').map((listener): unknown => Reflect.apply(listener, server, parameters)),
      );
    this.#server?.removeAllListeners('request').on('request', forward);
    this.#takeOver(server, address);
  }

  /** Another server of the app for the same address: it counts as listening, and gets no requests of its own. */
  join(server: http.Server, address: ServerAddress): void {
    takeOver(server, {
      connections: this.#connections,
      address,
      shared: true,
      close: (closed) => process.nextTick(closed),
    });
    process.nextTick(() => server.emit('listening'));
  }

  #takeOver(server: http.Server, address: ServerAddress): void {
    takeOver(server, {
      connections: this.#connections,
      address,
      close: (closed) => {
        if (this.#drained) {
          process.nextTick(closed);
          return;
        }
        this.#closed = closed;
        this.stop('closed-by-app');
      },
    });
    process.nextTick(() => server.emit('listening'));
  }

  #supervise(): void {
    const { settings, log, restartMarker } = this.#options;
    if (settings.checkParent && process.ppid !== parent) {
      log('the process that started this one is gone (LSAPI_PPID_NO_CHECK would keep it); ending');
      this.stop('used-up');
    } else if (
      settings.maxIdle > 0 &&
      this.#connections.set.statistics().idleMilliseconds >= settings.maxIdle * SECOND
    ) {
      this.stop('used-up');
    } else if (restartMarker?.wasTouched === true) {
      log(`${restartMarker.path} was touched; ending, so that the server starts the app again`);
      this.stop('used-up');
    }
  }

  #onDrained(): void {
    this.#drained = true;
    clearInterval(this.#supervision);
    this.#firstRequest.stop();
    this.#connections.set.close();
    this.#closed?.();
    this.#options.ended(this.#end);
  }
}
