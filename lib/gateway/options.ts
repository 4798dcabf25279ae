import type { AddressInfo, Socket } from 'node:net';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { parseAddress, type Address } from '../config/address.js';
import { LsapiError } from '../errors.js';
import { logAccessToStdout } from './access-log.js';
import type { AccessLogEntry } from './access-log.js';

/** A part of the URL space that belongs to the application, as an LSAPI context of the server's configuration. */
export interface GatewayContext {
  /** URL prefix with a slash at both ends: `/` or `/app/`. */
  uri: string;
}

/** Options of {@link createGateway}. One of `target` and `connect` is required. */
export interface GatewayOptions {
  /**
   * Where the application listens: the path of a Unix socket, `host:port`, or another form of `parseAddress`. Several:
   * requests are spread over these, as LiteSpeed's load balancer does.
   */
  target?: string | readonly string[];
  /** Opens one connection to the application; instead of `target`. */
  connect?: () => Socket;
  /** URL prefixes that the application answers; `[{ uri: '/' }]` unless given (none with `scriptSuffixes`). */
  contexts?: readonly GatewayContext[];
  /** Directory of scripts and of the files that a response may name in `X-LiteSpeed-Location`. */
  documentRoot?: string;
  /** File name endings that belong to the application, with their dot: `['.lsjs']`. Needs `documentRoot`. */
  scriptSuffixes?: readonly string[];
  /** Environment of each request, beside the standard entries; a standard name replaces the standard value. */
  env?: Readonly<Record<string, string>>;
  /** Most connections to each target, so most requests at a time; further ones wait. 16 unless given. */
  maxConnections?: number;
  /** How often one request is delivered before the client gets a 503; 3 for each target, as OpenLiteSpeed does. */
  maxDeliveries?: number;
  /** With several targets: milliseconds for which one that could not be reached gets no requests; 10000, 0: none. */
  retryTimeout?: number;
  /**
   * Milliseconds after which a request that is not acknowledged is delivered again, on a connection of any age; 0: never
   * on one that was used before. 10000 with several targets, else 0. To be 0 for an application with LSAPI_ACCEPT_NOTIFY.
   */
  acknowledgeTimeout?: number;
  /** Milliseconds without a byte on a connection that never answered before the delivery fails; 60000, 0 = never. */
  initTimeout?: number;
  /** Milliseconds without any traffic before a running request is given up; 300000, 0 = never. */
  connTimeout?: number;
  /** Longest BEGIN_REQUEST packet that the application takes; longer requests get a 431. 262144 unless given. */
  packetLimit?: number;
  /** Called after each request; `false` for no log. A line on standard output unless given. */
  accessLog?: ((entry: AccessLogEntry) => void) | false;
  /** Gets messages of the gateway and what the application sent to its error stream; standard error unless given. */
  errorLog?: (line: string) => void;
  /** Whether error pages say what happened and what to do; `true` unless given. */
  development?: boolean;
  /** Answers a request in place of the application, or returns `false`. */
  intercept?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

/** Where a gateway listens, for {@link Gateway.listen}. */
export interface ListenAddress {
  host?: string;
  port?: number;
  path?: string;
}

/** A running (or not yet listening) gateway. */
export interface Gateway {
  /** The HTTP server in front. */
  readonly server: Server;
  /**
   * Starts to listen.
   *
   * @param address A port (0: any free one), an address in a form of `parseAddress`, or an object. Without a host the
   * gateway listens on 127.0.0.1 only: it is made for development.
   * @throws LsapiError `LSAPI_ERR_ADDRESS` or, as a rejection, `LSAPI_ERR_LISTEN`.
   */
  listen(address: string | number | ListenAddress): Promise<void>;
  /** The address that the gateway listens on, as `net.Server.address()` gives it. */
  address(): AddressInfo | string | null;
  /** Stops listening, lets running requests finish, closes the connections to the application. */
  close(): Promise<void>;
}

/** {@link GatewayOptions} with every default filled in. */
export interface ResolvedOptions {
  /** Empty with `connect`. */
  readonly targets: readonly Address[];
  readonly connect: (() => Socket) | undefined;
  /** With a slash at both ends, longest first. */
  readonly contexts: readonly string[];
  /** Absolute, without a slash at the end; latin1: one character a byte, as everything on the wire. */
  readonly documentRoot: string | undefined;
  readonly scriptSuffixes: readonly string[];
  readonly env: readonly (readonly [string, string])[];
  readonly maxConnections: number;
  readonly maxDeliveries: number;
  readonly retryTimeout: number;
  readonly acknowledgeTimeout: number;
  readonly initTimeout: number;
  readonly connTimeout: number;
  readonly packetLimit: number;
  readonly accessLog: ((entry: AccessLogEntry) => void) | undefined;
  readonly errorLog: (line: string) => void;
  readonly development: boolean;
}

/**
 * Checks options and fills in defaults.
 *
 * @throws LsapiError `LSAPI_ERR_OPTION` with the name of the option that is wrong, `LSAPI_ERR_ADDRESS` for the target.
 */
export function resolveOptions(options: GatewayOptions): ResolvedOptions {
  if ((options.target === undefined) === (options.connect === undefined)) {
    throw new LsapiError(
      'LSAPI_ERR_OPTION',
      'Gateway needs exactly one of the options "target" and "connect"',
    );
  }
  const targets = typeof options.target === 'string' ? [options.target] : (options.target ?? []);
  if (options.connect === undefined && targets.length === 0) {
    throw new LsapiError('LSAPI_ERR_OPTION', 'Gateway option "target" is an empty list: name one at least');
  }
  const scriptSuffixes = options.scriptSuffixes ?? [];
  if (scriptSuffixes.length > 0 && options.documentRoot === undefined) {
    throw new LsapiError('LSAPI_ERR_OPTION', 'Gateway option "scriptSuffixes" needs "documentRoot"');
  }
  const contexts = options.contexts ?? (scriptSuffixes.length > 0 ? [] : [{ uri: '/' }]);
  return {
    targets: targets.map((target) => parseAddress(target)),
    connect: options.connect,
    contexts: contexts.map(({ uri }) => contextUri(uri)).sort((a, b) => b.length - a.length),
    documentRoot: options.documentRoot === undefined ? undefined : wireDirectory(options.documentRoot),
    scriptSuffixes,
    env: Object.entries(options.env ?? {}).map(([name, value]) => [toWire(name), toWire(value)] as const),
    maxConnections: atLeast('maxConnections', options.maxConnections ?? 16, 1),
    maxDeliveries: atLeast('maxDeliveries', options.maxDeliveries ?? 3 * Math.max(targets.length, 1), 1),
    retryTimeout: atLeast('retryTimeout', options.retryTimeout ?? 10_000, 0),
    acknowledgeTimeout: atLeast(
      'acknowledgeTimeout',
      options.acknowledgeTimeout ?? (targets.length > 1 ? 10_000 : 0),
      0,
    ),
    initTimeout: atLeast('initTimeout', options.initTimeout ?? 60_000, 0),
    connTimeout: atLeast('connTimeout', options.connTimeout ?? 300_000, 0),
    packetLimit: atLeast('packetLimit', options.packetLimit ?? 262_144, 1024),
    accessLog: options.accessLog === false ? undefined : (options.accessLog ?? logAccessToStdout),
    errorLog: options.errorLog ?? ((line) => void process.stderr.write(`${line}\n`)),
    development: options.development ?? true,
  };
}

/** A JavaScript string as the wire carries it: its UTF-8 bytes, one character each. */
export function toWire(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

function contextUri(uri: string): string {
  if (!uri.startsWith('/')) {
    throw new LsapiError('LSAPI_ERR_OPTION', `Gateway context "${uri}" must start with a slash`);
  }
  return toWire(uri.endsWith('/') ? uri : `${uri}/`);
}

function wireDirectory(path: string): string {
  if (!path.startsWith('/')) {
    throw new LsapiError(
      'LSAPI_ERR_OPTION',
      `Gateway option "documentRoot" must be an absolute path, got "${path}"`,
    );
  }
  return toWire(path.replace(/\/+$/, ''));
}

function atLeast(name: string, value: number, minimum: number): number {
  if (!Number.isSafeInteger(value) || value < minimum) {
    throw new LsapiError(
      'LSAPI_ERR_OPTION',
      `Gateway option "${name}" must be a whole number from ${minimum}, got ${value}`,
    );
  }
  return value;
}
