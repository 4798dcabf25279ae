import diagnosticsChannel from 'node:diagnostics_channel';
import http from 'node:http';
import { webSocketRefused } from '../connections/plain-answer.js';
import { findSymbol, kCapture } from './internals.js';
import type { LsapiSocket } from './lsapi-socket.js';
import type { NodeConnections } from './node-connections.js';
import type { Response } from './server-response.js';
import { surfaceRejection, surfaceThrown } from './surface-error.js';

const CONTINUE = /(?:^|\W)100-continue(?:$|\W)/i;

const WEBSOCKET = /(?:^|[,\s])websocket(?:$|[,\s/])/i;

/** The same channel as Node's own server, for tracers. */
const requestStart = diagnosticsChannel.channel('http.server.request.start');

export function publishStart(
  server: http.Server,
  socket: LsapiSocket,
  request: http.IncomingMessage,
  response: http.ServerResponse,
): void {
  if (requestStart.hasSubscribers) requestStart.publish({ request, response, socket, server });
}

/** Hands a request to the app. */
export function emitRequest(
  this: NodeConnections,
  server: http.Server,
  request: http.IncomingMessage,
  response: http.ServerResponse,
): void {
  try {
    if (server.listenerCount('upgrade') > 0 && isWebSocket(request)) refuseWebSocket(response);
    else server.emit('request', request, response);
  } catch (error) {
    this.failRequest(error, request, response);
    if (this.surfacesErrors) surfaceThrown(error);
  }
}

/**
 * Whether the client wants a WebSocket of a server that listens to 'upgrade', by something else than a handshake, which
 * has been refused before. Without such a listener it is a request as any other, as in Node.
 */
function isWebSocket({ headers }: http.IncomingMessage): boolean {
  return headers.upgrade !== undefined && WEBSOCKET.test(headers.upgrade);
}

/** An 'upgrade' listener would get a socket without bytes. */
function refuseWebSocket(response: http.ServerResponse): void {
  response.writeHead(webSocketRefused.status, webSocketRefused.headers);
  response.end(webSocketRefused.body);
}

/** A request with an Expect header, as Node's own server treats it. */
export function emitExpectation(
  this: NodeConnections,
  server: http.Server,
  request: http.IncomingMessage,
  response: http.ServerResponse,
): void {
  try {
    if (CONTINUE.test(request.headers.expect ?? '')) {
      // The web server has asked for the body itself; an app may still want to decide.
      const event = server.listenerCount('checkContinue') > 0 ? 'checkContinue' : 'request';
      server.emit(event, request, response);
    } else if (server.listenerCount('checkExpectation') > 0) {
      server.emit('checkExpectation', request, response);
    } else {
      response.writeHead(417);
      response.end();
    }
  } catch (error) {
    this.failRequest(error, request, response);
    if (this.surfacesErrors) surfaceThrown(error);
  }
}

type ResponseConstructor = new (request: http.IncomingMessage, options?: object) => http.ServerResponse;

/** The classes that `http.createServer({ServerResponse, IncomingMessage})` was given. */
export function serverClasses(server: http.Server): {
  ServerResponse: ResponseConstructor;
  IncomingMessage: typeof http.IncomingMessage | undefined;
} {
  const find = <T>(description: string): T | undefined => {
    const symbol = findSymbol(server, description);
    return symbol && (server as unknown as Record<symbol, T>)[symbol];
  };
  return {
    ServerResponse: find<ResponseConstructor>('ServerResponse') ?? http.ServerResponse,
    IncomingMessage: find<typeof http.IncomingMessage>('IncomingMessage'),
  };
}

const kRejection = Symbol.for('nodejs.rejection');

/**
 * Makes rejections of async 'request' listeners arrive here, as `captureRejections` does. A server on which the app
 * switched that on itself is left alone: Node answers 500 then.
 */
export function routeRejections(server: http.Server): void {
  if (kCapture === undefined) return;
  const own = server as unknown as Record<symbol, unknown>;
  if (own[kCapture] === true) return;
  own[kCapture] = true;
  own[kRejection] = (error: unknown, _event: string, ...parameters: unknown[]) => {
    const [request, response] = parameters as [http.IncomingMessage, Partial<Response> | undefined];
    const connections = response?.lsapiOutput?.socket.connections;
    // Any other event: as without the switch, an unhandled rejection.
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- whatever the listener rejected with
    if (connections === undefined) void Promise.reject(error);
    else {
      connections.failRequest(error, request, response as Response);
      if (connections.surfacesErrors) surfaceRejection(error);
    }
  };
}
