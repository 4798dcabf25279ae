import type { ServerResponse } from 'node:http';
import {
  constants,
  createGunzip,
  createInflate,
  createInflateRaw,
  type Gunzip,
  type Inflate,
} from 'node:zlib';
import { GATEWAY_NAME } from './environ.js';
import type { ResponseHead } from './response-policy.js';
import { isBodilessStatus } from './status.js';

/** Body bytes that wait for the end of the response in the hope of a Content-Length. */
const MAX_PENDING = 1024 * 1024;

/** The response as the client gets it: decides about framing as OpenLiteSpeed does (lsapi-protocol §2.10, §9). */
export class ClientResponse {
  readonly #res: ServerResponse;
  readonly #acceptEncoding: string;
  readonly #isHead: boolean;
  #head: ResponseHead | undefined;
  #started = false;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  /** Names and values that an internal redirect carries over. */
  #carried: readonly string[] = [];
  #bodiless = false;
  /** Body bytes that the client still expects, if a length was announced. */
  #remaining: number | undefined;
  #unzip: Gunzip | Inflate | undefined;
  #bytes = 0;
  #onWritable: (() => void) | undefined;

  constructor(res: ServerResponse, method: string, acceptEncoding: string) {
    this.#res = res;
    this.#isHead = method === 'HEAD';
    this.#acceptEncoding = acceptEncoding;
    res.on('drain', () => this.#onWritable?.());
  }

  /** Body bytes given to the client's connection. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether the header has been sent: it cannot be changed any more. */
  get started(): boolean {
    return this.#started;
  }

  /** Whether body bytes wait for the client to read. */
  get blocked(): boolean {
    return this.#unzip === undefined ? this.#res.writableNeedDrain : this.#unzip.writableNeedDrain;
  }

  /** Called when the client reads again after {@link write} returned `false`. */
  set onWritable(callback: () => void) {
    this.#onWritable = callback;
  }

  /** Adds headers to whatever response follows. */
  carry(headers: readonly string[]): void {
    this.#carried = [...this.#carried, ...headers];
  }

  /** Sets the header; it leaves with {@link flush} or {@link end}. */
  setHead(head: ResponseHead): void {
    this.#head = head;
  }

  /** Takes a piece of the body. @returns `false` if the client does not keep up. */
  write(chunk: Buffer): boolean {
    if (chunk.length === 0) return true;
    if (this.#started) return this.#writeBody(chunk);
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.length;
    return this.#pendingBytes < MAX_PENDING || this.flush();
  }

  /** Sends the header and what waits: with the application's Content-Length, else chunked. */
  flush(): boolean {
    if (this.#started || this.#head === undefined) return true;
    this.#start(this.#head, undefined);
    if (this.#pendingBytes === 0) this.#res.flushHeaders();
    return this.#writePending();
  }

  /**
   * The delivery failed: body bytes that wait are sent, as OpenLiteSpeed does (response vector 209), a header alone is
   * forgotten (207).
   */
  endDelivery(): void {
    if (this.#started) return;
    if (this.#pendingBytes > 0) this.flush();
    else this.#head = undefined;
  }

  /** Ends the response, unless announced bytes are missing. @returns Their number. */
  end(): number {
    if (!this.#started && this.#head !== undefined) {
      // Complete before the header left: the real count replaces what the application announced.
      this.#start(this.#head, this.#pendingBytes);
      this.#writePending();
    }
    const missing = this.#bodiless ? 0 : (this.#remaining ?? 0);
    if (missing > 0) return missing;
    if (this.#unzip !== undefined) this.#unzip.end();
    else this.#res.end();
    return 0;
  }

  /** Closes the client's connection behind what was written: the only way to say that the response is not whole. */
  cut(): void {
    const { socket } = this.#res;
    if (socket === null) this.#res.destroy();
    // Node writes at the end of the tick.
    else setImmediate(() => socket.destroySoon());
  }

  #start(head: ResponseHead, total: number | undefined): void {
    this.#started = true;
    this.#bodiless = this.#isHead || isBodilessStatus(head.status);
    const unzips = head.encoding !== undefined && !accepts(this.#acceptEncoding, head.encoding);
    if (unzips && !this.#bodiless) this.#startUnzip(head.encoding === 'gzip');
    const own = unzips ? withoutEncoding(head.headers) : head.headers;
    const headers = ['server', GATEWAY_NAME, ...this.#carried, ...own];
    if (head.status === 205 && !this.#isHead) {
      // OpenLiteSpeed sends none and leaves an HTTP/1.1 client waiting for the end of the connection.
      headers.push('content-length', '0');
    } else if (!this.#bodiless && !head.chunked && !unzips) {
      this.#remaining = total ?? head.contentLength;
      if (this.#remaining !== undefined) headers.push('content-length', String(this.#remaining));
    }
    this.#res.writeHead(head.status, headers);
  }

  #writePending(): boolean {
    const pending = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    if (pending.length === 0) return true;
    this.#res.cork();
    let writable = true;
    for (const chunk of pending) writable = this.#writeBody(chunk);
    this.#res.uncork();
    return writable;
  }

  #writeBody(chunk: Buffer): boolean {
    if (this.#bodiless) return true;
    let piece = chunk;
    if (this.#remaining !== undefined) {
      // More than the announced length is cut off (response vector 122).
      if (piece.length > this.#remaining) piece = piece.subarray(0, this.#remaining);
      this.#remaining -= piece.length;
      if (piece.length === 0) return true;
    }
    if (this.#unzip !== undefined) return this.#unzip.write(piece);
    this.#bytes += piece.length;
    return this.#res.write(piece);
  }

  #startUnzip(gzip: boolean): void {
    // What has arrived is to leave at once, and a truncated end is no reason to withhold the rest.
    const options = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH };
    const first = this.#pending[0]?.[0] ?? 0x78;
    const isRaw = (first & 0x0f) !== 8;
    const unzip = gzip ? createGunzip(options) : isRaw ? createInflateRaw(options) : createInflate(options);
    this.#unzip = unzip;
    unzip.on('data', (chunk: Buffer) => (this.#bytes += chunk.length));
    unzip.on('drain', () => this.#onWritable?.());
    unzip.on('error', () => this.#res.destroy());
    this.#res.on('close', () => unzip.destroy());
    unzip.pipe(this.#res);
  }
}

/** Whether an Accept-Encoding header admits the encoding. */
function accepts(acceptEncoding: string, encoding: string): boolean {
  return acceptEncoding.split(',').some((entry) => {
    const [name = '', ...parameters] = entry.split(';').map((part) => part.trim().toLowerCase());
    const refused = parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
    return !refused && (name === encoding || name === `x-${encoding}` || name === '*');
  });
}

function withoutEncoding(headers: readonly string[]): string[] {
  return headers.filter((_, n) => headers[n - (n % 2)] !== 'content-encoding');
}
