import type http from 'node:http';
import type { LoadedApp } from '../app/load.js';
import type { Settings } from '../config/setting-types.js';
import type { ConnectionOptions, Connections } from '../connections/connections.js';
import { LsapiError } from '../errors.js';
import type { ServerAddress } from '../http/take-over.js';
import { takeOver } from '../http/take-over.js';
import { connectionsFor } from './connections-for.js';
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
  /** What `server.address()` tells the app. */
  readonly address: ServerAddress;
  /** Called once, when no request is left and none will come. */
  readonly ended: (end: WorkerEnd) => void;
}

const SECOND = 1000;

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
  readonly #supervision: NodeJS.Timeout;
  /** The server that requests are emitted on; none in the other styles. */
  readonly #server: http.Server | undefined;
  #end: WorkerEnd = 'used-up';
  #stopping = false;
  #drained = false;
  #closed: (() => void) | undefined;

  /** @throws LsapiError LSAPI_ERR_LISTEN */
  constructor(app: LoadedApp, socket: WorkerSocket, options: WorkerOptions) {
    this.#options = options;
    const { settings } = options;
    const connectionOptions: ConnectionOptions = {
      limits: {
        packetLimit: settings.maxPacket,
        packetTimeout: settings.packetTimeout * SECOND,
        bodyTimeout: settings.bodyTimeout * SECOND,
        maxRequests: settings.maxRequests,
      },
      log: options.log,
      development: options.development,
      grace: settings.grace * SECOND,
      multiprocess: settings.children > 1,
      onDrained: () => this.#onDrained(),
    };
    if (app.style === 'node') this.#server = app.server;
    this.#connections = connectionsFor(app, connectionOptions);
    const { set } = this.#connections;
    const error = socket.kind === 'listening' ? set.listen(socket.fd) : set.adopt(socket.fd);
    if (error !== 0) {
      throw new LsapiError('LSAPI_ERR_LISTEN', `The socket cannot be served (errno ${error}).`);
    }
    if (app.style === 'node') this.#takeOver(app.server, options.address);
    this.#supervision = setInterval(() => this.#supervise(), SECOND).unref();
  }

  /** Requests that have no complete answer yet. */
  get activeRequests(): number {
    return this.#connections.set.statistics().active;
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
    const { settings, log } = this.#options;
    if (settings.checkParent && process.ppid !== parent) {
      log('the process that started this one is gone (LSAPI_PPID_NO_CHECK would keep it); ending');
      this.stop('used-up');
    } else if (
      settings.maxIdle > 0 &&
      this.#connections.set.statistics().idleMilliseconds >= settings.maxIdle * SECOND
    ) {
      this.stop('used-up');
    }
  }

  #onDrained(): void {
    this.#drained = true;
    clearInterval(this.#supervision);
    this.#connections.set.close();
    this.#closed?.();
    this.#options.ended(this.#end);
  }
}
