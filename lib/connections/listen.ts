import dns from 'node:dns/promises';
import net from 'node:net';
import type { Address } from '../config/address.js';
import { formatAddress } from '../config/address.js';
import { LsapiError } from '../errors.js';
import type { ListenReport } from '../native/binding.js';
import { native } from '../native/binding.js';

/** Connections that may wait; the kernel caps it at net.core.somaxconn. */
const BACKLOG = 511;

/** A listening socket and where it listens. */
export interface Listener {
  readonly fd: number;
  readonly address: Address;
}

/**
 * Opens a listening socket. A Unix socket file left behind by a process that is gone is replaced; one that
 * somebody listens on is not.
 *
 * @throws LsapiError LSAPI_ERR_LISTEN
 */
export async function listenOn(address: Address): Promise<Listener> {
  return openListener(address.kind === 'unix' ? address : { ...address, host: await lookUp(address) });
}

/** {@link listenOn} for addresses that need no look-up: paths and IP addresses. */
export function openListener(address: Address): Listener {
  if (address.kind === 'unix') {
    const report = native.listenUnix(address.path, BACKLOG, -1);
    if (report.error !== 0) throw listenError(address, report);
    return { fd: report.fd, address };
  }
  const report = native.listenTcp(address.host, address.port, BACKLOG, false);
  if (report.error !== 0) throw listenError(address, report);
  return { fd: report.fd, address: { ...address, port: report.port } };
}

/**
 * Listens on a port that other processes of this user may listen on as well, if they do it this way too.
 *
 * @param ip - a numeric address
 * @returns the descriptor; undefined where it cannot be had
 */
export function openShared(ip: string, port: number): number | undefined {
  const { fd, error } = native.listenTcp(ip, port, BACKLOG, true);
  return error === 0 ? fd : undefined;
}

async function lookUp(address: Address & { kind: 'tcp' }): Promise<string> {
  const { host } = address;
  if (net.isIP(host) !== 0) return host;
  try {
    return (await dns.lookup(host)).address;
  } catch (error) {
    throw new LsapiError(
      'LSAPI_ERR_LISTEN',
      `Cannot listen on ${formatAddress(address)}: no address of ${host} is known.`,
      {
        cause: error,
      },
    );
  }
}

function listenError(address: Address, report: ListenReport): LsapiError {
  const remedies: Record<string, string> = {
    EADDRINUSE: 'Another process listens there; stop it or choose another address.',
    ENOTSOCK: 'There is a file of that name that is no socket; remove it or choose another path.',
    EACCES: 'Choose a place that this user may write to, or a port above 1023.',
    ENOENT: 'Its directory does not exist; create it first.',
  };
  const code = ERRNO_NAMES[report.error];
  const remedy = code === undefined ? undefined : remedies[code];
  return new LsapiError(
    'LSAPI_ERR_LISTEN',
    `Cannot listen on ${formatAddress(address)}: ${report.message}.${remedy === undefined ? '' : ` ${remedy}`}`,
    // For programs that look at the system's own code, as they do with Node's servers.
    { cause: Object.assign(new Error(report.message), { code, errno: -report.error, syscall: 'listen' }) },
  );
}

/** errno values of Linux, the same on x64 and arm64. */
const ERRNO_NAMES: Readonly<Record<number, string>> = {
  2: 'ENOENT',
  13: 'EACCES',
  88: 'ENOTSOCK',
  98: 'EADDRINUSE',
};
