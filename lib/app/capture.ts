import http from 'node:http';
import https from 'node:https';
import type net from 'node:net';
import { Server as LsapiServer } from '../http/server.js';

/** A server that the app told to listen, and with what. */
export interface CapturedServer {
  readonly server: http.Server;
  readonly parameters: readonly unknown[];
  /** Does what the app asked for. */
  listenForReal(): void;
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
        // Without the callback: it waits for 'listening' already.
        listenForReal: () =>
          void Reflect.apply(
            listen,
            this,
            parameters.filter((value) => value !== callback),
          ),
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
 * Hands the first server of this process that is told to listen to `captured`, and later ones to `another`.
 */
export function captureListen(
  captured: (captured: CapturedServer) => void,
  another: (another: CapturedServer) => void,
): void {
  interceptListen(firstServer(captured, another));
}

/** Tells the first server that it is called with from others. */
export function firstServer(
  captured: (captured: CapturedServer) => void,
  another: (another: CapturedServer) => void,
): (captured: CapturedServer) => boolean {
  let first: http.Server | undefined;
  return (one) => {
    if (first !== undefined && first !== one.server) {
      another(one);
      return true;
    }
    if (first !== undefined) {
      throw Object.assign(new Error('Listen method has been called more than once without closing.'), {
        code: 'ERR_SERVER_ALREADY_LISTEN',
      });
    }
    first = one.server;
    captured(one);
    return true;
  };
}
