import type http from 'node:http';
import type net from 'node:net';
import type { Connections } from '../connections/connections.js';
import { findSymbol } from './internals.js';

/** What `server.address()` answers: what the app listened on, or asked for. */
export type ServerAddress = net.AddressInfo | string | null;

/** A server's life behind LSAPI: who serves it, and what happens when it is closed. */
export interface ServerRole {
  readonly connections: Connections;
  readonly address: ServerAddress;
  /** Whether the connections serve others too: ref() and unref() of one server change nothing then. */
  readonly shared?: boolean;
  /** Stops taking requests and calls back once none is left. */
  close(closed: () => void): void;
}

/**
 * Lets an http.Server that never got a handle of its own behave like a listening one. The methods become own
 * properties of the instance: its class stays Node's.
 */
export function takeOver(server: http.Server, role: ServerRole): void {
  let listening = true;
  server.once('listening', () => stopConnectionChecks(server));
  const { set } = role.connections;
  const define = (name: string, descriptor: PropertyDescriptor): void => {
    Object.defineProperty(server, name, { configurable: true, enumerable: false, ...descriptor });
  };
  define('listening', { get: () => listening });
  define('address', { value: () => (listening ? role.address : null), writable: true });
  define('getConnections', {
    value: (callback: (error: Error | null, count: number) => void) => {
      process.nextTick(callback, null, set.statistics().open);
      return server;
    },
    writable: true,
  });
  define('close', {
    value: (callback?: (error?: Error) => void) => {
      server.closeIdleConnections(); // as Node's close() does, whoever has replaced it
      if (!listening) {
        const error = Object.assign(new Error('Server is not running.'), { code: 'ERR_SERVER_NOT_RUNNING' });
        if (callback !== undefined) process.nextTick(callback, error);
        return server;
      }
      listening = false;
      if (callback !== undefined) server.once('close', callback);
      role.close(() => server.emit('close'));
      return server;
    },
    writable: true,
  });
  // Idle connections belong to the web server; they are closed with the last request.
  if (!Object.hasOwn(server, 'closeIdleConnections')) {
    define('closeIdleConnections', { value: () => undefined, writable: true });
  }
  define('closeAllConnections', {
    value: () => role.connections.failRequests(new Error('server.closeAllConnections() was called')),
    writable: true,
  });
  define('ref', {
    value: () => {
      if (role.shared !== true) set.ref();
      return server;
    },
    writable: true,
  });
  define('unref', {
    value: () => {
      if (role.shared !== true) set.unref();
      return server;
    },
    writable: true,
  });
}

/**
 * Node looks for slow requests of its HTTP connections every 30 seconds; a server behind LSAPI has none. To be called
 * once 'listening' came, which starts that.
 */
export function stopConnectionChecks(server: http.Server): void {
  const timer = findSymbol(server, 'http.server.connectionsCheckingInterval');
  if (timer) clearInterval((server as unknown as Record<symbol, NodeJS.Timeout>)[timer]);
}
