import { AsyncResource } from 'node:async_hooks';
import diagnosticsChannel from 'node:diagnostics_channel';
import http from 'node:http';
import { getDefaultHighWaterMark } from 'node:stream';
import type { ConnectionOptions, Connections } from '../connections/connections.js';
import { answerPlainly, lengthRequired, requestTimeout, serverError } from '../connections/plain-answer.js';
import { LsapiError } from '../errors.js';
import type { NativeConnectionSet, NativeRequestHandler } from '../native/binding.js';
import { native, RequestTrait } from '../native/binding.js';
import {
  createIncomingMessage,
  dumpUnread,
  endBody,
  installRequestSignal,
  isConsuming,
  pumpBody,
} from './incoming-message.js';
import type { OutgoingInternals } from './internals.js';
import { kCapture } from './internals.js';
import { LsapiSocket } from './lsapi-socket.js';
import { RequestEnvironment } from './request-environment.js';
import type { ResponseOutput } from './server-response.js';
import { attachResponse, emitDrain, flushOutput } from './server-response.js';

type ResponseConstructor = new (request: http.IncomingMessage, options?: object) => http.ServerResponse;
type Response = http.ServerResponse & OutgoingInternals & { lsapiOutput: ResponseOutput };

/** The same channels as Node's own server, for tracers. */
const requestStart = diagnosticsChannel.channel('http.server.request.start');
const responseFinish = diagnosticsChannel.channel('http.server.response.finish');

const CONTINUE = /(?:^|\W)100-continue(?:$|\W)/i;

/** Serves the LSAPI connections of a process with a node:http server's 'request' listeners. */
export class NodeConnections implements Connections, NativeRequestHandler {
  readonly server: http.Server;
  readonly set: NativeConnectionSet;
  readonly highWaterMark = getDefaultHighWaterMark(false);
  readonly #responseOptions = { highWaterMark: this.highWaterMark };
  readonly #options: ConnectionOptions;
  readonly #ServerResponse: ResponseConstructor;
  readonly #IncomingMessage: typeof http.IncomingMessage | undefined;
  /** Requests in progress, by slot of the native set. */
  readonly #sockets: (LsapiSocket | undefined)[] = [];

  constructor(server: http.Server, options: ConnectionOptions) {
    installRequestSignal();
    this.server = server;
    this.#options = options;
    this.set = new native.ConnectionSet({ ...options.limits, eagerText: true }, this);
    const classes = serverClasses(server);
    this.#ServerResponse = classes.ServerResponse;
    this.#IncomingMessage = classes.IncomingMessage;
    routeRejections(server, options.log);
  }

  // --- NativeRequestHandler ---------------------------------------------------------------------------------

  onRequest(
    slot: number,
    serial: number,
    bodyLength: number,
    method: number | string,
    url: string,
    headerText: string,
    envText: string,
    traits: number,
  ): void {
    if (bodyLength < 0) {
      answerPlainly(this.set, slot, serial, lengthRequired);
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
    const response = new this.#ServerResponse(request, this.#responseOptions);
    attachResponse(response, socket);
    if (requestStart.hasSubscribers) {
      requestStart.publish({ request, response, socket, server: this.server });
    }
    // A resource of its own keeps what a listener puts into the asynchronous context with its request.
    const resource = new AsyncResource('LSAPIREQUEST', RESOURCE_OPTIONS);
    resource.runInAsyncScope(
      (traits & RequestTrait.Expect) === 0 ? emitRequest : emitExpectation,
      this,
      this.server,
      request,
      response,
    );
  }

  onBody(slot: number): void {
    const socket = this.#sockets[slot];
    if (socket !== undefined) pumpBody(socket);
  }

  onDrain(slot: number): void {
    const socket = this.#sockets[slot];
    if (socket === undefined) return;
    const response = socket._httpMessage as Response | null;
    if (response === null) return;
    const output = response.lsapiOutput;
    output.drainWatched = false;
    socket.touch();
    callBackNow(output);
    if (output.endOwed) this.#end(socket, response);
    else if (output.hasOutput()) this.flush(socket);
    else emitDrain(response);
  }

  onAbort(slot: number): void {
    const socket = this.#sockets[slot];
    if (socket !== undefined) this.requestGone(socket);
  }

  onBodyTimeout(slot: number, serial: number): void {
    const socket = this.#sockets[slot];
    if (socket === undefined) return;
    const error = new LsapiError(
      'LSAPI_ERR_BODY_TIMEOUT',
      'The request body stalled for too long (LSNODE_BODY_TIMEOUT).',
    );
    const response = socket._httpMessage;
    if (response !== null && !response.headersSent) {
      answerPlainly(this.set, slot, serial, requestTimeout);
      this.#forget(socket);
    }
    socket.request.destroy(error);
    socket.destroy();
  }

  onDrained(): void {
    this.#options.onDrained?.();
  }

  onLog(line: string): void {
    this.#options.log(line);
  }

  // --- Called by sockets, requests and responses --------------------------------------------------------------

  pendingOutput(socket: LsapiSocket): number {
    return socket.alive ? this.set.pending(socket.slot, socket.serial) : 0;
  }

  /** Sends what the response has collected; not inside end(), which sends it together with the end. */
  flush(socket: LsapiSocket): void {
    const response = socket._httpMessage as Response | null;
    if (response === null || !socket.alive) return;
    const output = response.lsapiOutput;
    if (output.ending || !output.hasOutput()) return;
    socket.touch();
    this.#afterSend(socket, output, flushOutput(output, false));
  }

  /** The response was ended: everything of it has been written. */
  finish(socket: LsapiSocket): void {
    const response = socket._httpMessage as Response | null;
    if (response === null) return;
    response.lsapiOutput.endOwed = true;
    if (socket.alive) this.#end(socket, response);
    else process.nextTick(callBackNow, response.lsapiOutput);
  }

  #end(socket: LsapiSocket, response: Response): void {
    const output = response.lsapiOutput;
    const largeBody = output.chunks !== undefined || (output.chunk?.length ?? 0) > this.highWaterMark;
    // The end packet waits for what is still to be sent, so that 'finish' means that the server has it all,
    // and for a body that is being read: after the end nothing more of it could be.
    const readingBody = socket.bodyLeft > 0 && isConsuming(socket.request);
    if (largeBody || readingBody || output.drainWatched) {
      if (output.hasOutput()) this.#afterSend(socket, output, flushOutput(output, false));
      if (!socket.alive || output.drainWatched || readingBody) return;
    }
    output.endOwed = false;
    flushOutput(output, true);
    this.#forget(socket);
    process.nextTick(finishResponse, this, socket, response);
  }

  /** The last byte of a body has been read: an end that waited for it can go out. */
  bodyEnded(socket: LsapiSocket): void {
    const response = socket._httpMessage as Response | null;
    if (response?.lsapiOutput.endOwed && socket.alive) this.#end(socket, response);
  }

  #afterSend(socket: LsapiSocket, output: ResponseOutput, pending: number): void {
    if (pending > 0) {
      if (output.drainWatched) return;
      output.drainWatched = true;
      this.set.watchDrain(socket.slot, socket.serial);
    } else if (output.callbacks !== undefined) {
      process.nextTick(callBackNow, output);
    }
  }

  /** The server gave the request up: Node's sequence of events for a client that left. */
  requestGone(socket: LsapiSocket): void {
    if (this.#sockets[socket.slot] === socket) this.#sockets[socket.slot] = undefined;
    socket.alive = false;
    const { request } = socket;
    if (!request.destroyed) {
      const error = Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
      request.destroy(error);
    }
    socket.destroy();
  }

  /** req.destroy(), res.destroy() or socket.destroy(): the request still gets an answer. */
  socketDestroyed(socket: LsapiSocket): void {
    const response = socket._httpMessage as Response | null;
    if (socket.alive) {
      if (response !== null && response.lsapiOutput.status === 0) {
        answerPlainly(this.set, socket.slot, socket.serial, serverError());
      } else if (response !== null) {
        // Header and body so far have been announced: complete is the least harmful (protocol §2.9).
        response.lsapiOutput.lengthLeft = -1;
        flushOutput(response.lsapiOutput, true);
      }
      this.#forget(socket);
    }
    if (response !== null) process.nextTick(closeResponse, response);
  }

  socketTimedOut(socket: LsapiSocket): void {
    const response = socket._httpMessage;
    const handled =
      (response !== null && socket.request.emit('timeout', socket)) ||
      (response !== null && response.emit('timeout', socket)) ||
      this.server.emit('timeout', socket);
    const own = socket.emit('timeout');
    if (!handled && !own) socket.destroy();
  }

  #forget(socket: LsapiSocket): void {
    socket.alive = false;
    socket.clearTimer();
    if (this.#sockets[socket.slot] === socket) this.#sockets[socket.slot] = undefined;
  }

  // --- Connections --------------------------------------------------------------------------------------------

  failRequests(error: unknown): void {
    for (const socket of this.#sockets) {
      if (socket === undefined || !socket.alive) continue;
      const response = socket._httpMessage as Response | null;
      if (response === null || response.lsapiOutput.status === 0 || !response._headerSent) {
        answerPlainly(this.set, socket.slot, socket.serial, serverError(this.#options.development ? error : undefined));
      } else {
        flushOutput(response.lsapiOutput, true);
      }
      this.#forget(socket);
    }
  }

  /** A listener threw or rejected: 500 where nothing was sent yet, the connection stays usable. */
  failRequest(error: unknown, request: http.IncomingMessage, response: http.ServerResponse): void {
    const shown = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#options.log(`error in the handler of ${request.method} ${request.url}: ${shown}`);
    if (response.headersSent || response.writableEnded) {
      response.destroy();
      return;
    }
    for (const name of response.getHeaderNames()) response.removeHeader(name);
    const answer = serverError(this.#options.development ? error : undefined);
    response.writeHead(answer.status, answer.headers);
    response.end(answer.body);
  }
}

const RESOURCE_OPTIONS = { requireManualDestroy: true };

function emitRequest(
  this: NodeConnections,
  server: http.Server,
  request: http.IncomingMessage,
  response: http.ServerResponse,
): void {
  try {
    server.emit('request', request, response);
  } catch (error) {
    this.failRequest(error, request, response);
  }
}

/** A request with an Expect header, as Node's own server treats it. */
function emitExpectation(
  this: NodeConnections,
  server: http.Server,
  request: http.IncomingMessage,
  response: http.ServerResponse,
): void {
  try {
    if (CONTINUE.test(request.headers.expect ?? '')) {
      // The web server has asked for the body itself; an app may still want to decide.
      if (!server.emit('checkContinue', request, response)) server.emit('request', request, response);
    } else if (!server.emit('checkExpectation', request, response)) {
      response.writeHead(417);
      response.end();
    }
  } catch (error) {
    this.failRequest(error, request, response);
  }
}

function callBackNow(output: ResponseOutput): void {
  const { callbacks } = output;
  if (callbacks === undefined) return;
  output.callbacks = undefined;
  for (const callback of callbacks) callback(null);
}

/** The tick after the end: callbacks (Node's 'finish' among them), then what Node does after a response. */
function finishResponse(connections: NodeConnections, socket: LsapiSocket, response: Response): void {
  callBackNow(response.lsapiOutput);
  if (responseFinish.hasSubscribers) {
    responseFinish.publish({ request: socket.request, response, socket, server: connections.server });
  }
  endBody(socket);
  dumpUnread(socket.request);
  socket._httpMessage = null;
  (response as { socket: unknown }).socket = null;
  process.nextTick(closeResponse, response);
}

function closeResponse(response: Response): void {
  if (response._closed) return;
  response.destroyed = true;
  response._closed = true;
  response.emit('close');
}

/** The classes that `http.createServer({ServerResponse, IncomingMessage})` was given. */
function serverClasses(server: http.Server): {
  ServerResponse: ResponseConstructor;
  IncomingMessage: typeof http.IncomingMessage | undefined;
} {
  const find = <T>(description: string): T | undefined => {
    const symbol = Object.getOwnPropertySymbols(server).find((candidate) => candidate.description === description);
    return symbol && (server as unknown as Record<symbol, T>)[symbol];
  };
  return {
    ServerResponse: find<ResponseConstructor>('ServerResponse') ?? http.ServerResponse,
    IncomingMessage: find<typeof http.IncomingMessage>('IncomingMessage'),
  };
}

const kRejection = Symbol.for('nodejs.rejection');

/** Makes rejections of async listeners arrive at the server, as `captureRejections` does. */
function routeRejections(server: http.Server, log: (line: string) => void): void {
  if (kCapture === undefined) return;
  const own = server as unknown as Record<symbol, unknown>;
  if (own[kCapture] === true) return; // the app chose it and decides itself
  own[kCapture] = true;
  own[kRejection] = (error: unknown, event: string, ...parameters: unknown[]) => {
    const [request, response] = parameters as [http.IncomingMessage, http.ServerResponse & { lsapiOutput?: ResponseOutput }];
    const connections = response?.lsapiOutput?.socket.connections;
    if (connections !== undefined) connections.failRequest(error, request, response);
    else log(`error in a listener of '${event}': ${String(error)}`);
  };
}
