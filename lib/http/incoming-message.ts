import http from 'node:http';
import { readBodyChunk } from '../connections/body-memory.js';
import { BodyRead } from '../native/binding.js';
import type { IncomingInternals } from './internals.js';
import type { LsapiSocket } from './lsapi-socket.js';
import { splitPairs } from './request-environment.js';

type Incoming = http.IncomingMessage & IncomingInternals & { socket: LsapiSocket };

/** So many reads are done for one request before others have their turn. */
const READS_IN_A_ROW = 32;

/**
 * A request of Node's own class, filled from an LSAPI request. Whatever is ours on it are own properties:
 * Express replaces the prototype.
 */
export function createIncomingMessage(
  socket: LsapiSocket,
  method: string,
  url: string,
  headerText: string,
  isHttp10: boolean,
  Class: typeof http.IncomingMessage = http.IncomingMessage,
): http.IncomingMessage {
  const request = new Class(socket as never) as unknown as Incoming;
  request.method = method;
  request.url = url;
  request.httpVersionMajor = 1;
  request.httpVersionMinor = isHttp10 ? 0 : 1;
  request.httpVersion = isHttp10 ? '1.0' : '1.1';
  const headers = splitPairs(headerText);
  if (socket.connections.joinDuplicateHeaders) request.joinDuplicateHeaders = true;
  const { maxHeadersCount } = socket.server;
  const limit = typeof maxHeadersCount === 'number' && maxHeadersCount > 0 ? 2 * maxHeadersCount : Infinity;
  request._addHeaderLines(headers, Math.min(headers.length, limit));
  request.lsapi = socket.environment;
  socket.request = request;
  request.complete = socket.bodyLeft === 0;
  request._read = request.complete ? readNothing : readBody;
  return request;
}

/** A request without a body ends when somebody reads it; nobody does with most of them. */
function readNothing(this: http.IncomingMessage): void {
  const request = this as Incoming;
  request._consuming = true;
  request.push(null);
}

function readBody(this: http.IncomingMessage): void {
  const request = this as Incoming;
  if (!request._consuming) {
    request._readableState.readingMore = false;
    request._consuming = true;
  }
  pump(request.socket, true);
}

/** Body bytes have arrived. */
export function pumpBody(socket: LsapiSocket): void {
  pump(socket, false);
}

/**
 * Reads what is there until the stream has enough, the socket is empty or the body ends.
 *
 * @param inRead Whether the stream's consumer is in read(). Its end is then told a tick later: with Node's server
 *   no consumer sees the end before it got the bytes that it asked for.
 */
function pump(socket: LsapiSocket, inRead: boolean): void {
  const request = socket.request as Incoming;
  const { set } = socket.connections;
  for (let reads = 0; socket.alive && socket.bodyLeft > 0 && !request.destroyed; reads++) {
    if (reads === READS_IN_A_ROW) {
      setImmediate(pumpBody, socket); // a fast sender must not keep the other requests waiting
      return;
    }
    const chunk = readBodyChunk(set, socket.slot, socket.serial);
    if (typeof chunk === 'number') {
      if (chunk === BodyRead.Gone) socket.connections.requestGone(socket);
      return;
    }
    socket.bodyLeft -= chunk.length;
    socket.bytesRead += chunk.length;
    socket.touch();
    const wantsMore = request.push(chunk);
    if (socket.bodyLeft === 0) {
      if (inRead) process.nextTick(endBody, socket);
      else endBody(socket);
    } else if (!wantsMore) {
      return;
    }
  }
}

/** Ends the request's stream: the body is complete, or what is left of it is given up. */
export function endBody(socket: LsapiSocket): void {
  const request = socket.request as Incoming;
  socket.bodyLeft = 0;
  if (request.complete) return;
  request.complete = true;
  request.push(null);
  socket.connections.bodyEnded(socket);
}

/**
 * Whether somebody is still reading the body: it flows, is piped, or is read on 'readable' as async iterators do.
 * Not so a request that was paused for good.
 */
export function isConsuming(request: http.IncomingMessage): boolean {
  const { _dumped, _readableState } = request as Incoming;
  if (_dumped || request.destroyed) return false;
  return (
    request.readableFlowing === true ||
    _readableState.pipes.length > 0 ||
    request.listenerCount('readable') > 0
  );
}

/** Throws away what nobody read, as Node does after a response, so that 'end' and 'close' come. */
export function dumpUnread(request: http.IncomingMessage): void {
  const incoming = request as Incoming;
  const state = incoming._readableState;
  if (incoming._consuming || state.resumeScheduled) return;
  if (incoming._eventsCount > 0 || state.length > 0) {
    if (incoming.complete && !state.ended) incoming.push(null); // Node 26 expects it before _dump()
    incoming._dump();
    return;
  }
  // Nobody listens: the state that the events would lead to is set at once, as Node's own
  // _dumpAndCloseReadable() does (24 and later).
  incoming._dumped = true;
  state.ended = true;
  state.endEmitted = true;
  state.destroyed = true;
  state.closed = true;
  state.closeEmitted = true;
}

const kSignal = Symbol('lsapi.signal');

/**
 * Gives Node 20 and 22 the `req.signal` of newer versions: aborted when the message is destroyed before
 * its end, or its connection before the response was sent. Does nothing where it exists.
 */
export function installRequestSignal(): void {
  if ('signal' in http.IncomingMessage.prototype) return;
  Object.defineProperty(http.IncomingMessage.prototype, 'signal', {
    configurable: true,
    get(this: http.IncomingMessage & { [kSignal]?: AbortController }): AbortSignal {
      let controller = this[kSignal];
      if (controller === undefined) {
        const created = new AbortController();
        controller = created;
        this[kSignal] = created;
        const socket = this.socket as typeof this.socket | null;
        if (this.destroyed ? !this.readableEnded || !this.complete : socket?.destroyed) {
          created.abort();
        } else {
          this.once('aborted', () => created.abort());
          // One's own for each LSAPI request, while an HTTP connection would collect listeners.
          if (this.lsapi !== undefined) socket?.once('close', () => created.abort());
        }
      }
      return controller.signal;
    },
  });
}
