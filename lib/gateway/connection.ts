import type { Socket } from 'node:net';
import {
  encodeEmpty,
  PacketType,
  pidOf,
  ResponseDecoder,
  type RespHeaderPacket,
  type ResponsePacket,
} from '../codec/index.js';
import { LsapiError } from '../errors.js';
import type { ResolvedOptions } from './options.js';

/** Who uses a connection for one request. */
export interface ConnectionUser {
  onHeader(packet: RespHeaderPacket): void;
  onStream(payload: Buffer): void;
  /** End of the response. Answers whether all of the request's body was given to the connection. */
  onEnd(): boolean;
  /** Everything that has arrived so far was handed over: the moment at which OpenLiteSpeed flushes. */
  onDry(): void;
  /** CONN_CLOSE within the response: OpenLiteSpeed flushes (lsapi-protocol §9, number 5). */
  onConnClose(): void;
  /** The connection broke or the application broke the protocol. The connection is gone. */
  onFailure(error: LsapiError): void;
  /** No traffic for `connTimeout`. */
  onTimeout(): void;
  /** After {@link AppConnection.writeBody} returned `false`: go on. */
  onWritable(): void;
}

/** Who owns connections: the pool. */
export interface ConnectionOwner {
  /** The connection can take another request. */
  released(connection: AppConnection): void;
  /** The connection is gone. Called exactly once. */
  closed(connection: AppConnection): void;
  /** A request has been sent; one of the next three calls follows. */
  sent(): void;
  /** The application has acknowledged it. */
  acknowledged(): void;
  /** The application has not acknowledged it in time; `forgotten` follows. */
  unacknowledged(): void;
  /** The connection is gone before the application has acknowledged it. */
  forgotten(): void;
}

type ConnectionOptions = Pick<
  ResolvedOptions,
  'initTimeout' | 'acknowledgeTimeout' | 'connTimeout' | 'errorLog'
>;

/** Bytes of request body that may wait here before the client is held back. */
const BODY_HIGH_WATER = 256 * 1024;
/** How long an ABORT_REQUEST may take to leave before the connection is cut. */
const ABORT_LINGER_MS = 1000;

/** One persistent connection to the application; one request at a time (lsapi-protocol §1.1). */
export class AppConnection {
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #owner: ConnectionOwner;
  readonly #decoder = new ResponseDecoder();
  #user: ConnectionUser | undefined;
  /** Requests that this connection has completed. */
  #served = 0;
  #reusable = true;
  #ended = false;
  #closed = false;
  #dryScheduled = false;
  /** Nothing has come from the application since the request was sent. */
  #unanswered = false;
  #acknowledgeTimer: NodeJS.Timeout | undefined;
  #error: Error | undefined;
  #bodyQueue: Uint8Array[] = [];
  #bodyQueued = 0;
  #bodyBlocked = false;
  #flushScheduled = false;

  constructor(socket: Socket, options: ConnectionOptions, owner: ConnectionOwner) {
    this.#socket = socket;
    this.#options = options;
    this.#owner = owner;
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('end', () => this.#onGone());
    socket.on('error', (error) => (this.#error = error));
    socket.on('close', () => this.#onGone());
    socket.on('drain', () => this.#unblockBody());
    if (options.connTimeout > 0) {
      socket.setTimeout(options.connTimeout);
      socket.on('timeout', () => this.#user?.onTimeout());
    }
  }

  /** Whether every byte given to this connection has been taken by the system. */
  get drained(): boolean {
    return this.#bodyQueued === 0 && this.#socket.writableLength === 0;
  }

  /** Sends a BEGIN_REQUEST packet; its body follows by {@link writeBody}. */
  begin(user: ConnectionUser, packet: Buffer, hasBody: boolean): void {
    this.#user = user;
    this.#ended = false;
    if (hasBody) this.writeBody(packet);
    else this.#socket.write(packet);
    this.#unanswered = true;
    this.#owner.sent();
    const timeout = this.#acknowledgeTimeout();
    if (timeout > 0) this.#acknowledgeTimer = setTimeout(() => this.#onUnacknowledged(timeout), timeout);
  }

  #acknowledgeTimeout(): number {
    const { initTimeout, acknowledgeTimeout } = this.#options;
    if (this.#served > 0 || initTimeout === 0) return acknowledgeTimeout;
    return acknowledgeTimeout === 0 ? initTimeout : Math.min(initTimeout, acknowledgeTimeout);
  }

  #onUnacknowledged(timeout: number): void {
    this.#owner.unacknowledged();
    this.fail(
      new LsapiError(
        'LSAPI_ERR_GATEWAY_TIMEOUT',
        `The application did not acknowledge the request within ${timeout} ms`,
      ),
    );
  }

  /**
   * Queues a piece of the request's body. The queue is written after the events of this loop turn: the packet and what
   * came with it leave in one system call.
   *
   * @returns `false` if the sender should wait for {@link ConnectionUser.onWritable}.
   */
  writeBody(chunk: Uint8Array): boolean {
    if (this.#closed) return true;
    this.#bodyQueue.push(chunk);
    this.#bodyQueued += chunk.length;
    if (!this.#flushScheduled) {
      this.#flushScheduled = true;
      setImmediate(() => this.#flushBody());
    }
    if (this.#bodyQueued + this.#socket.writableLength < BODY_HIGH_WATER) return true;
    this.#bodyBlocked = true;
    return false;
  }

  /** Stops reading: the client does not keep up. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** ABORT_REQUEST, then close: the request is given up (lsapi-protocol §2.8). */
  abort(): void {
    if (this.#closed) return;
    const socket = this.#socket;
    this.#forget();
    socket.resume();
    socket.end(encodeEmpty(PacketType.AbortRequest));
    const timer = setTimeout(() => socket.destroy(), ABORT_LINGER_MS);
    socket.once('close', () => clearTimeout(timer));
  }

  /** Closes without a word. */
  destroy(): void {
    if (this.#closed) return;
    this.#forget();
    this.#socket.destroy();
  }

  /** Closes the connection and tells its user. */
  fail(error: LsapiError): void {
    if (this.#closed) return;
    const user = this.#user;
    this.destroy();
    user?.onFailure(error);
  }

  #forget(): void {
    this.#closed = true;
    this.#user = undefined;
    this.#bodyQueue = [];
    this.#bodyQueued = 0;
    clearTimeout(this.#acknowledgeTimer);
    if (this.#unanswered) this.#owner.forgotten();
    this.#unanswered = false;
    this.#owner.closed(this);
  }

  #onGone(): void {
    const cause = this.#error;
    const what = cause === undefined ? 'closed the connection' : `broke the connection (${cause.message})`;
    this.fail(
      new LsapiError(
        'LSAPI_ERR_GATEWAY_RESPONSE',
        `The application ${what} before the response was complete`,
        {
          cause,
        },
      ),
    );
  }

  #onData(chunk: Buffer): void {
    if (this.#closed) return;
    if (this.#unanswered) {
      this.#unanswered = false;
      clearTimeout(this.#acknowledgeTimer);
      this.#owner.acknowledged();
    }
    let packets: readonly ResponsePacket[];
    let failure: LsapiError | undefined;
    try {
      packets = this.#decoder.push(chunk);
    } catch {
      packets = this.#decoder.decodedBeforeFailure;
      failure = this.#decoder.failure;
    }
    for (const packet of packets) {
      this.#dispatch(packet);
      if (this.#closed) return;
    }
    if (failure !== undefined) this.fail(failure);
    else if (this.#user !== undefined) this.#scheduleDry();
    // The start of a packet behind the response would be taken for one of the next.
    else if (!this.#reusable || this.#decoder.midPacket) this.destroy();
    else if (this.#ended) {
      this.#ended = false;
      // The client may not have kept up with the last bytes; the next request is not to wait for it.
      this.#socket.resume();
      this.#owner.released(this);
    }
  }

  #dispatch(packet: ResponsePacket): void {
    switch (packet.type) {
      case PacketType.ReqReceived:
        return;
      case PacketType.StderrStream:
        if (pidOf(packet) === undefined) this.#logStderr(packet.payload);
        return;
      case PacketType.ConnClose:
        this.#reusable = false;
        this.#user?.onConnClose();
        return;
      case PacketType.InternalError:
        if (packet.payload.length > 0) this.fail(violation('INTERNAL_ERROR with a payload'));
        return;
      default:
    }
    const user = this.#user;
    if (user === undefined) {
      this.fail(violation('a response packet without a request'));
      return;
    }
    switch (packet.type) {
      case PacketType.RespHeader:
        user.onHeader(packet);
        return;
      case PacketType.RespStream:
        user.onStream(packet.payload);
        return;
      case PacketType.RespEnd:
        if (!user.onEnd()) this.#reusable = false;
        this.#user = undefined;
        this.#ended = true;
        this.#served++;
    }
  }

  /** The check phase follows the reads of this loop turn: by then all that had arrived was handed over. */
  #scheduleDry(): void {
    if (this.#dryScheduled) return;
    this.#dryScheduled = true;
    setImmediate(() => {
      this.#dryScheduled = false;
      this.#user?.onDry();
    });
  }

  #flushBody(): void {
    this.#flushScheduled = false;
    if (this.#closed || this.#bodyQueued === 0) return;
    const queue = this.#bodyQueue;
    this.#bodyQueue = [];
    this.#bodyQueued = 0;
    const socket = this.#socket;
    socket.cork();
    for (const chunk of queue) socket.write(chunk);
    socket.uncork();
    if (!socket.writableNeedDrain) this.#unblockBody();
  }

  #unblockBody(): void {
    if (!this.#bodyBlocked) return;
    this.#bodyBlocked = false;
    this.#user?.onWritable();
  }

  #logStderr(payload: Buffer): void {
    for (const line of payload.toString('utf8').split('\n')) {
      if (line !== '') this.#options.errorLog(`[stderr] ${line}`);
    }
  }
}

/** What the application must not do (lsapi-protocol §2.1, §2.7, §2.9). */
export function violation(what: string): LsapiError {
  return new LsapiError('LSAPI_ERR_GATEWAY_RESPONSE', `The application broke the protocol: ${what}`);
}
