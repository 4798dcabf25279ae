import type { LoadedApp } from '../app/load.js';
import type { Settings } from '../config/setting-types.js';
import type { ConnectionOptions, Connections } from '../connections/connections.js';
import { LsapiError } from '../errors.js';
import type { ServerAddress } from '../http/take-over.js';
import { takeOver } from '../http/take-over.js';
import { NodeConnections } from '../http/node-connections.js';
import { native } from '../native/binding.js';
import { RawConnections } from '../raw/raw-connections.js';

/** Where a worker's requests come from: a listening socket, or one connection. */
export interface WorkerSocket {
  readonly kind: 'listening' | 'connected';
  readonly fd: number;
}

export interface WorkerOptions {
  readonly settings: Settings;
  readonly log: (line: string) => void;
  readonly development: boolean;
  /** What `server.address()` tells the app. */
  readonly address: ServerAddress;
  /** Called once when no request is left after stop(); `reason` as stop() got it. */
  readonly stopped: (reason: string) => void;
}

const SECOND = 1000;

/**
 * One process that serves requests of several connections at once (LSAPI's Worker mode). Ends by itself when
 * LSAPI_MAX_REQS or LSAPI_MAX_IDLE is reached, when the process that started it is gone, and when the one
 * connection that it was given is closed.
 */
export class Worker {
  readonly #options: WorkerOptions;
  readonly #connections: Connections;
  readonly #parent = process.ppid;
  readonly #supervision: NodeJS.Timeout;
  #reason = 'it has served its share of requests, or its connection was closed';
  #stopping = false;

  constructor(app: LoadedApp, socket: WorkerSocket, options: WorkerOptions) {
    this.#options = options;
    const { settings } = options;
    const connectionOptions: ConnectionOptions = {
      limits: {
        packetLimit: settings.maxPacket,
        packetTimeout: settings.packetTimeout * SECOND,
        bodyTimeout: settings.bodyTimeout * SECOND,
        maxRequests: settings.maxRequests,
      },
      log: options.log,
      development: options.development,
      onDrained: () => this.#drained(),
    };
    this.#connections =
      app.style === 'raw'
        ? new RawConnections(app.handler, connectionOptions)
        : new NodeConnections(app.server, connectionOptions);
    const { set } = this.#connections;
    const error = socket.kind === 'listening' ? set.listen(socket.fd) : set.adopt(socket.fd);
    if (error !== 0) {
      throw new LsapiError('LSAPI_ERR_LISTEN', `The socket cannot be served (errno ${error}).`);
    }
    if (app.style === 'node') {
      takeOver(app.server, {
        connections: this.#connections,
        address: options.address,
        close: (closed) => {
          this.#closed = closed;
          this.stop('the app closed its server');
        },
      });
      process.nextTick(() => app.server.emit('listening'));
    }
    this.#supervision = setInterval(() => this.#supervise(), SECOND).unref();
  }

  #closed: (() => void) | undefined;

  /** Takes no more requests; finishes those in progress, then `stopped` is called. */
  stop(reason: string): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#reason = reason;
    this.#connections.set.drain();
  }

  /** Answers everything in progress with 500: the process is about to end. */
  failRequests(error: unknown): void {
    this.#connections.failRequests(error);
  }

  #supervise(): void {
    const { settings } = this.#options;
    if (settings.checkParent && process.ppid !== this.#parent) {
      this.stop('the process that started it is gone');
    } else if (
      settings.maxIdle > 0 &&
      this.#connections.set.statistics().idleMilliseconds >= settings.maxIdle * SECOND
    ) {
      this.stop(`no request for ${settings.maxIdle} seconds (LSAPI_MAX_IDLE)`);
    }
  }

  #drained(): void {
    clearInterval(this.#supervision);
    this.#connections.set.close();
    this.#closed?.();
    this.#options.stopped(this.#reason);
  }
}

/** Finds out what a descriptor is; fd 0 is moved away so that neither the app nor its children can read it. */
export function socketFromStandardInput(): WorkerSocket {
  const kind = native.descriptorKind(0);
  if (kind === 'other') {
    throw new LsapiError(
      'LSAPI_ERR_STDIN_NOT_SOCKET',
      'lsnode was started without a socket as its standard input. A LiteSpeed server provides one; to start it by hand ' +
        'use --bind ADDRESS (LSAPI, for a LiteSpeed server to connect to) or --http ADDRESS (a browser).',
    );
  }
  const fd = native.takeStandardInput();
  if (fd < 0) {
    throw new LsapiError('LSAPI_ERR_STDIN_NOT_SOCKET', `The socket on standard input cannot be taken (errno ${-fd}).`);
  }
  return { kind, fd };
}
