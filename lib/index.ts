/**
 * Node.js behind LiteSpeed web servers: serve any Node app over LSAPI.
 *
 * Apps need nothing of this when `lsnode` runs them. For direct use there is {@link createServer}, an http.Server that
 * speaks LSAPI. Besides Node's own, `lsnode` runs handlers of three styles: {@link raw}, the fastest;
 * {@link FetchHandler}, with the web's Request and Response; and {@link wsgi}, PEP 3333 carried over.
 *
 * @module lsapi
 */
export { LsapiError, isLsapiError, type LsapiErrorCode } from './errors.js';
export type { FetchHandler } from './fetch/fetch.js';
export type { ClientEnd, FetchContext, ServerEnd } from './fetch/fetch-context.js';
export { createServer, Server, type ConnectionLimits, type ServerOptions } from './http/server.js';
export { RequestEnvironment } from './http/request-environment.js';
export type { LiteSpeedEnvironment, LiteSpeedVariable } from './litespeed/environment.js';
export { raw, type RawHandler } from './raw/raw.js';
export { RawRequest } from './raw/raw-request.js';
export { RawResponse, type RawBody, type RawHeaders } from './raw/raw-response.js';
export { onAfterFork, onBeforeExit, onBeforeFork, type Hook } from './process-group/hooks.js';
export {
  wsgi,
  type StartResponse,
  type WsgiApplication,
  type WsgiChunk,
  type WsgiEnviron,
  type WsgiHeaders,
  type WsgiResult,
  type WsgiWrite,
} from './wsgi/wsgi.js';
export type { WsgiErrors } from './wsgi/errors-stream.js';
export type { WsgiInput } from './wsgi/input.js';
