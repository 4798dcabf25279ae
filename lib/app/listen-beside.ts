import dns from 'node:dns/promises';
import net from 'node:net';
import { openShared } from '../connections/listen.js';
import type { CapturedServer } from './capture.js';
import { describeListen, targetOf } from './listen-parameters.js';

/** Options of listen() that a socket of ours has as well. */
const KNOWN_OPTIONS: ReadonlySet<string> = new Set(['port', 'host', 'backlog']);
/** Where Node listens without a host: on all addresses of both families, or without IPv6 of one. */
const EVERYWHERE = ['::', '0.0.0.0'];

/**
 * Lets a server listen for real. Processes that serve the same app, children of a group or one that ends beside one that
 * begins, share the port: each gets some of the connections. A port that cannot be had is told to the server's listeners
 * of 'error', or else to the log, and the site is served without it.
 */
export async function listenBeside(captured: CapturedServer, log: (line: string) => void): Promise<void> {
  const { server, parameters } = captured;
  const onError = (error: Error): void => {
    server.off('listening', onListening);
    // Called in turn: without another listener the process would have ended.
    if (server.listenerCount('error') > 0) return;
    log(
      `${describeListen(parameters)}: the app's second server cannot listen (${error.message}); the site is served ` +
        "without it. Free the port, or listen to the server's 'error'.",
    );
  };
  const onListening = (): void => void server.off('error', onError);
  server.once('error', onError).once('listening', onListening);
  const fd = await openSharedPort(parameters);
  captured.listenForReal(fd === undefined ? undefined : [{ fd }]);
}

/** A listening socket for a port that was asked for; undefined where Node has to do it, or say what is wrong. */
async function openSharedPort(parameters: readonly unknown[]): Promise<number | undefined> {
  const [options] = parameters;
  const isPlain =
    typeof options !== 'object' ||
    options === null ||
    Object.keys(options).every((name) => KNOWN_OPTIONS.has(name));
  const { port, host } = targetOf(parameters);
  if (!isPlain || port === undefined || port <= 0 || port > 65_535) return undefined;
  for (const ip of host === undefined ? EVERYWHERE : await lookUp(host)) {
    const fd = openShared(ip, port);
    if (fd !== undefined) return fd;
  }
  return undefined;
}

async function lookUp(host: string): Promise<string[]> {
  if (net.isIP(host) !== 0) return [host];
  try {
    return [(await dns.lookup(host)).address];
  } catch {
    return [];
  }
}
