import http from 'node:http';
import { LsapiError } from '../errors.js';
import { RespondFlag } from '../native/binding.js';
import { headerError } from '../native/header-error.js';
import { toServerStatus } from '../native/status.js';
import type { OutgoingInternals } from './internals.js';
import { kNeedDrain, kOutHeaders } from './internals.js';
import type { LsapiSocket } from './lsapi-socket.js';

/** The response as this package extends it: own properties, because Express replaces the prototype. */
interface Response extends OutgoingInternals {
  lsapiOutput: ResponseOutput;
  statusCode: number;
  req: http.IncomingMessage;
  end(...parameters: unknown[]): unknown;
  emit(event: string): boolean;
}

type Callback = (error?: Error | null) => void;

const MAXIMUM_LINE = 16380;
const MAXIMUM_HEADER = 60000;

/**
 * What a response has handed over and the native side has not got yet. Node's write() and end() run unchanged;
 * only the places where they would write HTTP to a socket lead here.
 */
export class ResponseOutput {
  readonly socket: LsapiSocket;
  status = 0;
  headerText: string | undefined = undefined;
  headerCount = 0;
  chunk: string | Uint8Array | undefined = undefined;
  chunkIsLatin1 = false;
  chunks: Buffer[] | undefined = undefined;
  callbacks: Callback[] | undefined = undefined;
  /** Inside end(): what is written goes out together with the end. */
  ending = false;
  /** Whether the 'finish' machinery was called and the end packet is still owed. */
  endOwed = false;
  drainWatched = false;
  /** Body bytes that the response announced and has not sent; -1 without an announcement. */
  lengthLeft = -1;

  constructor(socket: LsapiSocket) {
    this.socket = socket;
  }

  hasOutput(): boolean {
    return this.headerText !== undefined || this.chunk !== undefined || this.chunks !== undefined;
  }

  add(data: string | Uint8Array, encoding: BufferEncoding | null | undefined): void {
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
      if (this.chunk !== undefined) this.chunks.push(toBuffer(this.chunk, this.chunkIsLatin1 ? 'latin1' : 'utf8'));
      this.chunk = undefined;
      this.chunkIsLatin1 = false;
    }
    this.chunks.push(toBuffer(data, encoding));
  }

  takeBody(): string | Uint8Array | undefined {
    const { chunk, chunks } = this;
    this.chunk = undefined;
    this.chunks = undefined;
    if (chunks === undefined) return chunk;
    return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
  }
}

function toBuffer(data: string | Uint8Array, encoding: BufferEncoding | null | undefined): Buffer {
  if (typeof data === 'string') return Buffer.from(data, encoding ?? 'utf8');
  return Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

/** Makes a response of Node's class (or the server's subclass) write to an LSAPI connection. */
export function attachResponse(response: http.ServerResponse, socket: LsapiSocket): void {
  const own = response as unknown as Response & Record<string, unknown>;
  own.lsapiOutput = new ResponseOutput(socket);
  own._storeHeader = storeHeader;
  own._send = send;
  own._finish = finish;
  own.end = end;
  own.addTrailers = addTrailers;
  (response as { socket: unknown }).socket = socket; // assignSocket() without its listener
  socket._httpMessage = response;
}

type HeaderValue = string | number | readonly string[];

/** Replaces OutgoingMessage's: collects the header for LSAPI in place of HTTP's text. */
function storeHeader(
  this: Response,
  statusLine: string,
  headers: Record<string, unknown> | HeaderValue[] | null | undefined,
): void {
  const output = this.lsapiOutput;
  const status = toServerStatus(this.statusCode);
  const lines = new HeaderLines();
  if (headers) {
    const stored = kOutHeaders && (this as unknown as Record<symbol, unknown>)[kOutHeaders];
    if (headers === stored) {
      // setHeader() has validated these.
      for (const key in headers) {
        const entry = (headers as Record<string, [string, HeaderValue]>)[key]!;
        lines.add(entry[0], entry[1], false);
      }
    } else if (Array.isArray(headers)) {
      addList(lines, headers);
    } else {
      for (const key of Object.keys(headers)) lines.add(key, headers[key] as HeaderValue, true);
    }
  }
  if (lines.contentLength >= 0) {
    this._contentLength = lines.contentLength;
    this._removedContLen = false;
  } else if (this._hasBody && typeof this._contentLength === 'number' && !this._removedContLen) {
    lines.add('Content-Length', String(this._contentLength), false);
  }
  this.chunkedEncoding = false; // the server frames the body itself
  output.status = status;
  output.headerText = lines.text;
  output.headerCount = lines.count;
  output.lengthLeft = this._hasBody ? lines.contentLength : -1;
  this._header = statusLine + lines.text + '\r\n'; // its presence says "headers sent"
  this._headerSent = false;
}

function addList(lines: HeaderLines, headers: readonly unknown[]): void {
  if (Array.isArray(headers[0])) {
    for (const [name, value] of headers as [string, HeaderValue][]) lines.add(name, value, true);
    return;
  }
  for (let index = 0; index < headers.length; index += 2) {
    lines.add(headers[index] as string, headers[index + 1] as HeaderValue, true);
  }
}

/** The header text for the native side: lines ended by LF. Refuses what the server cannot carry. */
class HeaderLines {
  text = '';
  count = 0;
  contentLength = -1;

  add(name: string, value: HeaderValue, validate: boolean): void {
    if (Array.isArray(value)) {
      // One line each, but cookies in a single line: as Node sends them.
      if (value.length > 1 && name.length === 6 && name.toLowerCase() === 'cookie') {
        this.addLine(name, value.join('; '), validate);
      } else {
        for (const item of value as string[]) this.addLine(name, item, validate);
      }
      return;
    }
    this.addLine(name, value as string, validate);
  }

  private addLine(name: string, value: string, validate: boolean): void {
    if (validate) {
      http.validateHeaderName(name);
      http.validateHeaderValue(name, value);
    }
    if (name.length === 14 && name.toLowerCase() === 'content-length') {
      const text = String(value).trim();
      if (!/^\d{1,15}$/.test(text)) {
        throw new LsapiError(
          'LSAPI_ERR_CONTENT_LENGTH',
          `Content-Length must be digits only, not ${JSON.stringify(text)}.`,
        );
      }
      if (this.contentLength >= 0) return;
      this.contentLength = Number(text);
    }
    const line = `${name}: ${value}\n`;
    if (line.length > MAXIMUM_LINE || this.text.length + line.length > MAXIMUM_HEADER || this.count === 1000) {
      throw new LsapiError(
        'LSAPI_ERR_HEADER_TOO_LARGE',
        `Response header ${JSON.stringify(name)} (${line.length} bytes) does not fit: the server takes 16380 bytes a ` +
          'line, about 60000 bytes and 1000 lines in all. Send less in headers.',
      );
    }
    this.text += line;
    this.count++;
  }
}

/** Replaces OutgoingMessage's: keeps data until the tick ends, end() comes or somebody flushes. */
function send(
  this: Response,
  data: string | Uint8Array,
  encoding: BufferEncoding | null,
  callback: Callback | null,
): boolean {
  const output = this.lsapiOutput;
  const { socket } = output;
  this._headerSent = true;
  if (!socket.alive) {
    if (typeof callback === 'function') process.nextTick(callback, null);
    return false;
  }
  if (data.length > 0) output.add(data, encoding);
  if (typeof callback === 'function') (output.callbacks ??= []).push(callback);
  if (output.ending) return true;
  const { connections } = socket;
  // Node corks the response around a write until the tick's end; flushHeaders() does not.
  if (data.length === 0 || (this as unknown as http.ServerResponse).writableCorked === 0) {
    connections.flush(socket);
  }
  return connections.pendingOutput(socket) + bufferedSize(output) < connections.highWaterMark;
}

function bufferedSize(output: ResponseOutput): number {
  let size = output.chunk?.length ?? 0;
  if (output.chunks !== undefined) for (const chunk of output.chunks) size += chunk.length;
  return size;
}

/** Runs Node's end() – or whatever patched it – knowing that the response ends here. */
function end(this: Response, ...parameters: unknown[]): unknown {
  const output = this.lsapiOutput;
  output.ending = true;
  try {
    return (http.ServerResponse.prototype.end as (...parameters: unknown[]) => unknown).apply(
      this,
      parameters,
    );
  } finally {
    output.ending = false;
  }
}

/** Replaces OutgoingMessage's: everything was written, the response ends. */
function finish(this: Response): void {
  this.emit('prefinish');
  this.lsapiOutput.socket.connections.finish(this.lsapiOutput.socket);
}

let trailersReported = false;

/** LSAPI has no trailers: they are left out, and the log says so once. */
function addTrailers(this: Response): void {
  if (trailersReported) return;
  trailersReported = true;
  process.stderr.write('lsapi: trailers cannot be sent over LSAPI; res.addTrailers() is ignored\n');
}

/**
 * Sends what a response has collected; with `end` its end too.
 *
 * @returns bytes that the server has not taken yet, -1 where the request is over.
 */
export function flushOutput(output: ResponseOutput, end: boolean): number {
  const { socket } = output;
  const { set } = socket.connections;
  const response = socket._httpMessage as unknown as Response;
  let flags = end ? RespondFlag.End : 0;
  if (!response._hasBody) flags |= RespondFlag.NoBody;
  if (output.chunkIsLatin1) flags |= RespondFlag.Latin1;
  let body = output.takeBody();
  output.chunkIsLatin1 = false;
  if (output.lengthLeft >= 0 && body !== undefined) body = limitBody(output, body, (flags & RespondFlag.Latin1) !== 0);
  if (end && output.lengthLeft > 0) reportShortBody(output, response);
  const header = output.headerText;
  output.headerText = undefined;
  const pending = set.respond(
    socket.slot,
    socket.serial,
    flags,
    output.status,
    header,
    output.headerCount,
    body,
  );
  if (body !== undefined) socket.bytesWritten += body.length;
  if (pending < -1) throw headerError(pending, header ?? '');
  return pending;
}

/** Keeps a body within its announced length: bytes beyond it would be taken for the next response. */
function limitBody(output: ResponseOutput, body: string | Uint8Array, latin1: boolean): string | Uint8Array {
  const size =
    typeof body === 'string' ? (latin1 ? body.length : Buffer.byteLength(body)) : body.byteLength;
  if (size <= output.lengthLeft) {
    output.lengthLeft -= size;
    return body;
  }
  process.stderr.write(
    `lsapi: ${describe(output)} sent ${size - output.lengthLeft} bytes more than its Content-Length; cut off\n`,
  );
  const cut = toBuffer(body, latin1 ? 'latin1' : 'utf8').subarray(0, output.lengthLeft);
  output.lengthLeft = 0;
  return cut;
}

function reportShortBody(output: ResponseOutput, response: Response): void {
  if (!response._hasBody) return;
  process.stderr.write(
    `lsapi: ${describe(output)} ended ${output.lengthLeft} bytes short of its Content-Length; ` +
      'the client may wait for them\n',
  );
}

function describe(output: ResponseOutput): string {
  const { method, url } = output.socket.request;
  return `the response to ${method} ${url}`;
}

/** Emits the 'drain' that a write() returning false promised. */
export function emitDrain(response: http.ServerResponse): void {
  const state = response as unknown as Record<symbol, boolean>;
  if (kNeedDrain === undefined) {
    response.emit('drain');
  } else if (state[kNeedDrain]) {
    state[kNeedDrain] = false;
    response.emit('drain');
  }
}
