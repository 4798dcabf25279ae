import type { AsyncResource } from 'node:async_hooks';
import type http from 'node:http';
import { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { NodeConnections } from './node-connections.js';
import type { RequestEnvironment } from './request-environment.js';
import { isSecure } from './request-environment.js';
import type { Response } from './server-response.js';

/** Set by Node's end(), which says so by `socket._writableState.corked = 1`; its `socket.uncork()` follows at once. */
let fullyUncorked = false;

/** What Node's http code touches of a socket's stream state on the hot path, where no stream exists yet. */
const idleState = {
  get corked(): number {
    return 0;
  },
  set corked(_count: number) {
    fullyUncorked = true;
  },
  needDrain: false,
  ended: false,
  ending: false,
  finished: false,
  closed: false,
  errored: null,
  destroyed: false,
};

type Timeout = ReturnType<typeof setTimeout>;

/**
 * `req.socket`: a duplex with the peer of the HTTP client, one for each request (one LSAPI connection carries
 * requests of many clients). It has no bytes of its own: the body is read from the request, the answer written
 * to the response. Destroying it ends the request.
 *
 * Its stream machinery is set up when somebody uses it as a stream, since hardly any request does: the class
 * has Duplex's prototype but runs its constructor late. Between the two is net.Socket's, for `instanceof`; what
 * that does with a handle is replaced here.
 */
class LsapiSocketBase {
  /** Which request of the native set this is. */
  readonly slot: number;
  readonly serial: number;
  readonly connections: NodeConnections;
  readonly environment: RequestEnvironment;
  readonly server: http.Server;
  request!: http.IncomingMessage;
  /** Node's name for the response that is being sent; null between responses. */
  _httpMessage: http.ServerResponse | null = null;
  /** Bytes of the request's body that have not been read from the native side. */
  bodyLeft: number;
  bytesRead = 0;
  /** Bytes of the body that the native side has. */
  bytesSent = 0;
  /** Whether the native request is still there: false after its end and after an abort. */
  alive = true;
  parser = null;
  /** Node's mark of a socket that failed: 'finish' then does not come. */
  _hadError = false;
  /** What runs on behalf of this request, events included, runs in its asynchronous context. */
  resource: AsyncResource | undefined = undefined;

  private corks = 0;

  private streamReady = false;
  private timer: Timeout | undefined = undefined;
  private timeoutMs = 0;

  constructor(
    connections: NodeConnections,
    slot: number,
    serial: number,
    bodyLength: number,
    environment: RequestEnvironment,
  ) {
    this.connections = connections;
    this.server = connections.server;
    this.slot = slot;
    this.serial = serial;
    this.bodyLeft = bodyLength;
    this.environment = environment;
  }

  // --- Peer -----------------------------------------------------------------------------------------------

  /** With what waits to be sent, as Node counts. */
  get bytesWritten(): number {
    const response = this._httpMessage as Response | null;
    return this.bytesSent + (response?.lsapiOutput.size ?? 0);
  }

  get remoteAddress(): string | undefined {
    return this.environment.env.REMOTE_ADDR;
  }
  get remotePort(): number | undefined {
    return toPort(this.environment.env.REMOTE_PORT);
  }
  get remoteFamily(): string | undefined {
    return toFamily(this.remoteAddress);
  }
  get localAddress(): string | undefined {
    return this.environment.env.SERVER_ADDR;
  }
  get localPort(): number | undefined {
    return toPort(this.environment.env.SERVER_PORT);
  }
  get localFamily(): string | undefined {
    return toFamily(this.localAddress);
  }
  private encryptedByApp: boolean | undefined = undefined;
  /** Whether the client came by TLS, as the server tells with HTTPS. Apps behind a proxy set it themselves. */
  get encrypted(): boolean {
    return this.encryptedByApp ?? isSecure(this.environment.env);
  }
  set encrypted(value: boolean) {
    this.encryptedByApp = value;
  }
  address(): { address?: string; port?: number; family?: string } {
    const { localAddress, localPort, localFamily } = this;
    return {
      ...(localAddress !== undefined && { address: localAddress }),
      ...(localPort !== undefined && { port: localPort }),
      ...(localFamily !== undefined && { family: localFamily }),
    };
  }

  get connecting(): boolean {
    return false;
  }
  get pending(): boolean {
    return false;
  }
  get readyState(): string {
    return this.destroyed ? 'closed' : 'open';
  }

  // --- Stream state, made on demand -----------------------------------------------------------------------

  /** The stream's real state; setting it up on first use. */
  private stream(): Duplex {
    const self = this as unknown as Duplex;
    if (!this.streamReady) {
      this.streamReady = true;
      const listeners = (self as unknown as { _events: unknown; _eventsCount: number })._events;
      const count = (self as unknown as { _eventsCount: number })._eventsCount;
      (Duplex as unknown as (this: Duplex, options: object) => void).call(self, {
        autoDestroy: true,
        emitClose: false, // see _destroy()
      });
      // Listeners may be older than the stream.
      if (listeners !== undefined) Object.assign(self, { _events: listeners, _eventsCount: count });
    }
    return self;
  }

  get _readableState(): unknown {
    return this.streamReady ? this.states.readable : idleState;
  }
  set _readableState(state: unknown) {
    this.states.readable = state;
  }
  get _writableState(): unknown {
    return this.streamReady ? this.states.writable : idleState;
  }
  set _writableState(state: unknown) {
    this.states.writable = state;
  }
  private lazyStates: { readable: unknown; writable: unknown } | undefined = undefined;
  private get states(): { readable: unknown; writable: unknown } {
    return (this.lazyStates ??= { readable: undefined, writable: undefined });
  }

  get destroyed(): boolean {
    return this.streamReady && (this.states.writable as { destroyed: boolean }).destroyed;
  }
  get readable(): boolean {
    return !this.destroyed;
  }
  get writable(): boolean {
    return !this.destroyed;
  }
  get readableHighWaterMark(): number {
    return this.connections.highWaterMark;
  }
  get writableHighWaterMark(): number {
    return this.connections.highWaterMark;
  }
  get writableCorked(): number {
    return this.corks;
  }
  /** Bytes of the response that the server has not taken. */
  get writableLength(): number {
    return this.connections.pendingOutput(this.self);
  }
  get writableNeedDrain(): boolean {
    return this.writableLength >= this.writableHighWaterMark;
  }
  get bufferSize(): number {
    return this.writableLength;
  }

  private get self(): LsapiSocket {
    return this as unknown as LsapiSocket;
  }

  /** Ends the request. An answer that has not begun becomes a 500: the server would replay a dropped request. */
  destroy(error?: Error): this {
    if (this.destroyed) return this;
    this.clearTimer();
    Duplex.prototype.destroy.call(this.stream(), error);
    return this;
  }
  _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    // An 'error' nobody listens to would end the process; the request's own events tell of it.
    const listened = (this as unknown as Duplex).listenerCount('error') > 0;
    this.connections.socketDestroyed(this.self);
    callback(listened ? error : null);
    // As late as a real socket's, which comes from the event loop: the events of requests depend on that order.
    setImmediate(emitClose, this);
  }
  destroySoon(): void {
    this.destroy();
  }
  /** An error of a server's socket ends its connection, not the process: Node's server listens to it. */
  emit(event: string | symbol, ...parameters: unknown[]): boolean {
    const emitter = this as unknown as Duplex;
    if (event === 'error' && emitter.listenerCount('error') === 0) {
      this.destroy(parameters[0] as Error);
      return false;
    }
    return Duplex.prototype.emit.call(emitter, event, ...parameters);
  }
  resetAndDestroy(): this {
    return this.destroy();
  }

  /** Raw bytes cannot be sent over LSAPI: interim responses (1xx) end here, silently. */
  write(_chunk: unknown, encoding?: unknown, callback?: unknown): boolean {
    const done = typeof encoding === 'function' ? encoding : callback;
    if (typeof done === 'function') process.nextTick(done);
    return true;
  }
  end(): this {
    return this.destroy();
  }
  _read(): void {}
  _write(_chunk: unknown, _encoding: unknown, callback: () => void): void {
    callback();
  }

  /** Node's response corks its socket until the next tick to collect what is written meanwhile. */
  cork(): void {
    this.corks++;
  }
  uncork(): void {
    if (fullyUncorked || this.isStreamUncorked()) {
      // In end(), which finishes the response next: what was collected goes out together with the end.
      fullyUncorked = false;
      this.corks = 0;
    } else if (this.corks > 0 && --this.corks === 0) {
      this.connections.flush(this.self);
    }
  }
  /** The same sign of end() where the stream's own state got it. */
  private isStreamUncorked(): boolean {
    if (!this.streamReady) return false;
    const state = this.states.writable as { corked: number };
    if (state.corked !== 1) return false;
    state.corked = 0;
    return true;
  }
  pause(): this {
    return this;
  }
  resume(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }

  // --- Timeout --------------------------------------------------------------------------------------------

  get timeout(): number | undefined {
    return this.timeoutMs > 0 ? this.timeoutMs : undefined;
  }
  setTimeout(milliseconds: number, callback?: () => void): this {
    this.clearTimer();
    this.timeoutMs = milliseconds;
    const emitter = this as unknown as Duplex;
    if (milliseconds > 0) {
      if (callback !== undefined) emitter.once('timeout', callback);
      // Nothing is left to time out after the response.
      if (this.alive) this.timer = setTimeout(timedOut, milliseconds, this).unref();
    } else if (callback !== undefined) {
      emitter.removeListener('timeout', callback);
    }
    return this;
  }
  private pendingBefore = 0;
  /** Whether the server has taken something since this was asked last: a long download is not idle. */
  outputMoved(): boolean {
    const pending = this.writableLength;
    const moved = this.pendingBefore > 0 && pending !== this.pendingBefore;
    this.pendingBefore = pending;
    if (moved) this.touch();
    return moved;
  }
  /** Bytes went one way or the other. */
  touch(): void {
    this.timer?.refresh();
  }
  clearTimer(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}

Object.setPrototypeOf(LsapiSocketBase.prototype, Socket.prototype);

/** {@link LsapiSocketBase} with the methods of the Duplex whose prototype it has. */
export type LsapiSocket = LsapiSocketBase & Duplex;
export const LsapiSocket = LsapiSocketBase as unknown as new (
  ...parameters: ConstructorParameters<typeof LsapiSocketBase>
) => LsapiSocket;

function emitClose(socket: LsapiSocketBase): void {
  (socket as unknown as LsapiSocket).emit('close', false);
}

function timedOut(socket: LsapiSocketBase): void {
  socket.connections.socketTimedOut(socket as unknown as LsapiSocket);
}

function toPort(text: string | undefined): number | undefined {
  return text === undefined || text === '' ? undefined : Number(text);
}

function toFamily(address: string | undefined): string | undefined {
  if (address === undefined) return undefined;
  return address.includes(':') ? 'IPv6' : 'IPv4';
}
