import { AsyncResource } from 'node:async_hooks';
import type http from 'node:http';
import { getDefaultHighWaterMark } from 'node:stream';
import type { ConnectionOptions, Connections } from '../connections/connections.js';
import {
  answerPlainly,
  lengthRequired,
  requestTimeout,
  serverError,
  webSocketRefused,
} from '../connections/plain-answer.js';
import { LsapiError } from '../errors.js';
import type { NativeConnectionSet, NativeRequestHandler } from '../native/binding.js';
import { RequestTrait } from '../native/binding.js';
import { openConnectionSet } from '../native/exchange.js';
import { emitExpectation, emitRequest, publishStart, routeRejections, serverClasses } from './dispatch.js';
import { createIncomingMessage, installRequestSignal, isConsuming, pumpBody } from './incoming-message.js';
import { kUniqueHeaders } from './internals.js';
import { LsapiSocket } from './lsapi-socket.js';
import { RequestEnvironment } from './request-environment.js';
import { callBack, callBackDestroyed, closeResponse, finishResponse, finishWhole } from './response-end.js';
import type { ResponseOutput } from './response-output.js';
import { flushOutput } from './response-output.js';
import type { Response } from './server-response.js';
import { attachResponse, emitDrain } from './server-response.js';

const RESOURCE_OPTIONS = { requireManualDestroy: true };
/** How often a body that holds up the end of its response is looked at. */
const BODY_PATIENCE_MS = 2000;

/** Serves the LSAPI connections of a process with a node:http server's 'request' listeners. */
export class NodeConnections implements Connections, NativeRequestHandler {
  readonly server: http.Server;
  readonly set: NativeConnectionSet;
  readonly highWaterMark: number;
  /** Takes one line for the log. */
  readonly log: (line: string) => void;
  readonly development: boolean;
  /** Whether listeners of the process hear of errors that its 'request' listeners threw. */
  readonly surfacesErrors: boolean;
  /** Options of http.createServer that concern single messages. */
  readonly joinDuplicateHeaders: boolean;
  readonly uniqueHeaders: ReadonlySet<string> | null | undefined;
  readonly #responseOptions: object;
  readonly #options: ConnectionOptions;
  readonly #prepare: ((request: http.IncomingMessage) => void) | undefined;
  readonly #ServerResponse: new (request: http.IncomingMessage, options?: object) => http.ServerResponse;
  readonly #IncomingMessage: typeof http.IncomingMessage | undefined;
  /** Requests in progress, by slot of the native set. */
  readonly #sockets: (LsapiSocket | undefined)[] = [];

  /** @param prepare - called with each request before the server's listeners are */
  constructor(
    server: http.Server,
    options: ConnectionOptions,
    prepare?: (request: http.IncomingMessage) => void,
  ) {
    installRequestSignal();
    this.server = server;
    this.log = options.log;
    this.development = options.development;
    this.surfacesErrors = options.surfacesErrors ?? false;
    this.#options = options;
    this.#prepare = prepare;
    this.set =
      options.set ??
      openConnectionSet({ ...options.limits, eagerText: true }, options.requestLog?.handle(this) ?? this);
    const chosen = server as http.Server & {
      highWaterMark?: number;
      joinDuplicateHeaders?: boolean;
      rejectNonStandardBodyWrites?: boolean;
      [kUniqueHeaders: symbol]: ReadonlySet<string> | null;
    };
    this.highWaterMark = chosen.highWaterMark ?? getDefaultHighWaterMark(false);
    this.joinDuplicateHeaders = chosen.joinDuplicateHeaders === true;
    this.uniqueHeaders = kUniqueHeaders && chosen[kUniqueHeaders];
    this.#responseOptions = {
      highWaterMark: this.highWaterMark,
      rejectNonStandardBodyWrites: chosen.rejectNonStandardBodyWrites,
    };
    const classes = serverClasses(server);
    this.#ServerResponse = classes.ServerResponse;
    this.#IncomingMessage = classes.IncomingMessage;
    routeRejections(server);
  }

  // --- NativeRequestHandler ---------------------------------------------------------------------------------

  onRequest(
    slot: number,
    serial: number,
    bodyLength: number,
    method: string,
    url: string,
    headerText: string,
    envText: string,
    traits: number,
  ): void {
    if (bodyLength < 0) {
      answerPlainly(this.set, slot, serial, lengthRequired);
      return;
    }
    if ((traits & RequestTrait.WebSocket) !== 0) {
      answerPlainly(this.set, slot, serial, webSocketRefused, false);
      return;
    }
    const socket = new LsapiSocket(this, slot, serial, bodyLength, new RequestEnvironment(envText));
    this.#sockets[slot] = socket;
    const request = createIncomingMessage(
      socket,
      method,
      url,
      headerText,
      (traits & RequestTrait.Http10) !== 0,
      this.#IncomingMessage,
    );
    if (this.#prepare !== undefined) this.#prepare(request);
    const response = new this.#ServerResponse(request, this.#responseOptions);
    const { server } = this;
    if (server.timeout > 0) socket.setTimeout(server.timeout);
    publishStart(server, socket, request, response);
    attachResponse(response, socket);
    // A resource of its own keeps what a listener puts into the asynchronous context with its request.
    const resource = new AsyncResource('LSAPIREQUEST', RESOURCE_OPTIONS);
    socket.resource = resource;
    resource.runInAsyncScope(
      (traits & RequestTrait.Expect) === 0 ? emitRequest : emitExpectation,
      this,
      server,
      request,
      response,
    );
  }

  onBody(slot: number): void {
    const socket = this.#sockets[slot];
    socket?.resource!.runInAsyncScope(pumpBody, undefined, socket);
  }

  onDrain(slot: number): void {
    const socket = this.#sockets[slot];
    const response = socket?._httpMessage as Response | null | undefined;
    if (socket === undefined || !response) return;
    response.lsapiOutput.drainWatched = false;
    socket.touch();
    socket.resource!.runInAsyncScope(() => this.#drained(socket, response));
  }

  onAbort(slot: number): void {
    const socket = this.#sockets[slot];
    socket?.resource!.runInAsyncScope(() => this.requestGone(socket));
  }

  onBodyTimeout(slot: number, serial: number): void {
    const socket = this.#sockets[slot];
    if (socket === undefined) return;
    const error = new LsapiError(
      'LSAPI_ERR_BODY_TIMEOUT',
      'The request body stalled for too long (LSNODE_BODY_TIMEOUT).',
    );
    if (socket._httpMessage?.headersSent === false) {
      answerPlainly(this.set, slot, serial, requestTimeout);
      this.#forget(socket);
    }
    socket.resource!.runInAsyncScope(() => socket.request.destroy(error));
    socket.destroy();
  }

  onDrained(): void {
    this.#options.onDrained?.();
  }

  onLog(line: string): void {
    this.log(line);
  }

  onRelax(): void {
    this.#options.onRelax?.();
  }

  onRetire(orphaned: boolean): void {
    this.#options.onRetire?.(orphaned);
  }

  // --- Called by sockets, requests and responses --------------------------------------------------------------

  /** Bytes of the response that the server has not taken: ours and those of the native side. */
  pendingOutput(socket: LsapiSocket): number {
    if (!socket.alive) return 0;
    const response = socket._httpMessage as Response | null;
    return (response?.lsapiOutput.size ?? 0) + this.set.pending(socket.slot, socket.serial);
  }

  /** Sends what the response has collected. */
  flush(socket: LsapiSocket): void {
    const response = socket._httpMessage as Response | null;
    if (response === null || !socket.alive) return;
    const output = response.lsapiOutput;
    if (!output.hasOutput()) return;
    socket.touch();
    this.#afterSend(socket, output, flushOutput(output, false));
  }

  /** The response was ended: everything of it has been written. */
  finish(socket: LsapiSocket): void {
    const response = socket._httpMessage as Response | null;
    if (response === null || !socket.alive) return;
    response.lsapiOutput.endOwed = true;
    this.#end(socket, response);
  }

  #end(socket: LsapiSocket, response: Response, withoutReader = false): void {
    const output = response.lsapiOutput;
    // The end packet waits for what is still to be sent, so that 'finish' means that the server has it all,
    // and for a body that is being read: after the end nothing more of it could be.
    const largeBody = output.size > this.highWaterMark;
    const readingBody = !withoutReader && socket.bodyLeft > 0 && isConsuming(socket.request);
    if (largeBody || readingBody || output.drainWatched) {
      if (output.hasOutput()) this.#afterSend(socket, output, flushOutput(output, false));
      if (!socket.alive || output.drainWatched) return;
      if (readingBody) {
        setTimeout(checkReader, BODY_PATIENCE_MS, this, socket, socket.bodyLeft).unref();
        return;
      }
    }
    output.endOwed = false;
    flushOutput(output, true);
    this.#forget(socket);
    process.nextTick(finishResponse, socket, response);
  }

  /** The response has been sent whole, its end included. */
  responseEnded(socket: LsapiSocket): void {
    this.#forget(socket);
    process.nextTick(finishWhole, socket, socket._httpMessage);
  }

  /** No more of a body will be read: an end that waited for it can go out. */
  bodyEnded(socket: LsapiSocket): void {
    const response = socket._httpMessage as Response | null;
    if (response?.lsapiOutput.endOwed && socket.alive) this.#end(socket, response, true);
  }

  /** @param pending What the server has not taken; below 0: the request is over, by a refused header. */
  #afterSend(socket: LsapiSocket, output: ResponseOutput, pending: number): void {
    if (pending > 0) {
      if (output.drainWatched) return;
      output.drainWatched = true;
      this.set.watchDrain(socket.slot, socket.serial);
    } else if (pending < 0) {
      this.#forget(socket);
      socket.destroy();
    } else {
      process.nextTick(sent, socket, output);
    }
  }

  /** The server has taken everything: first 'drain', then the callbacks of write(), as a socket does it. */
  #drained(socket: LsapiSocket, response: Response): void {
    const output = response.lsapiOutput;
    if (output.endOwed) {
      this.#end(socket, response);
    } else {
      const { callbacks } = output;
      output.callbacks = undefined;
      emitDrain(response);
      if (callbacks !== undefined) for (const callback of callbacks) callback(null);
    }
  }

  /** The server gave the request up. */
  requestGone(socket: LsapiSocket): void {
    this.#forget(socket);
    socket._hadError = true;
    socket.destroy();
  }

  /** req.destroy(), res.destroy(), socket.destroy(), or the client left: the request still gets an answer. */
  socketDestroyed(socket: LsapiSocket): void {
    const response = socket._httpMessage as Response | null;
    if (socket.alive) {
      if (response === null || !isHeaderOut(response.lsapiOutput)) {
        answerPlainly(this.set, socket.slot, socket.serial, serverError(), false);
      } else {
        // Header and body so far have been announced: complete is the least harmful (protocol §2.9).
        response.lsapiOutput.lengthLeft = -1;
        flushOutput(response.lsapiOutput, true);
      }
      this.#forget(socket);
    }
    if (response === null) return;
    socket._hadError = true;
    socket.prependOnceListener('close', closeSocket);
  }

  /** As Node's server does on a socket's 'timeout'. */
  socketTimedOut(socket: LsapiSocket): void {
    if (!socket.alive) return;
    if (socket.outputMoved()) return;
    const response = socket._httpMessage;
    const { request } = socket;
    const byRequest = !request.complete && request.emit('timeout', socket);
    const byResponse = response?.emit('timeout', socket) ?? false;
    const byServer = this.server.emit('timeout', socket);
    if (!byRequest && !byResponse && !byServer) socket.destroy();
    socket.emit('timeout');
  }

  #forget(socket: LsapiSocket): void {
    socket.alive = false;
    socket.clearTimer();
    if (this.#sockets[socket.slot] === socket) this.#sockets[socket.slot] = undefined;
  }

  // --- Errors -------------------------------------------------------------------------------------------------

  failRequests(error: unknown): void {
    for (const socket of this.#sockets) {
      if (socket === undefined || !socket.alive) continue;
      const response = socket._httpMessage as Response | null;
      if (response === null || !isHeaderOut(response.lsapiOutput)) {
        const shown = this.development ? error : undefined;
        answerPlainly(this.set, socket.slot, socket.serial, serverError(shown));
        this.#forget(socket);
        const { method, url } = socket.request;
        this.log(`${method} ${url} was in progress when the process had to end; answered with 500`);
      }
      socket.destroy();
    }
  }

  /** A listener threw or rejected: 500 where nothing was sent yet, the connection stays usable. */
  failRequest(error: unknown, request: http.IncomingMessage, response: http.ServerResponse): void {
    const shown = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.log(`error in the handler of ${request.method} ${request.url}: ${shown}`);
    const { lsapiOutput: output } = response as Response;
    if (output.status !== 0 || response.writableEnded || response.destroyed) {
      response.destroy();
      return;
    }
    const answer = serverError(this.development ? error : undefined);
    try {
      for (const name of response.getHeaderNames()) response.removeHeader(name);
      for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value);
      response.statusCode = answer.status;
      response.statusMessage = '';
      (response as Response)._removedContLen = false;
      (response as Response)._hasBody = request.method !== 'HEAD';
      response.end(answer.body);
    } catch (failure) {
      // Who replaced a method of the response has thrown there.
      this.log(`error in the answer to the error: ${String(failure)}`);
      response.destroy();
    }
  }
}

/** Whether the server has got the header: nothing else can be answered then. */
function isHeaderOut(output: ResponseOutput): boolean {
  return output.status !== 0 && output.headerText === undefined;
}

/** The tick after data went out at once. */
function sent(socket: LsapiSocket, output: ResponseOutput): void {
  const response = socket._httpMessage as Response | null;
  if (response === null || !socket.alive) return;
  if (!output.drainWatched && output.size === 0) emitDrain(response);
  callBack(output);
}

/** A reader of the body that takes nothing any more must not hold up the end for good. */
function checkReader(connections: NodeConnections, socket: LsapiSocket, leftBefore: number): void {
  if (!socket.alive || socket.bodyLeft === 0) return;
  const { request } = socket;
  // What the reader waits for is limited by the native side's time for bodies.
  const isStuck = socket.bodyLeft === leftBefore && request.readableLength > 0;
  if (isStuck) connections.bodyEnded(socket);
  else setTimeout(checkReader, BODY_PATIENCE_MS, connections, socket, socket.bodyLeft).unref();
}

/** What Node's server does on a socket's 'close', before the listeners of others. */
function closeSocket(this: LsapiSocket): void {
  const response = this._httpMessage as Response | null;
  if (response === null) return;
  const { request } = this;
  if (!request.destroyed) request.destroy(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }));
  closeResponse(response);
  callBackDestroyed(response.lsapiOutput);
}
