import { createServer, IncomingMessage, ServerResponse, type Server } from 'node:http';
import net, { Socket, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { parseAddress } from '../config/address.js';
import { LsapiError } from '../errors.js';
import { Exchange, sendError, type ExchangeContext } from './exchange.js';
import { resolveOptions, type Gateway, type GatewayOptions, type ListenAddress } from './options.js';
import { Balancer } from './balancer.js';
import { ConnectionPool } from './pool.js';
import { refuseUnparsable, type ParserError } from './refusal.js';

/** OpenLiteSpeed's absolute limit of a request header (lsapi-protocol §1.11). */
const MAX_HEADER_SIZE = 131_072;
const KEEP_ALIVE_MS = 60_000;
/** How long a client may take to read the answer to a request that is not HTTP. */
const REFUSAL_LINGER_MS = 500;

/** Requests of one client connection that wait for the response of the one before them (pipelining). */
type Waiting = Exchange[];

/**
 * Creates the development gateway: HTTP/1.1 in front, LSAPI behind. It treats requests and responses as OpenLiteSpeed
 * does, so that an application meets the same conditions as behind the real server.
 *
 * @throws LsapiError `LSAPI_ERR_OPTION` for options that do not make sense.
 */
export function createGateway(options: GatewayOptions): Gateway {
  return new HttpGateway(options);
}

class HttpGateway implements Gateway {
  readonly server: Server;
  readonly #context: ExchangeContext;
  readonly #intercept: GatewayOptions['intercept'];
  /** Client connections with a request in progress. */
  readonly #busy = new WeakMap<Duplex, Waiting>();
  /** Connections of clients. */
  readonly #sockets = new Set<Socket>();
  #closing = false;

  constructor(options: GatewayOptions) {
    const resolved = resolveOptions(options);
    this.#intercept = options.intercept;
    const [target, ...others] = resolved.targets;
    const pool = others.length > 0 ? new Balancer(resolved) : new ConnectionPool(resolved, target);
    this.#context = { options: resolved, pool };
    this.server = createServer({
      requireHostHeader: false,
      maxHeaderSize: MAX_HEADER_SIZE,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // Uploads may take as long as they need; connTimeout ends those that do not move.
      requestTimeout: 0,
    });
    this.server.maxHeadersCount = 0;
    const accept = (req: IncomingMessage, res: ServerResponse): void => this.#accept(req, res);
    this.server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.server.on('request', accept);
    // The server answers Expect: 100-continue (§3.2); other expectations are the application's business.
    this.server.on('checkContinue', (req: IncomingMessage, res: ServerResponse) => {
      res.writeContinue();
      accept(req, res);
    });
    this.server.on('checkExpectation', accept);
    this.server.on('clientError', (error: ParserError, socket: Duplex) => this.#onClientError(error, socket));
    this.server.on('connect', (_req: IncomingMessage, socket: Duplex) => {
      this.#refuse(socket, { status: 400, reason: 'The gateway is no proxy: CONNECT does not work.' });
    });
    // No 'upgrade' listener: such requests are delivered as plain ones (request vector 197).
  }

  listen(address: string | number | ListenAddress): Promise<void> {
    const target = listenTarget(address);
    return new Promise((resolve, reject) => {
      const onError = (cause: Error): void => {
        reject(new LsapiError('LSAPI_ERR_LISTEN', `Gateway cannot listen: ${cause.message}`, { cause }));
      };
      this.server.once('error', onError);
      this.server.listen(target, () => {
        this.server.off('error', onError);
        resolve();
      });
    });
  }

  address(): AddressInfo | string | null {
    return this.server.address();
  }

  close(): Promise<void> {
    this.#closing = true;
    this.#context.pool.close();
    return new Promise((resolve) => {
      // Not http.Server's close(): that destroys connections whose last response is not flushed yet.
      net.Server.prototype.close.call(this.server, () => resolve());
      for (const socket of this.#sockets) {
        if (!this.#busy.has(socket)) socket.destroySoon();
      }
    });
  }

  /** Requests of one client connection are handled one after the other, as OpenLiteSpeed does. */
  #accept(req: IncomingMessage, res: ServerResponse): void {
    const { socket } = req;
    if (!this.#busy.has(socket) && this.#intercept?.(req, res) === true) return;
    const exchange = new Exchange(this.#context, req, res, () => this.#next(socket));
    const waiting = this.#busy.get(socket);
    if (waiting !== undefined) {
      waiting.push(exchange);
      return;
    }
    this.#busy.set(socket, []);
    exchange.run();
  }

  #next(socket: Socket): void {
    const next = this.#busy.get(socket)?.shift();
    if (next !== undefined && !socket.destroyed) {
      next.run();
      return;
    }
    this.#busy.delete(socket);
    if (this.#closing) socket.destroySoon();
  }

  #onClientError(error: ParserError, socket: Duplex): void {
    const report = refuseUnparsable(error);
    if (report === undefined || !socket.writable || this.#busy.has(socket)) {
      socket.destroy();
      return;
    }
    this.#refuse(socket, report);
  }

  /** Answers on a connection that Node's HTTP server has given up. */
  #refuse(socket: Duplex, report: { status: number; reason: string }): void {
    if (!(socket instanceof Socket)) {
      socket.destroy();
      return;
    }
    const req = new IncomingMessage(socket);
    req.httpVersionMajor = 1;
    req.httpVersionMinor = 1;
    const res = new ServerResponse(req);
    res.shouldKeepAlive = false;
    res.assignSocket(socket);
    socket.on('error', () => undefined);
    res.on('finish', () => {
      socket.end();
      setTimeout(() => socket.destroy(), REFUSAL_LINGER_MS).unref();
    });
    sendError(res, report, this.#context.options.development);
  }
}

function listenTarget(address: string | number | ListenAddress): ListenAddress {
  if (typeof address === 'object') {
    return address.path === undefined ? { host: '127.0.0.1', ...address } : address;
  }
  const parsed = parseAddress(String(address), { anyPort: true });
  return parsed.kind === 'unix' ? { path: parsed.path } : { host: parsed.host, port: parsed.port };
}
