import type { Socket } from 'node:net';
import { formatAddress } from '../config/address.js';
import { LsapiError } from '../errors.js';
import { AppSocket } from './app-socket.js';
import { AppConnection, type ConnectionOwner } from './connection.js';
import type { ResolvedOptions } from './options.js';

/** Who waits for a connection. */
export interface ConnectionWaiter {
  onConnection(connection: AppConnection): void;
  onConnectFailure(error: LsapiError): void;
}

type PoolOptions = Pick<
  ResolvedOptions,
  'target' | 'connect' | 'maxConnections' | 'initTimeout' | 'connTimeout' | 'errorLog'
>;

/** connect() that does not complete within this time has failed (lsapi-protocol §2.9). */
const CONNECT_TIMEOUT_MS = 2000;
/** A full backlog of a Unix socket (EAGAIN) is no failure: it is tried again, so often and for so long (§2.9). */
const BACKLOG_RETRY_MS = 50;
const BACKLOG_PATIENCE_MS = 10_000;

interface Request {
  readonly waiter: ConnectionWaiter;
  readonly fresh: boolean;
  cancelled: boolean;
}

/** The persistent connections to the application. Requests beyond the limit wait in order of arrival. */
export class ConnectionPool implements ConnectionOwner {
  readonly #options: PoolOptions;
  readonly #idle: AppConnection[] = [];
  readonly #queue: Request[] = [];
  /** Open connections and those being opened. */
  #total = 0;
  #closing = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /**
   * Asks for a connection; the answer may come at once.
   *
   * @param fresh Not a connection that was used before: it might be as stale as the one that just failed.
   * @returns A function that withdraws the request.
   */
  acquire(waiter: ConnectionWaiter, fresh: boolean): () => void {
    const request: Request = { waiter, fresh, cancelled: false };
    if (!this.#serve(request)) this.#queue.push(request);
    return () => {
      request.cancelled = true;
      const at = this.#queue.indexOf(request);
      if (at !== -1) this.#queue.splice(at, 1);
    };
  }

  released(connection: AppConnection): void {
    if (this.#closing) {
      connection.destroy();
      return;
    }
    this.#idle.push(connection);
    this.#serveQueue();
  }

  closed(connection: AppConnection): void {
    this.#total--;
    const at = this.#idle.indexOf(connection);
    if (at !== -1) this.#idle.splice(at, 1);
    this.#serveQueue();
  }

  /** Closes idle connections, and the others as soon as their requests are done. */
  close(): void {
    this.#closing = true;
    for (const connection of [...this.#idle]) connection.destroy();
  }

  #serveQueue(): void {
    let next = this.#queue[0];
    while (next !== undefined && this.#serve(next)) {
      this.#queue.shift();
      next = this.#queue[0];
    }
  }

  #serve(request: Request): boolean {
    if (!request.fresh) {
      const connection = this.#idle.pop();
      if (connection !== undefined) {
        request.waiter.onConnection(connection);
        return true;
      }
    }
    if (this.#total >= this.#options.maxConnections) {
      const idle = this.#idle.pop();
      if (idle === undefined) return false;
      // Makes room for a fresh one. Nobody else takes the place: while one is idle nobody waits.
      idle.destroy();
    }
    this.#open(request, Date.now());
    return true;
  }

  #open(request: Request, startedAt: number): void {
    this.#total++;
    let socket: Socket;
    try {
      socket = this.#connect();
    } catch (error) {
      process.nextTick(() => this.#openFailed(request, error, startedAt));
      return;
    }
    if (!socket.connecting && socket.readyState === 'open') {
      this.#opened(request, socket);
      return;
    }
    const timer = setTimeout(() => {
      socket.destroy(new Error(`no connection within ${CONNECT_TIMEOUT_MS} ms`));
    }, CONNECT_TIMEOUT_MS);
    const onError = (error: Error): void => {
      clearTimeout(timer);
      this.#openFailed(request, error, startedAt);
    };
    socket.once('error', onError);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.off('error', onError);
      this.#opened(request, socket);
    });
  }

  #connect(): Socket {
    const { target, connect: open } = this.#options;
    if (open !== undefined) return open();
    if (target === undefined) throw new LsapiError('LSAPI_ERR_OPTION', 'Gateway has no target');
    if (target.kind === 'unix') return new AppSocket().connect({ path: target.path });
    return new AppSocket().connect({ host: target.host, port: target.port, noDelay: true });
  }

  #opened(request: Request, socket: Socket): void {
    const connection = new AppConnection(socket, this.#options, this);
    if (request.cancelled) this.released(connection);
    else request.waiter.onConnection(connection);
  }

  #openFailed(request: Request, error: unknown, startedAt: number): void {
    this.#total--;
    const backlogFull = error instanceof Error && 'code' in error && error.code === 'EAGAIN';
    if (backlogFull && !request.cancelled && Date.now() - startedAt < BACKLOG_PATIENCE_MS) {
      this.#total++;
      setTimeout(() => {
        this.#total--;
        this.#open(request, startedAt);
      }, BACKLOG_RETRY_MS);
      return;
    }
    this.#serveQueue();
    if (request.cancelled) return;
    const message = error instanceof Error ? error.message : String(error);
    const { target } = this.#options;
    const where = target === undefined ? '' : ` at ${formatAddress(target)}`;
    request.waiter.onConnectFailure(
      new LsapiError('LSAPI_ERR_GATEWAY_CONNECT', `Cannot connect to the application${where}: ${message}`, {
        cause: error,
      }),
    );
  }
}
