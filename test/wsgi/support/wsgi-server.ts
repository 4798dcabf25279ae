import assert from 'node:assert/strict';
import type { WsgiApplication } from '#lib/wsgi/wsgi.js';
import { WsgiConnections } from '#lib/wsgi/wsgi-connections.js';
import { ConnectionsServer, type ServerOptions } from '../../support/connections-server.js';
import { isLsapiError } from '#lib/errors.js';

export type WsgiServer = ConnectionsServer<WsgiConnections>;

/**
 * Servers of the tests of the enclosing suite.
 *
 * @returns what starts one
 */
export function wsgiServers(): (application: WsgiApplication, options?: ServerOptions) => WsgiServer {
  const servers: WsgiServer[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });
  return (application, options) => {
    const server = new ConnectionsServer(
      (connectionOptions) => new WsgiConnections(application, connectionOptions),
      options,
    );
    servers.push(server);
    return server;
  };
}

export const PLAIN = [['Content-Type', 'text/plain']] as const;

/** Fails unless `action` throws an LsapiError with that code and message. */
export function assertRefused(action: () => unknown, code: string, message: RegExp): void {
  assert.throws(action, (error: unknown) => {
    assert.ok(isLsapiError(error), String(error));
    assert.deepEqual([error.code, message.test(error.message)], [code, true], error.message);
    return true;
  });
}
