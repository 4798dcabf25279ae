import http from 'node:http';
import net from 'node:net';
import type { Address } from '../config/address.js';
import { parseAddress } from '../config/address.js';
import { listenOn, openListener } from '../connections/listen.js';
import { writeLog } from '../connections/log.js';
import { LsapiError } from '../errors.js';
import { native } from '../native/binding.js';
import type { NativeConnectionSetOptions } from '../native/binding.js';
import { NodeConnections } from './node-connections.js';
import type { ServerAddress } from './take-over.js';
import { takeOver } from './take-over.js';

/** Limits of a server's connections; of those that are left out, the defaults apply. */
export interface ConnectionLimits {
  /** Largest request packet in bytes, the body apart. Default: 256 KiB; at most 1 MiB. */
  packetLimit?: number;
  /** Milliseconds that a packet may take once begun; 0: no limit. */
  packetTimeout?: number;
  /** Milliseconds that a body may stall while the app waits for it; 0: no limit. */
  bodyTimeout?: number;
  /** Requests after which the server closes by itself; 0: unlimited. */
  maxRequests?: number;
}

/** Options of {@link createServer}: those of `http.createServer`, and limits of LSAPI. */
export interface ServerOptions extends http.ServerOptions {
  /** Limits of the connections. */
  lsapi?: ConnectionLimits;
  /** Whether answers to errors show the stack. Default: `NODE_ENV` is `development`. */
  development?: boolean;
}

/** An http.Server whose `listen()` speaks LSAPI instead of HTTP. */
export class Server extends http.Server {
  readonly #lsapi: NativeConnectionSetOptions;
  readonly #development: boolean;

  constructor(options?: ServerOptions | http.RequestListener, listener?: http.RequestListener) {
    const chosen = typeof options === 'function' || options === undefined ? {} : options;
    super(chosen, typeof options === 'function' ? options : listener);
    this.#lsapi = chosen.lsapi ?? {};
    this.#development = chosen.development ?? process.env.NODE_ENV === 'development';
  }

  #opening = false;

  /**
   * Listens for LSAPI connections: on a port, a Unix socket path, an address as `lsnode --bind` takes it,
   * `{port, host}`, `{path}`, `{fd}`, or without an argument on fd 0, where LiteSpeed puts the socket. A port
   * without a host is one of this machine only, because LSAPI has no authentication.
   *
   * As with Node, `address()` can be asked at once (where no name must be looked up), and events come later.
   */
  override listen(...parameters: unknown[]): this {
    if (this.listening || this.#opening) {
      throw Object.assign(new Error('Listen method has been called more than once without closing.'), {
        code: 'ERR_SERVER_ALREADY_LISTEN',
      });
    }
    const target = toTarget(parameters);
    const callback = parameters.findLast((parameter) => typeof parameter === 'function');
    if (callback !== undefined) this.once('listening', callback as () => void);
    const signal = toSignal(parameters[0]);
    if (signal?.aborted) {
      process.nextTick(() => this.emit('close'));
      return this;
    }
    signal?.addEventListener('abort', () => this.close(), { once: true });
    const fail = (error: unknown): void => {
      this.#opening = false;
      process.nextTick(() => this.emit('error', error));
    };
    this.#opening = true;
    if (typeof target === 'object' && target.kind === 'tcp' && net.isIP(target.host) === 0) {
      listenOn(target)
        .then((listener) => this.#serve(listener.fd, listener.address), fail)
        .catch(fail);
      return this;
    }
    try {
      if (typeof target === 'number') {
        this.#serve(target === 0 ? native.takeStandardInput() : target);
      } else {
        const listener = openListener(target);
        this.#serve(listener.fd, listener.address);
      }
    } catch (error) {
      fail(error);
    }
    return this;
  }

  #serve(fd: number, address?: Address): void {
    let closed: (() => void) | undefined;
    let drained = false;
    const connections = new NodeConnections(this, {
      limits: this.#lsapi,
      log: writeLog,
      development: this.#development,
      onDrained: () => {
        drained = true;
        connections.set.close();
        if (closed === undefined)
          this.close(); // `maxRequests` was reached
        else closed();
      },
    });
    const kind = address === undefined ? native.descriptorKind(fd) : 'listening';
    const { set } = connections;
    const error = kind === 'listening' ? set.listen(fd) : kind === 'connected' ? set.adopt(fd) : -1;
    if (error !== 0) {
      set.close();
      throw new LsapiError(
        'LSAPI_ERR_STDIN_NOT_SOCKET',
        `File descriptor ${fd} is no stream socket. Give listen() an address, or let LiteSpeed start the program.`,
      );
    }
    this.#opening = false;
    takeOver(this, {
      connections,
      address: address === undefined ? null : toServerAddress(address),
      close(done) {
        closed = done;
        if (drained) process.nextTick(done);
        else set.drain();
      },
    });
    process.nextTick(() => {
      if (this.listening) this.emit('listening');
    });
  }
}

/** Like `http.createServer`, for LSAPI. */
export function createServer(
  options?: ServerOptions | http.RequestListener,
  listener?: http.RequestListener,
): Server {
  return new Server(options, listener);
}

/** What listen() was asked for: a descriptor or an address. */
function toTarget(parameters: unknown[]): number | Address {
  const [first, second] = parameters;
  if (typeof first === 'object' && first !== null) {
    const { fd, path, port, host } = first as { fd?: number; path?: string; port?: unknown; host?: string };
    if (typeof fd === 'number') return fd;
    if (path !== undefined) return { kind: 'unix', path };
    return { kind: 'tcp', host: host ?? LOCAL, port: toPort(port ?? 0) };
  }
  const host = typeof second === 'string' ? second : LOCAL;
  if (typeof first === 'number') return { kind: 'tcp', host, port: toPort(first) };
  if (typeof first !== 'string') return 0;
  return /^\d+$/.test(first)
    ? { kind: 'tcp', host, port: toPort(first) }
    : parseAddress(first, { anyPort: true });
}

const LOCAL = '127.0.0.1';

function toPort(value: unknown): number {
  const port = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof port === 'number' && Number.isInteger(port) && port >= 0 && port <= 65535) return port;
  throw Object.assign(new RangeError(`Port should be >= 0 and < 65536, not ${String(value)}`), {
    code: 'ERR_SOCKET_BAD_PORT',
  });
}

function toSignal(options: unknown): AbortSignal | undefined {
  return typeof options === 'object' && options !== null
    ? (options as { signal?: AbortSignal }).signal
    : undefined;
}

function toServerAddress(address: Address): ServerAddress {
  if (address.kind === 'unix') return address.path;
  return {
    address: address.host,
    port: address.port,
    family: address.host.includes(':') ? 'IPv6' : 'IPv4',
  };
}
