import type { IncomingMessage } from 'node:http';

/** Where the body goes. */
export interface BodySink {
  /** @returns `false` to be called again only after {@link RequestBody.resume}. */
  writeBody(chunk: Uint8Array): boolean;
}

/**
 * Bytes of a request's body that are kept so that the request can be delivered again. OpenLiteSpeed keeps the whole
 * body; the gateway promises flat memory instead, and answers 502 when a longer upload would have to be repeated.
 */
export const REPLAY_LIMIT = 1024 * 1024;

/** The body of one request: passes through to the current delivery and keeps a copy of short ones. */
export class RequestBody {
  readonly #req: IncomingMessage;
  #copy: Buffer[] | undefined = [];
  #received = 0;
  #ended = false;
  #sink: BodySink | undefined;
  #discarding = false;
  #onProgress: (() => void) | undefined;
  /** The application is not told the length, so it cannot tell the end of the body from the next request. */
  endless = false;

  constructor(req: IncomingMessage) {
    this.#req = req;
    req.on('data', (chunk: Buffer) => this.#onData(chunk));
    req.on('end', () => {
      this.#ended = true;
      this.#onProgress?.();
    });
    req.pause();
  }

  /** Whether the client has sent all of it. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Bytes so far. */
  get received(): number {
    return this.#received;
  }

  /** Whether all bytes so far can be sent again. */
  get replayable(): boolean {
    return this.#copy !== undefined;
  }

  /** Sends what has arrived, and from now on what arrives. */
  attach(sink: BodySink): void {
    this.#sink = sink;
    let writable = true;
    for (const chunk of this.#copy ?? []) writable = sink.writeBody(chunk) && writable;
    if (writable) this.#req.resume();
  }

  /** Holds the body back until the next delivery. */
  detach(): void {
    this.#sink = undefined;
    if (!this.#discarding) this.#req.pause();
  }

  /** After the sink returned `false`. */
  resume(): void {
    this.#req.resume();
  }

  /** Lets the rest of the body run into the void: the response is complete. */
  discard(): void {
    this.#discarding = true;
    this.#copy = undefined;
    this.#sink = undefined;
    this.#req.resume();
  }

  /**
   * Collects the body before its delivery, until it is complete, longer than {@link REPLAY_LIMIT}, or `patienceMs` have
   * passed.
   */
  collect(patienceMs: number, done: () => void): void {
    const finish = (): void => {
      clearTimeout(timer);
      this.#onProgress = undefined;
      this.detach();
      done();
    };
    const timer = setTimeout(finish, patienceMs);
    this.#onProgress = () => {
      if (this.#ended || this.#copy === undefined || this.#received >= REPLAY_LIMIT) finish();
    };
    this.#req.resume();
  }

  #onData(chunk: Buffer): void {
    this.#received += chunk.length;
    if (this.#discarding) return;
    if (this.#copy !== undefined) {
      if (this.#received <= REPLAY_LIMIT || this.#sink === undefined) this.#copy.push(chunk);
      else this.#copy = undefined;
    }
    if (this.#sink?.writeBody(chunk) === false) this.#req.pause();
    this.#onProgress?.();
  }
}
