import { answerPlainly, serverError } from '../connections/plain-answer.js';
import { RespondFlag } from '../native/binding.js';
import { respond } from '../native/exchange.js';
import { headerError } from '../native/header-error.js';
import type { OutgoingInternals } from './internals.js';
import type { LsapiSocket } from './lsapi-socket.js';

export type Callback = (error?: Error | null) => void;

/**
 * What a response has handed over and the native side has not got yet. Node's write() and end() run unchanged;
 * only the places where they would write HTTP to a socket lead here.
 */
export class ResponseOutput {
  readonly socket: LsapiSocket;
  /** The status that goes to the server; 0 until the header is stored. */
  status = 0;
  headerText: string | undefined = undefined;
  headerCount = 0;
  chunk: string | Uint8Array | undefined = undefined;
  chunkIsLatin1 = false;
  chunks: Buffer[] | undefined = undefined;
  /** Length of what is collected; of text in characters. */
  size = 0;
  /** Of write() and end(), in order. */
  callbacks: Callback[] | undefined = undefined;
  /** The response was ended and the end packet is still owed. */
  endOwed = false;
  /** The native side will tell when the server has taken everything. */
  drainWatched = false;
  /** Body bytes that the app announced and has not sent; -1 without an announcement. */
  lengthLeft = -1;

  constructor(socket: LsapiSocket) {
    this.socket = socket;
  }

  hasOutput(): boolean {
    return this.headerText !== undefined || this.chunk !== undefined || this.chunks !== undefined;
  }

  add(data: string | Uint8Array, encoding: BufferEncoding | null | undefined): void {
    this.size += data.length;
    const isText = typeof data === 'string';
    const isLatin1 = isText && (encoding === 'latin1' || encoding === 'binary');
    const isPlain = !isText || isLatin1 || !encoding || encoding === 'utf8' || encoding === 'utf-8';
    if (this.chunk === undefined && this.chunks === undefined && isPlain) {
      this.chunk = data;
      this.chunkIsLatin1 = isLatin1;
      return;
    }
    // Several writes in one tick leave as one.
    if (this.chunks === undefined) {
      this.chunks = [];
      if (this.chunk !== undefined) {
        this.chunks.push(toBuffer(this.chunk, this.chunkIsLatin1 ? 'latin1' : 'utf8'));
      }
      this.chunk = undefined;
      this.chunkIsLatin1 = false;
    }
    this.chunks.push(toBuffer(data, encoding));
  }

  takeBody(): string | Uint8Array | undefined {
    const { chunk, chunks } = this;
    this.chunk = undefined;
    this.chunks = undefined;
    this.size = 0;
    if (chunks === undefined) return chunk;
    return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
  }
}

function toBuffer(data: string | Uint8Array, encoding: BufferEncoding | null | undefined): Buffer {
  if (typeof data === 'string') return Buffer.from(data, encoding ?? 'utf8');
  return Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

/**
 * Sends what a response has collected; with `end` its end too.
 *
 * @returns bytes that the server has not taken yet, -1 where the request is over.
 */
export function flushOutput(output: ResponseOutput, end: boolean): number {
  const { socket } = output;
  let flags = end ? RespondFlag.End : 0;
  if (!(socket._httpMessage as unknown as OutgoingInternals)._hasBody) flags |= RespondFlag.NoBody;
  if (output.chunkIsLatin1) flags |= RespondFlag.Latin1;
  let body = output.takeBody();
  output.chunkIsLatin1 = false;
  if (output.lengthLeft >= 0) {
    if (body !== undefined) body = limitBody(output, body, (flags & RespondFlag.Latin1) !== 0);
    if (end && output.lengthLeft > 0) reportShortBody(output);
  }
  const header = output.headerText;
  output.headerText = undefined;
  const { set } = socket.connections;
  const pending = respond(
    set,
    socket.slot,
    socket.serial,
    flags,
    output.status,
    header,
    output.headerCount,
    body,
  );
  if (body !== undefined) socket.bytesSent += body.length;
  return pending < -1 ? refused(output, pending, header ?? '') : pending;
}

/**
 * The native side found what the checks of setHeader() and writeHead() did not: an app that goes round them. Too
 * late for an exception, since the response counts as sent; the request gets its answer all the same.
 */
function refused(output: ResponseOutput, code: number, header: string): -1 {
  const { socket } = output;
  const { connections, slot, serial } = socket;
  const error = headerError(code, header);
  connections.log(`${describe(output)} was replaced by a 500: ${error.message}`);
  answerPlainly(
    connections.set,
    slot,
    serial,
    serverError(connections.development ? error : undefined),
    false,
  );
  return -1;
}

/** Keeps a body within its announced length: bytes beyond it would be taken for the next response. */
function limitBody(output: ResponseOutput, body: string | Uint8Array, latin1: boolean): string | Uint8Array {
  const size = typeof body === 'string' ? (latin1 ? body.length : Buffer.byteLength(body)) : body.byteLength;
  if (size <= output.lengthLeft) {
    output.lengthLeft -= size;
    return body;
  }
  output.socket.connections.log(
    `${describe(output)} sent ${size - output.lengthLeft} bytes more than its Content-Length; cut off`,
  );
  const cut = toBuffer(body, latin1 ? 'latin1' : 'utf8').subarray(0, output.lengthLeft);
  output.lengthLeft = 0;
  return cut;
}

function reportShortBody(output: ResponseOutput): void {
  output.socket.connections.log(
    `${describe(output)} ended ${output.lengthLeft} bytes short of its Content-Length; the client may wait for them`,
  );
}

function describe(output: ResponseOutput): string {
  const { method, url } = output.socket.request;
  return `the response to ${method} ${url}`;
}
