import { readFileSync, realpathSync } from 'node:fs';
import { basename } from 'node:path';
import { SocketAddress } from 'node:net';
import type { Address, TcpAddress } from '../config/address.js';

/** __SO_ACCEPTCON: the flag of sockets that listen. */
const LISTENING_UNIX = 0x10000;
/** TCP_LISTEN. */
const LISTENING_TCP = 0x0a;

/**
 * Inodes of the sockets that listen on `address`, as /proc/PID/fd names them (`socket:[INODE]`). A TCP socket that
 * listens on every address listens on this one too. Of a TCP address, `host` is an IP address. There may be several: a path outlives the socket that it named.
 *
 * @param proc where proc(5) is; the sockets are those of the caller's network namespace
 */
export function listeningSockets(address: Address, proc = '/proc'): Set<string> {
  return address.kind === 'unix' ? unixSockets(address.path, proc) : tcpSockets(address, proc);
}

function unixSockets(path: string, proc: string): Set<string> {
  const inodes = new Set<string>();
  for (const line of lines(`${proc}/net/unix`)) {
    // Num RefCount Protocol Flags Type St Inode Path
    const fields = /^\S+: \S+ \S+ ([0-9A-F]+) \S+ \S+ +(\d+) (.+)$/.exec(line);
    if (fields === null) continue;
    const [, flags = '', inode = '', bound = ''] = fields;
    if ((parseInt(flags, 16) & LISTENING_UNIX) !== 0 && isSamePath(bound, path)) inodes.add(inode);
  }
  return inodes;
}

/** Whether two paths lead to the same place: a socket may be bound by way of a link (/var/run). */
function isSamePath(bound: string, path: string): boolean {
  if (bound === path) return true;
  if (!bound.startsWith('/') || basename(bound) !== basename(path)) return false;
  const real = realPath(path);
  return real !== undefined && real === realPath(bound);
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

function tcpSockets({ host, port, family = 4 }: TcpAddress, proc: string): Set<string> {
  const inodes = new Set<string>();
  const wanted = normalise(host.replace(/%.*$/, ''), family);
  for (const table of ['tcp', 'tcp6'] as const) {
    for (const line of lines(`${proc}/net/${table}`)) {
      // sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode
      const fields = line.trim().split(/\s+/);
      const [, local = '', , state = ''] = fields;
      const [localAddress = '', localPort = ''] = local.split(':');
      if (parseInt(state, 16) !== LISTENING_TCP || parseInt(localPort, 16) !== port) continue;
      const bound = kernelAddress(localAddress);
      if (bound === wanted || bound === '::' || (bound === '0.0.0.0' && family === 4))
        inodes.add(fields[9] ?? '');
    }
  }
  return inodes;
}

/** Reads an address as the kernel prints it: words of 32 bits in hexadecimal, their bytes reversed. */
function kernelAddress(hex: string): string | undefined {
  if (!/^([0-9A-F]{8}){1,4}$/.test(hex)) return undefined;
  const bytes = Buffer.from(hex, 'hex').swap32();
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  return normalise(groups.join(':'), 6);
}

function normalise(address: string, family: 4 | 6): string {
  return new SocketAddress({ address, family: family === 4 ? 'ipv4' : 'ipv6' }).address;
}

function lines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch {
    // A kernel without IPv6 has no tcp6.
    return [];
  }
}
