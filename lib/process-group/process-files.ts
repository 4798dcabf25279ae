// What Linux tells of this process under /proc. Everything may change while it is read: what is gone is left out.
import { existsSync, readFileSync, readSync, readdirSync, readlinkSync } from 'node:fs';

/** Descriptors with what they are (`socket:[8101]`, `/var/log/app.log`). */
export function readDescriptors(): Map<number, string> {
  const descriptors = new Map<number, string>();
  for (const name of list('/proc/self/fd')) {
    const target = attempt(() => readlinkSync(`/proc/self/fd/${name}`));
    if (target !== undefined) descriptors.set(Number(name), target);
  }
  return descriptors;
}

/** What each SQLite database begins with (its file format, section 1.2). */
const SQLITE_HEADER = Buffer.from('SQLite format 3\0', 'latin1');

/**
 * Whether an open file is an SQLite database. It is read where it is open: to open and close it once more would take away
 * the locks that this process has on it.
 */
export function isSqliteDatabase(fd: number): boolean {
  const start = Buffer.alloc(SQLITE_HEADER.length);
  return attempt(() => readSync(fd, start, 0, start.length, 0)) !== undefined && start.equals(SQLITE_HEADER);
}

/** How many paths an inotify descriptor watches. */
export function countWatches(fd: number): number {
  return (read(`/proc/self/fdinfo/${fd}`).match(/^inotify /gm) ?? []).length;
}

/** Threads with their names. */
export function readThreads(): Map<number, string> {
  return new Map(
    list('/proc/self/task').map((id) => [Number(id), read(`/proc/self/task/${id}/comm`).trim()]),
  );
}

/** Child processes with their names; undefined on kernels that are built without this list. */
export function readChildren(): Map<number, string> | undefined {
  if (!existsSync(`/proc/self/task/${process.pid}/children`)) return undefined;
  const children = new Map<number, string>();
  for (const id of list('/proc/self/task')) {
    for (const pid of read(`/proc/self/task/${id}/children`).trim().split(' ')) {
      if (pid !== '') children.set(Number(pid), read(`/proc/${pid}/comm`).trim());
    }
  }
  return children;
}

/** A socket as the kernel's tables have it. */
export interface SocketEntry {
  readonly protocol: 'TCP' | 'UDP' | 'Unix';
  readonly listening: boolean;
  /** `address:port` or a path; empty if it has none. */
  readonly local: string;
  readonly peer: string;
}

/** The kernel's sockets of the kinds that apps use, by inode. */
export function readSockets(): Map<string, SocketEntry> {
  const sockets = new Map<string, SocketEntry>();
  for (const table of ['tcp', 'tcp6', 'udp', 'udp6']) readInternetSockets(table, sockets);
  readUnixSockets(sockets);
  return sockets;
}

const TCP_LISTEN = '0A';

function readInternetSockets(table: string, sockets: Map<string, SocketEntry>): void {
  const protocol = table.startsWith('tcp') ? 'TCP' : 'UDP';
  // sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode …
  for (const [, local = '', peer = '', state = '', , , , , , inode = ''] of rows(`/proc/self/net/${table}`)) {
    sockets.set(inode, {
      protocol,
      listening: protocol === 'TCP' && state === TCP_LISTEN,
      local: formatEndpoint(local),
      peer: /:0000$/.test(peer) ? '' : formatEndpoint(peer),
    });
  }
}

/**
 * An address as the kernel's tables have it: `0100007F:1538` is 127.0.0.1:5432. Words of 32 bits in the machine's byte
 * order, which is little endian.
 */
export function formatEndpoint(text: string): string {
  const [address = '', port = ''] = text.split(':');
  const bytes = Buffer.from(address, 'hex').swap32();
  if (bytes.length === 4) return `${bytes.join('.')}:${parseInt(port, 16)}`;
  const mapped = bytes.subarray(0, 12).toString('hex') === '00000000000000000000ffff';
  if (mapped) return `${bytes.subarray(12).join('.')}:${parseInt(port, 16)}`;
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  return `${shortHost(groups.join(':'))}:${parseInt(port, 16)}`;
}

/** The usual form of an IPv6 address. */
function shortHost(address: string): string {
  return new URL(`http://[${address}]`).hostname;
}

/** The flag of a socket that listens, __SO_ACCEPTCON. */
const UNIX_LISTENS = 0x10000;

function readUnixSockets(sockets: Map<string, SocketEntry>): void {
  // Num RefCount Protocol Flags Type St Inode Path
  for (const [, , , flags = '', , , inode = '', ...path] of rows('/proc/self/net/unix')) {
    const listening = (parseInt(flags, 16) & UNIX_LISTENS) !== 0;
    sockets.set(inode, { protocol: 'Unix', listening, local: path.join(' '), peer: '' });
  }
}

function rows(path: string): string[][] {
  const lines = read(path).split('\n').slice(1);
  return lines.filter((line) => line !== '').map((line) => line.trim().split(/\s+/));
}

function list(path: string): string[] {
  return attempt(() => readdirSync(path)) ?? [];
}

function read(path: string): string {
  return attempt(() => readFileSync(path, 'latin1')) ?? '';
}

function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
