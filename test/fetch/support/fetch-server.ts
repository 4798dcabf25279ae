import type { FetchHandler } from '#lib/fetch/fetch.js';
import { FetchConnections } from '#lib/fetch/fetch-connections.js';
import { ConnectionsServer, type ServerOptions } from '../../support/connections-server.js';
import { patience } from '../../support/program-environment.js';

export type FetchServer = ConnectionsServer<FetchConnections>;

/**
 * Servers of the tests of the enclosing suite.
 *
 * @returns what starts one, for a fetch function or an object that has one
 */
export function fetchServers(): (
  handler: FetchHandler['fetch'] | FetchHandler,
  options?: ServerOptions,
) => FetchServer {
  const servers: FetchServer[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });
  return (handler, options) => {
    const served = typeof handler === 'function' ? { fetch: handler } : handler;
    const server = new ConnectionsServer(
      (connectionOptions) => new FetchConnections(served, connectionOptions),
      options,
    );
    servers.push(server);
    return server;
  };
}

/** Waits until a condition holds that no event tells of. */
export async function eventually(condition: () => boolean, what: string): Promise<void> {
  for (const deadline = Date.now() + patience(10_000); !condition();) {
    if (Date.now() > deadline) throw new Error(`Still not so after 10 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
