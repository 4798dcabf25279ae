/**
 * Node.js behind LiteSpeed web servers: serve any Node app over LSAPI.
 *
 * Apps need nothing of this when `lsnode` runs them. For direct use there are {@link createServer}, an
 * http.Server that speaks LSAPI, and {@link raw}, the fastest style of handler.
 *
 * @packageDocumentation
 */
export { LsapiError, isLsapiError, type LsapiErrorCode } from './errors.js';
export { createServer, Server, type ServerOptions } from './http/server.js';
export { RequestEnvironment } from './http/request-environment.js';
export { raw, type RawHandler } from './raw/raw.js';
export { RawRequest } from './raw/raw-request.js';
export { RawResponse, type RawBody, type RawHeaders } from './raw/raw-response.js';
export { onAfterFork, onBeforeExit, onBeforeFork, type Hook } from './process-group/hooks.js';
