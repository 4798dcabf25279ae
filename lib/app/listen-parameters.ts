import net from 'node:net';
import type { ServerAddress } from '../http/take-over.js';

/** Where a server was told to listen. */
export interface ListenTarget {
  readonly path?: string;
  readonly port?: number;
  readonly host?: string;
}

/** What the parameters of `listen()` say of the address; the rest of them is left to Node. */
export function targetOf(parameters: readonly unknown[]): ListenTarget {
  const [first, second] = parameters;
  const isObject = typeof first === 'object' && first !== null;
  const options = (isObject ? first : {}) as { port?: unknown; path?: unknown; host?: unknown };
  const path = typeof first === 'string' && !/^\d+$/.test(first) ? first : options.path;
  if (typeof path === 'string') return { path };
  const asked = typeof first === 'number' || typeof first === 'string' ? first : options.port;
  const port = typeof asked === 'number' || typeof asked === 'string' ? Number(asked) : NaN;
  const host = isObject ? options.host : second;
  return { ...(Number.isInteger(port) && { port }), ...(typeof host === 'string' && { host }) };
}

/**
 * What `server.address()` answers for a server that was told to listen with these parameters: the port or path that
 * was asked for, else the socket's path as the web server knows it. Never null: apps read `.port` without a look.
 */
export function addressForApp(
  parameters: readonly unknown[],
  socketPath: string | undefined,
): NonNullable<ServerAddress> {
  const { path, port, host = '::' } = targetOf(parameters);
  if (path !== undefined) return path;
  // Node tells the address that the name stands for; apps compare it with what they look up themselves.
  const address = host === 'localhost' ? '127.0.0.1' : host;
  const family = net.isIPv6(address) ? 'IPv6' : 'IPv4';
  if (port !== undefined) return { address, family, port };
  return socketPath ?? { address, family, port: 0 };
}

/** Whether two servers were told to listen on the same port, of whichever addresses of this machine, or the same path. */
export function isSameTarget(one: readonly unknown[], other: readonly unknown[]): boolean {
  const [a, b] = [targetOf(one), targetOf(other)];
  if (a.path !== undefined || b.path !== undefined) return a.path === b.path;
  return a.port !== undefined && a.port !== 0 && a.port === b.port;
}

/** The call as it may stand in the app, for the log. */
export function describeListen(parameters: readonly unknown[]): string {
  const shown = parameters
    .filter((parameter) => typeof parameter !== 'function' && parameter !== undefined)
    .map((parameter) => JSON.stringify(parameter));
  return `listen(${shown.join(', ')})`;
}
