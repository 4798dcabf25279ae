import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  statSync,
} from 'node:fs';
import { LsapiError } from '../errors.js';
import { SCOREBOARD_NAME } from './layout.js';
import { captureScoreboard, type GroupSnapshot } from './scoreboard.js';

/** An open scoreboard of a process. */
export interface HeldScoreboard {
  /** The same for all processes that share it. */
  readonly identity: string;
  /** Where it can be opened as long as that process holds it. */
  readonly path: string;
}

/** "memfd:NAME (deleted)" is what the kernel calls a memory file. */
const SCOREBOARD_LINK = new RegExp(`/memfd:${SCOREBOARD_NAME}( \\(deleted\\))?$`);

/** All processes that `proc` shows, in ascending order. */
export function processIds(proc: string): number[] {
  return (attempt(() => readdirSync(proc)) ?? [])
    .filter((name) => /^[1-9]\d*$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

/** The scoreboards that a process holds; empty where it is gone, or belongs to somebody else. */
export function scoreboardsOf(pid: number, proc: string): HeldScoreboard[] {
  const held: HeldScoreboard[] = [];
  for (const { path, link } of descriptors(pid, proc)) {
    if (!SCOREBOARD_LINK.test(link)) continue;
    const file = attempt(() => statSync(path, { bigint: true }));
    if (file?.isFile()) held.push({ identity: `${file.dev}:${file.ino}`, path });
  }
  return held;
}

/** Whether a process holds one of the sockets with these inodes. */
export function holdsSocket(pid: number, inodes: ReadonlySet<string>, proc: string): boolean {
  return descriptors(pid, proc).some(({ link }) => {
    const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1];
    return inode !== undefined && inodes.has(inode);
  });
}

/** Whether the descriptors of a process can be seen: `false` for one of another user. */
export function isVisible(pid: number, proc: string): boolean {
  return attempt(() => readdirSync(`${proc}/${pid}/fd`)) !== undefined;
}

/** Whether there is such a process, be it of another user. */
export function isProcess(pid: number, proc: string): boolean {
  return attempt(() => statSync(`${proc}/${pid}`)) !== undefined;
}

/**
 * Reads the scoreboard at `path`.
 *
 * @returns `undefined` if the process that held it there is gone, or may not be looked at
 * @throws LsapiError `LSAPI_ERR_STATUS_SCOREBOARD`
 */
export function openScoreboard(path: string): GroupSnapshot | undefined {
  // Names are free for all to choose: what bears this one may be a pipe, which must not make us wait.
  const fd = attempt(() => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
  if (fd === undefined) return undefined;
  try {
    const file = fstatSync(fd);
    if (!file.isFile()) return undefined;
    return captureScoreboard({
      size: file.size,
      read(position, length) {
        const bytes = new Uint8Array(length);
        return bytes.subarray(0, readSync(fd, bytes, 0, length, position));
      },
    });
  } catch (error) {
    if (error instanceof LsapiError) throw error;
    return undefined;
  } finally {
    closeSync(fd);
  }
}

function descriptors(pid: number, proc: string): { path: string; link: string }[] {
  const directory = `${proc}/${pid}/fd`;
  const found: { path: string; link: string }[] = [];
  for (const name of attempt(() => readdirSync(directory)) ?? []) {
    const path = `${directory}/${name}`;
    const link = attempt(() => readlinkSync(path));
    if (link !== undefined) found.push({ path, link });
  }
  return found;
}

/** `undefined` instead of an error: processes come and go, and are not everybody's to look at. */
function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
