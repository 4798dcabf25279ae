import { describeListen } from './listen-parameters.js';
import type { CapturedServer } from './capture.js';

/** How often a process looks whether the port of its second server has become free. */
const RETRY_MS = 1000;

/**
 * Lets a server listen beside the one that LiteSpeed's requests go to. Where another process has its address, most likely
 * one of the same app, the app goes on as if it listened, and the server does so as soon as that process has ended. An app
 * that listens to the server's 'error' decides itself.
 *
 * @param log - takes one line
 */
export function listenBeside(captured: CapturedServer, log: (line: string) => void): void {
  const { server, parameters } = captured;
  log(`${describeListen(parameters)}: the app's second server listens for real, beside LiteSpeed`);
  if (server.listenerCount('error') === 0) shareAddress(captured, log);
  captured.listenForReal();
}

function shareAddress(captured: CapturedServer, log: (line: string) => void): void {
  const { server, parameters } = captured;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with the server as `this`
  const { emit } = server;
  const pass = (...parameters: unknown[]): boolean => Reflect.apply(emit, server, parameters) as boolean;
  let isTold = false;
  const release = (): void => {
    Reflect.deleteProperty(server, 'emit');
    Reflect.deleteProperty(server, 'address');
  };
  const intercept = (event: string | symbol, ...values: unknown[]): boolean => {
    const [error] = values;
    if (event === 'listening') {
      release();
      // Who waited for it was told before.
      return isTold || pass(event);
    }
    if (event !== 'error' || !isAddressInUse(error)) {
      if (event === 'error' || event === 'close') release();
      return pass(event, ...values);
    }
    if (!isTold) {
      isTold = true;
      log(
        `${describeListen(parameters)}: another process listens there; the app's second server takes over when that ends`,
      );
      const { address = '::', port } = error;
      const family = address.includes(':') ? 'IPv6' : 'IPv4';
      define(server, 'address', () => ({ address, family, port }));
      pass('listening');
    }
    setTimeout(() => {
      if (!server.listening && Object.hasOwn(server, 'emit')) captured.listenForReal();
    }, RETRY_MS).unref();
    return true;
  };
  define(server, 'emit', intercept);
}

function define(object: object, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, configurable: true, writable: true });
}

function isAddressInUse(error: unknown): error is { address?: string; port: number } {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE' && 'port' in error;
}
