/**
 * The development gateway: the web server's part of LSAPI in Node, for development and for tests.
 *
 * @module lsapi/gateway
 */
export { formatAccessLog, type AccessLogEntry } from './access-log.js';
export { createGateway } from './gateway.js';
export type { Gateway, GatewayContext, GatewayOptions, ListenAddress } from './options.js';
