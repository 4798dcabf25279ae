import http from 'node:http';
import type { Address } from '../config/address.js';
import { parseAddress } from '../config/address.js';
import { listenOn } from '../connections/listen.js';
import { writeLog } from '../connections/log.js';
import { LsapiError } from '../errors.js';
import { native } from '../native/binding.js';
import type { NativeConnectionSetOptions } from '../native/binding.js';
import { NodeConnections } from './node-connections.js';
import type { ServerAddress } from './take-over.js';
import { takeOver } from './take-over.js';

/** Options of {@link createServer}: those of `http.createServer`, and limits of LSAPI. */
export interface ServerOptions extends http.ServerOptions {
  /** Largest request packet in bytes (default 256 KiB, at most 1 MiB), stall times in milliseconds. */
  lsapi?: Pick<NativeConnectionSetOptions, 'packetLimit' | 'packetTimeout' | 'bodyTimeout' | 'maxRequests'>;
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

  /**
   * Listens for LSAPI connections: on a port, a Unix socket path, an address as `lsnode --bind` takes it,
   * `{port, host}`, `{path}`, `{fd}`, or without an argument on fd 0, where LiteSpeed puts the socket.
   */
  override listen(...parameters: unknown[]): this {
    const callback = parameters.findLast((parameter) => typeof parameter === 'function');
    if (callback !== undefined) this.once('listening', callback as () => void);
    this.#open(parameters).catch((error: unknown) => this.emit('error', error));
    return this;
  }

  async #open(parameters: unknown[]): Promise<void> {
    const target = toTarget(parameters);
    const connections = new NodeConnections(this, {
      limits: this.#lsapi,
      log: writeLog,
      development: this.#development,
      onDrained: () => {
        connections.set.close();
        closed();
      },
    });
    let closed = (): void => undefined;
    let address: ServerAddress = null;
    let fd: number;
    let kind: 'listening' | 'connected' | 'other' = 'listening';
    if (typeof target === 'number') {
      fd = target === 0 ? native.takeStandardInput() : target;
      kind = native.descriptorKind(fd);
    } else {
      try {
        const listener = await listenOn(target);
        fd = listener.fd;
        address = toServerAddress(listener.address);
      } catch (error) {
        connections.set.close();
        throw error;
      }
    }
    const error =
      kind === 'listening' ? connections.set.listen(fd) : kind === 'connected' ? connections.set.adopt(fd) : -1;
    if (error !== 0) {
      connections.set.close();
      throw new LsapiError(
        'LSAPI_ERR_STDIN_NOT_SOCKET',
        `File descriptor ${String(target)} is no stream socket. Give listen() an address, or let LiteSpeed start the program.`,
      );
    }
    takeOver(this, {
      connections,
      address,
      close(done) {
        closed = done;
        connections.set.drain();
      },
    });
    this.emit('listening');
  }
}

/** Like `http.createServer`, for LSAPI. */
export function createServer(options?: ServerOptions | http.RequestListener, listener?: http.RequestListener): Server {
  return new Server(options, listener);
}

/** What listen() was asked for: a descriptor or an address. */
function toTarget(parameters: unknown[]): number | Address {
  const [first, second] = parameters;
  if (typeof first === 'object' && first !== null) {
    const { fd, path, port, host } = first as { fd?: number; path?: string; port?: number; host?: string };
    if (fd !== undefined) return fd;
    if (path !== undefined) return { kind: 'unix', path };
    return { kind: 'tcp', host: host ?? '::', port: port ?? 0 };
  }
  if (typeof first === 'number') {
    return { kind: 'tcp', host: typeof second === 'string' ? second : '::', port: first };
  }
  if (typeof first === 'string') return parseAddress(first, { anyPort: true });
  return 0;
}

function toServerAddress(address: Address): ServerAddress {
  if (address.kind === 'unix') return address.path;
  return {
    address: address.host,
    port: address.port,
    family: address.host.includes(':') ? 'IPv6' : 'IPv4',
  };
}
