import { rmSync } from 'node:fs';
import type http from 'node:http';
import net from 'node:net';
import { debuglog } from 'node:util';
import { openListener } from '../connections/listen.js';
import { writeLog } from '../connections/log.js';
import { createGateway, type Gateway } from '../gateway/index.js';
import { AppSocket } from '../gateway/app-socket.js';
import { NodeConnections } from '../http/node-connections.js';
import { stopConnectionChecks } from '../http/take-over.js';
import { privateSocketPath } from './private-socket.js';

/** As many requests at a time as a test may think of: a Node server has no limit. */
const MAX_CONNECTIONS = 4096;

/** What the gateway has to say; only shown with NODE_DEBUG=lsapi, since tests look at what a program prints. */
const debug = debuglog('lsapi');

/** What servers have got as closeIdleConnections() here, to tell it from a program's own. */
const idleClosers = new WeakSet<() => void>();

/**
 * One listening of an http.Server: a gateway at the address that was asked for, connected by a private Unix socket to
 * LSAPI connections that emit 'request' on the server. The server's own methods become ones that act on the gateway.
 */
export class ReroutedServer {
  readonly #server: http.Server;
  readonly #path = privateSocketPath();
  readonly #connections: NodeConnections;
  readonly #gateway: Gateway;
  #state: 'opening' | 'listening' | 'closing' | 'closed' = 'opening';

  constructor(server: http.Server) {
    this.#server = server;
    this.#connections = new NodeConnections(server, {
      limits: {},
      log: writeLog,
      development: process.env.NODE_ENV === 'development',
      surfacesErrors: true,
      onDrained: () => this.#onDrained(),
    });
    this.#gateway = createGateway({
      connect: () => this.#connect(),
      maxConnections: MAX_CONNECTIONS,
      accessLog: false,
      errorLog: (line) => debug(line),
    });
    const { server: front } = this.#gateway;
    // A program may set them at any time.
    for (const event of ['connection', 'request']) front.prependListener(event, () => this.#copySettings());
    front.on('dropRequest', (...parameters) => server.emit('dropRequest', ...parameters));
  }

  /** Whether the server listens or is about to, so that it may not be told to once more. */
  get inUse(): boolean {
    return this.#state === 'opening' || this.#gateway.server.listening;
  }

  /**
   * Opens the address.
   *
   * @param parameters Those of net.Server's listen(), without a callback.
   * @throws What net.Server's listen() throws for parameters that make no sense.
   */
  listen(parameters: readonly unknown[]): void {
    const { server: front } = this.#gateway;
    front.on('listening', () => {
      this.#state = 'listening';
      this.#server.emit('listening');
      stopConnectionChecks(this.#server); // the event has started them
    });
    front.on('error', (error) => {
      if (this.#state === 'opening') this.#dispose();
      this.#server.emit('error', error);
    });
    front.on('close', () => this.#onFrontClosed());
    const { set } = this.#connections;
    try {
      set.listen(openListener({ kind: 'unix', path: this.#path }).fd);
      // The gateway's connections keep the process going, as those of a Node server do.
      set.unref();
      // eslint-disable-next-line @typescript-eslint/unbound-method -- called with the server as `this`
      Reflect.apply(net.Server.prototype.listen as (...parameters: unknown[]) => void, front, parameters);
    } catch (error) {
      this.#dispose();
      throw error;
    }
    this.#replaceMethods();
  }

  /** Those about connections of clients, which are the gateway's. */
  #copySettings(): void {
    const { server: front } = this.#gateway;
    front.keepAliveTimeout = this.#server.keepAliveTimeout;
    front.maxRequestsPerSocket = this.#server.maxRequestsPerSocket;
  }

  #connect(): AppSocket {
    return new AppSocket().connect({ path: this.#path }).unref();
  }

  #replaceMethods(): void {
    const server = this.#server;
    const { server: front } = this.#gateway;
    const methods = {
      address: () => front.address(),
      getConnections: (callback: (error: Error | null, count: number) => void) => {
        front.getConnections(callback);
        return server;
      },
      close: (callback?: (error?: Error) => void) => {
        this.#close(callback);
        return server;
      },
      closeAllConnections: () => front.closeAllConnections(),
      ref: () => {
        front.ref();
        return server;
      },
      unref: () => {
        front.unref();
        return server;
      },
    };
    for (const [name, value] of Object.entries(methods)) {
      Object.defineProperty(server, name, { value, configurable: true, writable: true, enumerable: false });
    }
    // close() calls it, and a program may have replaced it to hear of that.
    if (!this.#hasOwnIdleCloser()) {
      const closeIdle = (): void => front.closeIdleConnections();
      idleClosers.add(closeIdle);
      Object.defineProperty(server, 'closeIdleConnections', {
        value: closeIdle,
        configurable: true,
        writable: true,
        enumerable: false,
      });
    }
    Object.defineProperties(server, {
      listening: { get: () => front.listening, configurable: true, enumerable: false },
      // Some libraries look whether a server has one before they close it.
      _handle: {
        get: () => (front as http.Server & { _handle: unknown })._handle,
        configurable: true,
        enumerable: true,
      },
    });
  }

  /** Whether the program has replaced closeIdleConnections(). */
  #hasOwnIdleCloser(): boolean {
    const server = this.#server;
    // eslint-disable-next-line @typescript-eslint/unbound-method -- only looked up
    return Object.hasOwn(server, 'closeIdleConnections') && !idleClosers.has(server.closeIdleConnections);
  }

  #close(callback: ((error?: Error) => void) | undefined): void {
    // As Node's close() does. The gateway's is left out: it does not wait for responses on their way to the client.
    if (this.#hasOwnIdleCloser()) this.#server.closeIdleConnections();
    if (!this.#gateway.server.listening) {
      // As net.Server has it: the callback gets an error, but with a 'close'.
      const error = Object.assign(new Error('Server is not running.'), { code: 'ERR_SERVER_NOT_RUNNING' });
      if (callback !== undefined) this.#server.once('close', () => callback(error));
      if (this.#state === 'closed') process.nextTick(() => this.#server.emit('close'));
      return;
    }
    if (callback !== undefined) this.#server.once('close', callback);
    void this.#gateway.close();
  }

  /** No client is left, but a handler may still work for one that went. */
  #onFrontClosed(): void {
    if (this.#state === 'closing' || this.#state === 'closed') return;
    this.#state = 'closing';
    void this.#gateway.close();
    this.#connections.set.ref();
    this.#connections.set.drain();
  }

  #onDrained(): void {
    this.#dispose();
    this.#server.emit('close');
  }

  #dispose(): void {
    this.#state = 'closed';
    this.#connections.set.close();
    rmSync(this.#path, { force: true });
  }
}
