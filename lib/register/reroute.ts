import http from 'node:http';
import { ReroutedServer } from './rerouted-server.js';

type Listen = (this: http.Server, ...parameters: unknown[]) => http.Server;

/**
 * From now on `listen()` of any http.Server in this process opens the address that it is asked for with a gateway,
 * which delivers what arrives there over LSAPI. https.Server and the servers of http2 are no http.Server and listen
 * as before; so does the Server of this package, which speaks LSAPI itself.
 */
export function rerouteServers(): void {
  const current = new WeakMap<http.Server, ReroutedServer>();
  const listen: Listen = function (...parameters) {
    if (current.get(this)?.inUse === true) {
      throw Object.assign(new Error('Listen method has been called more than once without closing.'), {
        code: 'ERR_SERVER_ALREADY_LISTEN',
      });
    }
    const callback = parameters.findLast((parameter) => typeof parameter === 'function');
    if (callback !== undefined) this.once('listening', callback as () => void);
    const rerouted = new ReroutedServer(this);
    current.set(this, rerouted);
    rerouted.listen(parameters.filter((parameter) => parameter !== callback));
    return this;
  };
  // Inherited from net.Server until now: servers that are not HTTP keep that one.
  Object.defineProperty(http.Server.prototype, 'listen', {
    value: listen,
    configurable: true,
    writable: true,
  });
}
