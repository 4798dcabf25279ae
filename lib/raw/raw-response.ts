import { inspect } from 'node:util';
import { isUint8Array } from 'node:util/types';
import { LsapiError } from '../errors.js';
import { RespondFlag } from '../native/binding.js';
import { respond } from '../native/exchange.js';
import { headerError } from '../native/header-error.js';
import { toServerStatus } from '../native/status.js';
import { toHeaderText } from './header-text.js';
import type { RawConnections } from './raw-connections.js';
import type { RawRequest } from './raw-request.js';

/**
 * Response headers: an object (a value may be an array, for a line each), or pairs where order or repetition
 * matters: an array, a Map, a Headers object.
 */
export type RawHeaders =
  | Readonly<Record<string, string | number | readonly string[]>>
  | Iterable<readonly [name: string, value: string | number]>;

/** Text goes out as UTF-8. */
export type RawBody = string | Uint8Array;

/** Pending bytes from which write() asks for patience. */
const HIGH_WATER_MARK = 64 * 1024;

/**
 * The answer to a {@link RawRequest}: one send(), or writeHead(), write()s and end(). Once the client has left,
 * whatever is sent goes nowhere, without an error: `request.signal` tells of it.
 */
export class RawResponse {
  /** Whether the header is on its way. */
  headersSent = false;
  /** Whether the response is complete, or the client gone. */
  ended = false;

  readonly #connections: RawConnections;
  readonly #request: RawRequest;
  #hasBody: boolean;
  #status = 0;
  /** The header waits for the first bytes of the body, to leave in the same packet. */
  #headerText = '';
  #headerCount = 0;
  #drained: Promise<void> | undefined = undefined;
  #drainWaiter: (() => void) | undefined = undefined;

  /** @internal */
  constructor(connections: RawConnections, request: RawRequest) {
    this.#connections = connections;
    this.#request = request;
    this.#hasBody = request.method !== 'HEAD';
  }

  /**
   * Sends the whole response. Content-Length is added.
   *
   * @param status - 200 to 999
   * @throws LsapiError LSAPI_ERR_HEADER_…, LSAPI_ERR_CONTENT_LENGTH or LSAPI_ERR_STATUS with nothing sent, so that
   *   another answer can be given; LSAPI_ERR_HEADERS_SENT, LSAPI_ERR_RESPONSE_ENDED
   */
  send(status: number, headers?: RawHeaders | null, body?: RawBody | null): void {
    if (!this.#isOpen('send')) return;
    checkBody(body);
    this.#setHead('send', status, headers);
    this.#transmit(RespondFlag.End | RespondFlag.ContentLength, body);
  }

  /** Sets status and header; they leave with the first write(), flush() or end(), which check them. */
  writeHead(status: number, headers?: RawHeaders | null): this {
    if (this.#isOpen('writeHead')) this.#setHead('writeHead', status, headers);
    return this;
  }

  /** Sends the header now. */
  flush(): void {
    if (this.ended || this.headersSent) return;
    this.#transmit(0, undefined);
  }

  /**
   * Sends a part of the body. Returns true, or a promise that resolves once the server has taken what is
   * pending: `await response.write(chunk)` gives back-pressure.
   */
  write(chunk: RawBody): true | Promise<void> {
    if (!this.#isOpen('write')) return true;
    checkBody(chunk);
    if (chunk.length > 0 || !this.headersSent) this.#transmit(0, chunk);
    return this.#drained ?? true;
  }

  /** Ends the response, with a last part of the body if given. */
  end(chunk?: RawBody | null): void {
    if (!this.#isOpen('end')) return;
    checkBody(chunk);
    // A body that is all there is has its length announced.
    this.#transmit(this.headersSent ? RespondFlag.End : RespondFlag.End | RespondFlag.ContentLength, chunk);
  }

  /**
   * @internal send() for styles that have the lines of the header already, in latin1.
   *
   * @param announceLength - false where the body's length is not what the client has to know: HEAD without a body
   */
  sendLines(
    status: number,
    text: string,
    count: number,
    body: RawBody | null,
    announceLength: boolean,
  ): void {
    if (!this.#isOpen('send')) return;
    this.#status = toServerStatus(status);
    this.#headerText = text;
    this.#headerCount = count;
    this.#transmit(announceLength ? RespondFlag.End | RespondFlag.ContentLength : RespondFlag.End, body);
  }

  /** @internal What was pending is sent, or given up. */
  drain(): void {
    const waiter = this.#drainWaiter;
    this.#drainWaiter = undefined;
    this.#drained = undefined;
    waiter?.();
  }

  #setHead(method: string, status: number, headers: RawHeaders | null | undefined): void {
    if (this.headersSent || this.#status !== 0) {
      throw new LsapiError(
        'LSAPI_ERR_HEADERS_SENT',
        `response.${method}(): status and header have been given already; use write() and end().`,
      );
    }
    const mapped = toServerStatus(status);
    const { text, count } = toHeaderText(headers);
    this.#status = mapped;
    this.#headerText = text;
    this.#headerCount = count;
  }

  #transmit(flags: number, body: RawBody | null | undefined): void {
    const { slot, serial } = this.#request;
    if (!this.headersSent) {
      if (this.#status === 0) this.#status = 200;
      if (isBodyless(this.#status)) this.#hasBody = false;
    }
    const pending = respond(
      this.#connections.set,
      slot,
      serial,
      this.#hasBody ? flags : flags | RespondFlag.NoBody,
      this.#status,
      this.headersSent ? undefined : this.#headerText,
      this.#headerCount,
      body ?? undefined,
    );
    if (pending < -1) throw this.#takeBack(pending);
    this.headersSent = true;
    if ((flags & RespondFlag.End) !== 0) {
      this.ended = true;
      this.#connections.forget(this.#request);
    } else if (pending > HIGH_WATER_MARK && this.#drained === undefined) {
      this.#drained = new Promise((resolve) => (this.#drainWaiter = resolve));
      this.#connections.set.watchDrain(slot, serial);
    }
  }

  /** The header was refused and nothing is sent: another one may be given. */
  #takeBack(refusal: number): LsapiError {
    const error = headerError(refusal, this.#headerText);
    this.#status = 0;
    this.#headerText = '';
    this.#headerCount = 0;
    this.#hasBody = this.#request.method !== 'HEAD';
    return error;
  }

  /** False when the client has left, so that nothing is to be done. */
  #isOpen(method: string): boolean {
    if (!this.ended) return true;
    if (this.#request.gone !== undefined) return false;
    throw new LsapiError('LSAPI_ERR_RESPONSE_ENDED', `response.${method}() after the response has ended.`);
  }
}

/** Statuses whose responses have no body. */
function isBodyless(status: number): boolean {
  return status === 204 || status === 304 || status === 205;
}

/** The native side takes what it gets for bytes; reported as Node's own response does. */
function checkBody(body: unknown): void {
  if (typeof body === 'string' || body === undefined || body === null || isUint8Array(body)) return;
  throw Object.assign(
    new TypeError(
      `The body of a response must be a string or a Uint8Array (a Buffer), not ${inspect(body, { depth: 0 })}.`,
    ),
    { code: 'ERR_INVALID_ARG_TYPE' },
  );
}
