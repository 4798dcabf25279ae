import { LsapiError } from '../errors.js';
import { RespondFlag } from '../native/binding.js';
import { headerError } from '../native/header-error.js';
import { toServerStatus } from '../native/status.js';
import type { RawConnections } from './raw-connections.js';
import type { RawRequest } from './raw-request.js';

/** Response headers: an object, or pairs where order or repetition matters. Set-Cookie may be an array. */
export type RawHeaders =
  | Readonly<Record<string, string | number | readonly string[]>>
  | readonly (readonly [name: string, value: string | number])[];

const HIGH_WATER_MARK = 64 * 1024;

/** Code points that latin1 has not: they would be cut to other characters, line breaks among them. */
// eslint-disable-next-line no-control-regex -- the very range is the point
const BEYOND_LATIN1 = /[^\x00-\xff]/;

/** The answer to a {@link RawRequest}: one send(), or writeHead(), write()s and end(). */
export class RawResponse {
  /** Whether the header is on its way. */
  headersSent = false;
  /** Whether the response is complete, or the client gone. */
  ended = false;

  /** @internal */ drainWaiter: (() => void) | undefined = undefined;
  readonly #connections: RawConnections;
  readonly #request: RawRequest;
  readonly #isHead: boolean;
  #drained: Promise<void> | undefined = undefined;
  /** The header waits for the first bytes of the body, to leave in the same packet. */
  #status = 0;
  #headerText = '';
  #headerCount = 0;

  /** @internal */
  constructor(connections: RawConnections, request: RawRequest) {
    this.#connections = connections;
    this.#request = request;
    this.#isHead = request.method === 'HEAD';
  }

  /**
   * Sends the whole response. Content-Length is added.
   *
   * @param status - 200 to 999
   * @param body - text goes out as UTF-8
   * @throws LsapiError LSAPI_ERR_HEADER_… or LSAPI_ERR_STATUS with nothing sent, so that another answer can be
   *   given; LSAPI_ERR_HEADERS_SENT, LSAPI_ERR_RESPONSE_ENDED
   */
  send(status: number, headers?: RawHeaders | null, body?: string | Uint8Array | null): void {
    this.#requireOpen('send');
    if (this.headersSent || this.#status !== 0) {
      throw new LsapiError('LSAPI_ERR_HEADERS_SENT', 'response.send() after writeHead(); use write() and end().');
    }
    this.#setHead(status, headers);
    this.#transmit(RespondFlag.End | RespondFlag.ContentLength, body ?? undefined);
  }

  /** Sets status and header; they leave with the first write(), flush() or end(). */
  writeHead(status: number, headers?: RawHeaders | null): this {
    this.#requireOpen('writeHead');
    if (this.headersSent || this.#status !== 0) {
      throw new LsapiError('LSAPI_ERR_HEADERS_SENT', 'response.writeHead() was called already.');
    }
    this.#setHead(status, headers);
    return this;
  }

  /** Sends the header now. */
  flush(): void {
    if (this.ended || this.headersSent) return;
    this.#setDefaultHead();
    this.#transmit(0, undefined);
  }

  /**
   * Sends a part of the body. Returns true, or a promise that resolves once the server has taken what is
   * pending: `await response.write(chunk)` gives back-pressure. After the client has left the bytes go nowhere.
   */
  write(chunk: string | Uint8Array): true | Promise<void> {
    if (this.#request.aborted) return true;
    this.#requireOpen('write');
    this.#setDefaultHead();
    if (chunk.length > 0 || !this.headersSent) this.#transmit(0, chunk);
    return this.#drained ?? true;
  }

  /** Ends the response, with a last part of the body if given. */
  end(chunk?: string | Uint8Array | null): void {
    if (this.#request.aborted) return;
    this.#requireOpen('end');
    const isWhole = !this.headersSent;
    this.#setDefaultHead();
    this.#transmit(RespondFlag.End | (isWhole ? RespondFlag.ContentLength : 0), chunk ?? undefined);
  }

  /** @internal */
  drain(): void {
    const waiter = this.drainWaiter;
    this.drainWaiter = undefined;
    this.#drained = undefined;
    waiter?.();
  }

  #setDefaultHead(): void {
    if (this.#status === 0) this.#status = 200;
  }

  #setHead(status: number, headers: RawHeaders | null | undefined): void {
    const mapped = toServerStatus(status);
    let text = '';
    let count = 0;
    if (Array.isArray(headers)) {
      for (const [name, value] of headers as readonly (readonly [string, string | number])[]) {
        text += `${name}: ${value}\n`;
        count++;
      }
    } else if (headers) {
      const record = headers as Readonly<Record<string, string | number | readonly string[]>>;
      for (const name in record) {
        const value = record[name]!;
        if (typeof value === 'object') {
          for (const item of value) {
            text += `${name}: ${item}\n`;
            count++;
          }
        } else {
          text += `${name}: ${value}\n`;
          count++;
        }
      }
    }
    if (BEYOND_LATIN1.test(text)) {
      throw new LsapiError(
        'LSAPI_ERR_HEADER_INVALID',
        'A response header holds characters beyond latin1 (U+00FF). Encode them, for example with encodeURIComponent().',
      );
    }
    this.#status = mapped;
    this.#headerText = text;
    this.#headerCount = count;
  }

  #transmit(flags: number, body: string | Uint8Array | undefined): void {
    const { slot, serial } = this.#request;
    const header = this.headersSent ? undefined : this.#headerText;
    const pending = this.#connections.set.respond(
      slot,
      serial,
      this.#isHead ? flags | RespondFlag.NoBody : flags,
      this.#status,
      header,
      this.#headerCount,
      body,
    );
    if (pending < -1) {
      this.#status = 0;
      throw headerError(pending, this.#headerText);
    }
    this.headersSent = true;
    if ((flags & RespondFlag.End) !== 0) {
      this.ended = true;
      this.#connections.forget(this.#request);
    } else if (pending > HIGH_WATER_MARK && this.#drained === undefined) {
      this.#drained = new Promise((resolve) => (this.drainWaiter = resolve));
      this.#connections.set.watchDrain(slot, serial);
    }
  }

  #requireOpen(method: string): void {
    if (!this.ended) return;
    throw new LsapiError('LSAPI_ERR_RESPONSE_ENDED', `response.${method}() after the response has ended.`);
  }
}
