import type { Socket } from 'node:net';
import { formatAddress, type Address } from '../config/address.js';
import { LsapiError } from '../errors.js';
import { AppSocket } from './app-socket.js';
import { AppConnection, type ConnectionOwner } from './connection.js';
import type { ResolvedOptions } from './options.js';

/** Who waits for a connection. */
export interface ConnectionWaiter {
  onConnection(connection: AppConnection): void;
  onConnectFailure(error: LsapiError): void;
}

/** Where deliveries get their connections from. */
export interface ConnectionSource {
  /**
   * Asks for a connection; the answer may come at once.
   *
   * @param fresh Not a connection that was used before: it might be as stale as the one that just failed.
   * @returns A function that withdraws the request.
   */
  acquire(waiter: ConnectionWaiter, fresh: boolean): () => void;
  /** Closes idle connections, and the others as soon as their requests are done. */
  close(): void;
}

/** Somebody's asking for a connection. */
export interface ConnectionRequest {
  readonly waiter: ConnectionWaiter;
  fresh: boolean;
  cancelled: boolean;
}

/** Who wants to know whether an application can be reached. */
export interface PoolObserver {
  /** It has acknowledged a request, or answered. */
  onReachable(): void;
  /** It has taken no connection, or not acknowledged a request in time. */
  onUnreachable(): void;
}

type PoolOptions = Pick<
  ResolvedOptions,
  'connect' | 'maxConnections' | 'initTimeout' | 'acknowledgeTimeout' | 'connTimeout' | 'errorLog'
>;

/** connect() that does not complete within this time has failed (lsapi-protocol §2.9). */
const CONNECT_TIMEOUT_MS = 2000;
/** A full backlog of a Unix socket (EAGAIN) is no failure: it is tried again, so often and for so long (§2.9). */
const BACKLOG_RETRY_MS = 50;
const BACKLOG_PATIENCE_MS = 10_000;

/** The persistent connections to one application. Requests beyond the limit wait in order of arrival. */
export class ConnectionPool implements ConnectionOwner, ConnectionSource {
  readonly #options: PoolOptions;
  readonly #target: Address | undefined;
  readonly #observer: PoolObserver | undefined;
  readonly #idle: AppConnection[] = [];
  #queue: ConnectionRequest[] = [];
  /** Open connections and those being opened. */
  #total = 0;
  /** Requests that have been sent, or wait for a connection being opened, and are not acknowledged. */
  #attempts = 0;
  #closing = false;

  /** @param target Where it listens, unless the options have `connect`. */
  constructor(options: PoolOptions, target?: Address, observer?: PoolObserver) {
    this.#options = options;
    this.#target = target;
    this.#observer = observer;
  }

  /** Requests that wait because all connections are in use. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Connections in use, and those being opened. */
  get busy(): number {
    return this.#total - this.#idle.length;
  }

  /** Requests that are on their way to the application, which has not acknowledged them yet. */
  get attempts(): number {
    return this.#attempts;
  }

  acquire(waiter: ConnectionWaiter, fresh: boolean): () => void {
    const request: ConnectionRequest = { waiter, fresh, cancelled: false };
    this.enqueue(request);
    return () => {
      request.cancelled = true;
      this.withdraw(request);
    };
  }

  /** Serves a request at once where there is a connection, else in its turn. */
  enqueue(request: ConnectionRequest): void {
    if (!this.#serve(request)) this.#queue.push(request);
  }

  /** Forgets a request that waits. */
  withdraw(request: ConnectionRequest): void {
    const at = this.#queue.indexOf(request);
    if (at !== -1) this.#queue.splice(at, 1);
  }

  /** The application is gone: closes idle connections. @returns The requests that wait, which are no longer this pool's. */
  evacuate(): ConnectionRequest[] {
    const requests = this.#queue;
    this.#queue = [];
    for (const connection of [...this.#idle]) connection.destroy();
    return requests;
  }

  sent(): void {
    this.#attempts++;
  }

  acknowledged(): void {
    this.#attempts--;
    this.#observer?.onReachable();
  }

  unacknowledged(): void {
    this.#observer?.onUnreachable();
  }

  forgotten(): void {
    this.#attempts--;
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

  #serve(request: ConnectionRequest): boolean {
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

  #open(request: ConnectionRequest, startedAt: number): void {
    this.#total++;
    this.#attempts++;
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
    const { connect: open } = this.#options;
    const target = this.#target;
    if (open !== undefined) return open();
    if (target === undefined) throw new LsapiError('LSAPI_ERR_OPTION', 'Gateway has no target');
    if (target.kind === 'unix') return new AppSocket().connect({ path: target.path });
    return new AppSocket().connect({ host: target.host, port: target.port, noDelay: true });
  }

  #opened(request: ConnectionRequest, socket: Socket): void {
    this.#attempts--;
    const connection = new AppConnection(socket, this.#options, this);
    if (request.cancelled) this.released(connection);
    else request.waiter.onConnection(connection);
  }

  #openFailed(request: ConnectionRequest, error: unknown, startedAt: number): void {
    this.#total--;
    this.#attempts--;
    const backlogFull = error instanceof Error && 'code' in error && error.code === 'EAGAIN';
    if (backlogFull && !request.cancelled && Date.now() - startedAt < BACKLOG_PATIENCE_MS) {
      this.#total++;
      setTimeout(() => {
        this.#total--;
        this.#open(request, startedAt);
      }, BACKLOG_RETRY_MS);
      return;
    }
    this.#observer?.onUnreachable();
    this.#serveQueue();
    if (request.cancelled) return;
    const message = error instanceof Error ? error.message : String(error);
    const target = this.#target;
    const where = target === undefined ? '' : ` at ${formatAddress(target)}`;
    request.waiter.onConnectFailure(
      new LsapiError('LSAPI_ERR_GATEWAY_CONNECT', `Cannot connect to the application${where}: ${message}`, {
        cause: error,
      }),
    );
  }
}
