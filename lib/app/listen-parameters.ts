import type { ServerAddress } from '../http/take-over.js';

/**
 * What `server.address()` answers for a server that was told to listen with these parameters: the port or path that
 * was asked for, else the socket's path as the web server knows it. Never null: apps read `.port` without a look.
 */
export function addressForApp(
  parameters: readonly unknown[],
  socketPath: string | undefined,
): NonNullable<ServerAddress> {
  const [first, second] = parameters;
  const options = (typeof first === 'object' && first !== null ? first : {}) as {
    port?: unknown;
    path?: unknown;
    host?: unknown;
  };
  const path = typeof first === 'string' && !/^\d+$/.test(first) ? first : options.path;
  if (typeof path === 'string') return path;
  const asked = typeof first === 'number' || typeof first === 'string' ? first : options.port;
  const port = typeof asked === 'number' || typeof asked === 'string' ? Number(asked) : NaN;
  const host = typeof second === 'string' ? second : typeof options.host === 'string' ? options.host : '::';
  const family = host.includes(':') ? 'IPv6' : 'IPv4';
  if (Number.isInteger(port)) return { address: host, family, port };
  return socketPath ?? { address: host, family, port: 0 };
}

/** The call as it may stand in the app, for the log. */
export function describeListen(parameters: readonly unknown[]): string {
  const shown = parameters
    .filter((parameter) => typeof parameter !== 'function' && parameter !== undefined)
    .map((parameter) => JSON.stringify(parameter));
  return `listen(${shown.join(', ')})`;
}
