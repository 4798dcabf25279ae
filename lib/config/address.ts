import { isIPv4, isIPv6 } from 'node:net';
import { resolve } from 'node:path';
import { LsapiError } from '../errors.js';
import { printable } from './printable.js';

/** Where to listen or to connect: a Unix socket, or a port of a host. */
export type Address = UnixAddress | TcpAddress;

/** A Unix socket. */
export interface UnixAddress {
  readonly kind: 'unix';
  /** Absolute path, at most {@link LONGEST_SOCKET_PATH} bytes. */
  readonly path: string;
}

/** A TCP port. */
export interface TcpAddress {
  readonly kind: 'tcp';
  /** An IP address, or the name of a host, which is looked up when it is needed. */
  readonly host: string;
  /** 1 to 65,535; 0, any free port, only where {@link AddressOptions.anyPort} allows it. */
  readonly port: number;
  /** 4 or 6 where `host` is an IP address. `::` is IPv4 too wherever the system's default says so. */
  readonly family?: 4 | 6;
}

/** What {@link parseAddress} may be told. */
export interface AddressOptions {
  /** Directory that relative socket paths start from. Default: the current directory. */
  readonly cwd?: string;
  /** Whether port 0, any free port, is accepted. Default: `false`, as in the library. */
  readonly anyPort?: boolean;
}

/** Bytes of the longest path that the kernel takes for a Unix socket. */
export const LONGEST_SOCKET_PATH = 107;

const FORMS =
  'Addresses look like /run/app.sock, uds://run/app.sock, unix:/run/app.sock, 127.0.0.1:9000, *:9000, [::1]:9000, ' +
  'localhost:9000, tcp://host:9000, or 9000 (this machine only).';

/**
 * Reads an address in any form of the library's `-b` (protocol §5.14), in those of the server's
 * configuration, or as a bare port:
 *
 * | form | meaning |
 * |---|---|
 * | `/path`, `unix:/path`, `uds://path`, `UDS://path` | Unix socket; what follows `uds://` is absolute |
 * | `./path`, `dir/path`, `unix:path` | Unix socket, relative to the current directory |
 * | `a.b.c.d:port`, `[v6]:port`, `host:port`, `tcp://…` | that address |
 * | `localhost:port`, `port` | 127.0.0.1: LSAPI has no authentication, so only this machine unless said otherwise |
 * | `*:port`, `[*]:port` | every IPv4 address; every address |
 *
 * @throws LsapiError `LSAPI_ERR_ADDRESS`, with the form that was recognised and the remedy
 */
export function parseAddress(text: string, options: AddressOptions = {}): Address {
  const address = text.trim();
  if (address === '') throw wrong(text, 'is empty', FORMS);
  if (/[\0-\x1f\x7f]/.test(address)) throw wrong(text, 'contains control characters', FORMS);

  const uds = /^uds:\/\/(.*)$/i.exec(address) ?? /^unix:\/\/(.*)$/i.exec(address);
  // As the server reads it: UDS://tmp/x and UDS:///tmp/x are both /tmp/x.
  if (uds?.[1] !== undefined) return unix(text, uds[1] === '' ? '' : `/${uds[1]}`, options);
  const prefixed = /^unix:(.*)$/i.exec(address);
  if (prefixed?.[1] !== undefined) return unix(text, prefixed[1], options);
  const tcpPrefixed = /^tcp:\/\/(.*)$/i.exec(address);
  if (tcpPrefixed?.[1] !== undefined) return tcp(text, tcpPrefixed[1], options);
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(address);
  if (scheme?.[1] !== undefined) {
    throw wrong(text, `begins with ${cut(scheme[1], 20)}://, which is no form of address here`, FORMS);
  }
  return address.includes('/') ? unix(text, address, options) : tcp(text, address, options);
}

/**
 * Writes an address in its shortest unambiguous form, which {@link parseAddress} reads back as the same
 * address: `/run/app.sock`, `127.0.0.1:9000`, `[::1]:9000`.
 */
export function formatAddress(address: Address): string {
  if (address.kind === 'unix') return address.path;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  // A host may be called "unix", and unix:9000 is a path.
  const scheme = host.toLowerCase() === 'unix' ? 'tcp://' : '';
  return `${scheme}${host}:${address.port}`;
}

function unix(text: string, path: string, { cwd = process.cwd() }: AddressOptions): UnixAddress {
  if (/^\/*$/.test(path)) throw wrong(text, 'names no socket', 'Give its path, such as /run/app.sock.');
  if (/(^|\/)\.{0,2}$/.test(path)) throw wrong(text, 'names a directory', "Add the socket's name.");
  const absolute = path.startsWith('/') ? path.replace(/^\/+/, '/') : resolve(cwd, path);
  const bytes = Buffer.byteLength(absolute);
  if (bytes > LONGEST_SOCKET_PATH) {
    const origin = absolute === path ? '' : ` (${cut(absolute, 200)})`;
    throw wrong(
      text,
      `is ${bytes} bytes long${origin}, and the system takes at most ${LONGEST_SOCKET_PATH} for the path of a Unix socket`,
      'Use a shorter absolute path, for instance under /run or /tmp.',
    );
  }
  return { kind: 'unix', path: absolute };
}

function tcp(text: string, rest: string, options: AddressOptions): TcpAddress {
  if (/^[0-9]+$/.test(rest))
    return { kind: 'tcp', host: '127.0.0.1', port: port(text, rest, options), family: 4 };

  if (rest.startsWith('[')) {
    const closed = /^\[([^\]]*)\](.*)$/.exec(rest);
    if (closed === null) throw wrong(text, 'has "[" but no "]"', 'Write an IPv6 address as [::1]:9000.');
    const [, inside = '', behind = ''] = closed;
    const host = inside === '*' ? '::' : inside;
    if (!isIPv6(host)) {
      throw wrong(text, `has ${shown(inside)} in brackets, which is no IPv6 address`, 'Write [::1]:9000.');
    }
    if (!behind.startsWith(':')) throw wrong(text, 'has no ":" and port behind the "]"', 'Write [::1]:9000.');
    return { kind: 'tcp', host, port: port(text, behind.slice(1), options), family: 6 };
  }

  const colon = rest.lastIndexOf(':');
  if (colon < 0) {
    const name = cut(rest, 100);
    const remedy = `Write ${name}:9000 for a port of a host, or ./${name} for a Unix socket in the current directory.`;
    throw wrong(text, 'has neither a port nor a "/"', remedy);
  }
  const host = rest.slice(0, colon);
  const portText = rest.slice(colon + 1);
  if (host.includes(':')) {
    const remedy = 'Put an IPv6 address in brackets, as in [::1]:9000.';
    throw wrong(text, 'has more than one ":"', remedy);
  }
  if (host === '') {
    const remedy = `Write 127.0.0.1:${cut(portText, 10)} for this machine only, *:${cut(portText, 10)} for every address.`;
    throw wrong(text, 'has no host before the ":"', remedy);
  }
  const number = port(text, portText, options);
  if (host === '*') return { kind: 'tcp', host: '0.0.0.0', port: number, family: 4 };
  if (host.toLowerCase() === 'localhost') return { kind: 'tcp', host: '127.0.0.1', port: number, family: 4 };
  if (isIPv4(host)) return { kind: 'tcp', host, port: number, family: 4 };
  if (/^[0-9.]+$/.test(host)) {
    throw wrong(
      text,
      `has ${cut(host, 100)} as host, which is no IPv4 address`,
      'Write four numbers up to 255: 127.0.0.1:9000.',
    );
  }
  if (
    host.length > 253 ||
    !/^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?$/i.test(host)
  ) {
    throw wrong(text, `has ${shown(host)} as host, which is no host name`, FORMS);
  }
  return { kind: 'tcp', host, port: number };
}

function port(text: string, digits: string, { anyPort = false }: AddressOptions): number {
  if (!/^[0-9]+$/.test(digits)) {
    const what = digits === '' ? 'has no port behind the ":"' : `has ${shown(digits)} as port, no number`;
    throw wrong(text, what, 'Write the port as a number from 1 to 65535.');
  }
  const number = Number(digits);
  if (number > 65_535 || (number === 0 && !anyPort)) {
    throw wrong(text, `has port ${cut(digits, 20)}`, `Ports go from ${anyPort ? 0 : 1} to 65535.`);
  }
  return number;
}

function wrong(text: string, what: string, remedy: string): LsapiError {
  return new LsapiError('LSAPI_ERR_ADDRESS', printable(`The address ${shown(text)} ${what}. ${remedy}`));
}

function shown(text: string): string {
  return JSON.stringify(cut(text, 200));
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
