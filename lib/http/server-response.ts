import type http from 'node:http';
import { toServerStatus } from '../native/status.js';
import { end } from './end-at-once.js';
import type { HeaderValue } from './header-lines.js';
import { HeaderLines, trailerRefused } from './header-lines.js';
import type { OutgoingInternals } from './internals.js';
import { kNeedDrain, kOutHeaders, nodeFinish } from './internals.js';
import { setHeader } from './out-headers.js';
import type { LsapiSocket } from './lsapi-socket.js';
import type { Callback } from './response-output.js';
import { ResponseOutput } from './response-output.js';

/** A response as this package extends it: own properties, because Express replaces the prototype. */
export type Response = http.ServerResponse & OutgoingInternals & { lsapiOutput: ResponseOutput };

/**
 * Makes a response of Node's class (or the server's subclass) write to an LSAPI connection. Only what core calls
 * underneath is replaced: write(), writeHead() and all the others stay those of the class, or of whoever patched
 * it; end() too, except in its simplest case.
 */
export function attachResponse(response: http.ServerResponse, socket: LsapiSocket): void {
  const own = response as Response & Record<'_storeHeader' | '_send' | '_finish', unknown>;
  own.lsapiOutput = new ResponseOutput(socket);
  own._storeHeader = storeHeader;
  own._send = send;
  own._finish = finish;
  (own as { end: unknown }).end = end;
  (own as { setHeader: unknown }).setHeader = setHeader;
  own.addTrailers = addTrailers;
  (response as { socket: unknown }).socket = socket; // assignSocket() without its listener
  socket._httpMessage = response;
  // Only a subclass can have listeners already, as with setTimeout() in its constructor.
  if (own._eventsCount > 0) response.emit('socket', socket);
}

/** Replaces OutgoingMessage's: collects the header for LSAPI in place of HTTP's text. */
function storeHeader(
  this: Response,
  statusLine: string,
  headers: Record<string, unknown> | HeaderValue[] | null | undefined,
): void {
  const output = this.lsapiOutput;
  const status = toServerStatus(this.statusCode);
  const lines = new HeaderLines(output.socket.connections.uniqueHeaders);
  if (headers) {
    const stored = kOutHeaders && (this as unknown as Record<symbol, unknown>)[kOutHeaders];
    if (headers === stored) {
      const entries = stored as Record<string, [string, HeaderValue]>; // validated by setHeader()
      for (const key in entries) {
        const entry = entries[key]!;
        lines.add(entry[0], entry[1], false);
      }
    } else {
      lines.addAll(headers);
    }
  }
  // Announced for chunks they are left out, by the server; Node's server refuses them elsewhere.
  if (lines.hasTrailer && !wouldBeChunked(this, lines)) throw trailerRefused();
  if (lines.contentLength >= 0) {
    this._contentLength = lines.contentLength;
    this._removedContLen = false;
    if (this._hasBody) output.lengthLeft = lines.contentLength;
  } else if (this._hasBody && typeof this._contentLength === 'number' && !this._removedContLen) {
    lines.addContentLength(this._contentLength);
  }
  this.chunkedEncoding = false; // the server frames the body itself
  output.status = status;
  output.headerText = lines.text;
  output.headerCount = lines.count;
  this._header = statusLine + lines.text + '\r\n'; // its presence says "headers sent"
  this._headerSent = false;
}

/** Whether Node's server would send the body in chunks, given that trailers are announced. */
function wouldBeChunked(response: Response, lines: HeaderLines): boolean {
  return response._hasBody && response.useChunkedEncodingByDefault && lines.contentLength < 0;
}

/** Replaces OutgoingMessage's: keeps data until the socket is uncorked, which Node does at the end of the tick. */
function send(
  this: Response,
  data: string | Uint8Array,
  encoding: BufferEncoding | null,
  callback: Callback | null,
): boolean {
  const output = this.lsapiOutput;
  const { socket } = output;
  this._headerSent = true;
  if (!socket.alive) return false; // as on a destroyed socket, whose callbacks never run
  if (data.length > 0) output.add(data, encoding);
  const hasCallback = typeof callback === 'function';
  if (hasCallback) (output.callbacks ??= []).push(callback);
  // Nothing, with a callback, is what end() sends: the end follows at once, and takes everything along.
  if (socket.writableCorked === 0 && !(hasCallback && data.length === 0)) {
    socket.connections.flush(socket);
  }
  return socket.writableLength < socket.writableHighWaterMark;
}

/** Runs Node's own (its 'prefinish' event and traces): everything was written, the response ends. */
function finish(this: Response): void {
  const { socket } = this.lsapiOutput;
  socket.connections.finish(socket);
  nodeFinish.call(this);
}

let trailersReported = false;

/** LSAPI has no trailers: they are left out, and the log says so once. */
function addTrailers(this: Response): void {
  if (trailersReported) return;
  trailersReported = true;
  this.lsapiOutput.socket.connections.log('trailers cannot be sent over LSAPI; res.addTrailers() is ignored');
}

/** Emits the 'drain' that a write() returning false promised. */
export function emitDrain(response: http.ServerResponse): void {
  const state = response as unknown as Record<symbol, boolean>;
  if (response.writableEnded || response.destroyed) return;
  if (kNeedDrain === undefined) {
    response.emit('drain');
  } else if (state[kNeedDrain]) {
    state[kNeedDrain] = false;
    response.emit('drain');
  }
}
