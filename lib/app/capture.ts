import http from 'node:http';
import https from 'node:https';
import type net from 'node:net';
import { Server as LsapiServer } from '../http/server.js';
import { addressForApp } from './listen-parameters.js';

/** A server that the app told to listen, and with what. */
export interface CapturedServer {
  readonly server: http.Server;
  readonly parameters: readonly unknown[];
  /** Does what the app asked for, or listens with other parameters. A callback waits for 'listening' already. */
  listenForReal(instead?: readonly unknown[]): void;
}

type Listen = (this: net.Server, ...parameters: unknown[]) => net.Server;

/** Servers that listen for real although listening is captured: the gateway's own. */
const exempt = new WeakSet<net.Server>();

export function exemptFromCapture(server: net.Server): void {
  exempt.add(server);
}

/**
 * From now on `listen()` of an http(s).Server in this process does not open a socket where `take` says so: the app's
 * requests come over LSAPI whatever port it asks for. Net servers that are not HTTP are not touched.
 *
 * @param take - called in place of listen(); false: the server listens for real
 */
export function interceptListen(take: (captured: CapturedServer) => boolean): void {
  // Our own class listens for LSAPI by itself; here its requests come the same way as everybody's.
  for (const Class of [http.Server, https.Server, LsapiServer]) {
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called with the server as `this`
    const listen = Class.prototype.listen as Listen;
    const replacement: Listen = function (...parameters) {
      if (exempt.has(this)) return Reflect.apply(listen, this, parameters);
      const callback = parameters.findLast((parameter) => typeof parameter === 'function');
      const taken = take({
        server: this as http.Server,
        parameters,
        listenForReal: (instead = parameters) => {
          withdraw(this);
          Reflect.apply(
            listen,
            this,
            instead.filter((value) => value !== callback),
          );
        },
      });
      if (!taken) return Reflect.apply(listen, this, parameters);
      if (callback !== undefined) this.once('listening', callback as () => void);
      return this;
    };
    Object.defineProperty(Class.prototype, 'listen', {
      value: replacement,
      configurable: true,
      writable: true,
    });
  }
}

/**
 * Takes the first server that it is called with, and tells of all others, which are left to `another`.
 *
 * @param isMeant - whether a server that listens with these parameters is the one to be served
 * @param socketPath - what `address()` answers where neither port nor path was asked for
 */
export function firstServer(
  captured: (captured: CapturedServer) => void,
  another: (captured: CapturedServer) => void,
  isMeant: (parameters: readonly unknown[]) => boolean = () => true,
  socketPath?: string,
): (captured: CapturedServer) => boolean {
  let first: http.Server | undefined;
  return (one) => {
    const { server, parameters } = one;
    if (first === server || server.listening) {
      throw Object.assign(new Error('Listen method has been called more than once without closing.'), {
        code: 'ERR_SERVER_ALREADY_LISTEN',
      });
    }
    if (first !== undefined || !isMeant(parameters)) {
      another(one);
      return true;
    }
    first = server;
    announce(one, socketPath);
    closeOnAbort(one);
    captured(one);
    return true;
  };
}

/**
 * Lets a server that is going to listen look as one that does: with Node `listening` and `address()` can be asked at
 * once, and apps do.
 */
export function announce({ server, parameters }: CapturedServer, socketPath?: string): void {
  const address = addressForApp(parameters, socketPath);
  Object.defineProperty(server, 'listening', { value: true, configurable: true });
  Object.defineProperty(server, 'address', { value: () => address, configurable: true, writable: true });
}

/** Takes {@link announce} back. */
function withdraw(server: net.Server): void {
  Reflect.deleteProperty(server, 'listening');
  Reflect.deleteProperty(server, 'address');
}

/** `listen({ signal })` closes the server when the signal aborts. */
function closeOnAbort({ server, parameters: [options] }: CapturedServer): void {
  const { signal } = (typeof options === 'object' && options !== null ? options : {}) as { signal?: unknown };
  if (signal instanceof AbortSignal) signal.addEventListener('abort', () => server.close(), { once: true });
}
