import { formatAddress, parseAddress, type Address } from '../config/address.js';
import { LsapiError, isLsapiError } from '../errors.js';
import { listeningSockets } from './listening-sockets.js';
import {
  holdsSocket,
  isProcess,
  isVisible,
  openScoreboard,
  processIds,
  scoreboardsOf,
} from './proc-files.js';
import type { GroupSnapshot } from './scoreboard.js';

/** Where to look for groups. */
export interface FindOptions {
  /** Where proc(5) is. Default: `/proc`. */
  readonly proc?: string;
  /** Is told of scoreboards that cannot be read, such as those of another version; the other groups are found. */
  readonly onUnreadable?: (error: LsapiError) => void;
}

/** A group that runs. */
export interface FoundGroup {
  readonly snapshot: GroupSnapshot;
  /** The parent and all others that hold the group's scoreboard, in ascending order. */
  readonly holders: readonly number[];
  /** Where its scoreboard can be opened as long as the one who held it there does: {@link readAgain}. */
  readonly path: string;
}

interface UnreadableBoard {
  readonly error: LsapiError;
  readonly holders: readonly number[];
}

/** The largest process id of a 64-bit system. */
const LARGEST_PID = 4_194_304;
const LARGEST_PORT = 65_535;

/**
 * All groups that this user may see, by their parents' process ids. A group is there as long as its parent is: the
 * process that the scoreboard names and that holds the scoreboard.
 */
export function findGroups(options: FindOptions = {}): FoundGroup[] {
  const { proc = '/proc', onUnreadable } = options;
  const { groups, unreadable } = scan(proc);
  for (const { error } of unreadable) onUnreadable?.(error);
  return groups;
}

/**
 * The group that `target` names: the process id of its parent or of one of its children, or the address of its
 * socket, a path or `HOST:PORT`. A bare number is a process id, or else a port.
 *
 * @throws LsapiError `LSAPI_ERR_STATUS_TARGET` where it is neither, or more than one group; `LSAPI_ERR_STATUS_NO_GROUP`;
 *   `LSAPI_ERR_STATUS_SCOREBOARD`
 */
export function findGroup(target: number | string, options: Pick<FindOptions, 'proc'> = {}): FoundGroup {
  const { proc = '/proc' } = options;
  if (typeof target === 'number') return findByPid(checkedPid(target), proc);
  const word = target.trim();
  if (!/^\d+$/.test(word)) return findByAddress(parseTarget(target), proc);
  const number = Number(word);
  if (number < 1 || number > LARGEST_PORT) return findByPid(checkedPid(number), proc);
  try {
    return findByPid(number, proc);
  } catch (error) {
    const address = parseTarget(word);
    // As a process it has been looked up; that no socket of this number listens adds nothing.
    if (!isLsapiError(error, 'LSAPI_ERR_STATUS_NO_GROUP') || listeningSockets(address, proc).size === 0)
      throw error;
    return findByAddress(address, proc);
  }
}

/**
 * The same group a moment later, without a look at all processes.
 *
 * @returns `undefined` where it cannot be found in the same place: it may have moved, or be gone
 */
export function readAgain({ snapshot: before, holders, path }: FoundGroup): FoundGroup | undefined {
  let snapshot: GroupSnapshot | undefined;
  try {
    snapshot = openScoreboard(path);
  } catch (error) {
    if (!(error instanceof LsapiError)) throw error;
  }
  // Descriptors are given anew: the file may be another one by now.
  const isSame =
    snapshot?.parentPid === before.parentPid && snapshot.startedAt?.getTime() === before.startedAt?.getTime();
  return snapshot !== undefined && isSame ? { snapshot, holders, path } : undefined;
}

/**
 * What to say when {@link findGroups} finds nothing.
 *
 * @returns LsapiError `LSAPI_ERR_STATUS_NO_GROUP`
 */
export function noGroups(): LsapiError {
  return noGroup('No lsnode is running that can be seen from here.', WHAT_IS_ONE);
}

const WHAT_IS_ONE =
  'Every lsnode that serves can be seen, a process group or a single process; one that a server starts on demand is there only after the first request.';

function findByPid(pid: number, proc: string): FoundGroup {
  if (!isProcess(pid, proc)) {
    throw noGroup(`There is no process ${pid}.`, 'lsnode status without a target lists all groups.');
  }
  let orphanOf: number | undefined;
  for (const { identity, path } of scoreboardsOf(pid, proc)) {
    const snapshot = openScoreboard(path);
    if (snapshot === undefined) continue;
    if (scoreboardsOf(snapshot.parentPid, proc).some((board) => board.identity === identity))
      return { snapshot, holders: holdersOf(identity, proc), path };
    orphanOf = snapshot.parentPid;
  }
  if (orphanOf !== undefined) {
    throw noGroup(
      `Process ${pid} belonged to a group, but its parent, process ${orphanOf}, is gone.`,
      'What is left of the group ends with its last request.',
    );
  }
  if (!isVisible(pid, proc)) throw noGroup(`Process ${pid} may not be looked at.`, '');
  throw noGroup(
    `Process ${pid} belongs to no process group.`,
    `${WHAT_IS_ONE} lsnode status without a target lists all groups.`,
  );
}

function findByAddress(address: Address, proc: string): FoundGroup {
  const name = formatAddress(address);
  const inodes = listeningSockets(address, proc);
  if (inodes.size === 0) {
    throw noGroup(
      `Nothing listens on ${name}.`,
      'Give the address as the server or --bind has it; lsnode status without a target lists all groups.',
    );
  }
  const { groups, unreadable } = scan(proc);
  const holdsIt = (pid: number): boolean => holdsSocket(pid, inodes, proc);
  const holding = groups.filter(({ holders }) => holders.some(holdsIt));
  // While one group replaces another both hold the socket.
  const staying = holding.filter(({ snapshot }) => snapshot.state !== 'stopping');
  const [group, ...others] = staying.length > 0 ? staying : holding;
  if (group !== undefined && others.length === 0) return group;
  if (group !== undefined) {
    const pids = [group, ...others].map(({ snapshot }) => snapshot.parentPid).join(', ');
    throw new LsapiError(
      'LSAPI_ERR_STATUS_TARGET',
      `Several groups serve ${name}: processes ${pids}. Name one by its process id.`,
    );
  }
  const broken = unreadable.find(({ holders }) => holders.some(holdsIt));
  if (broken !== undefined) throw broken.error;
  throw noGroup(
    `${name} is open, but no process group that can be seen from here serves it.`,
    'Behind a web server that starts apps on demand there is one only after the first request.',
  );
}

/** Looks at every process. */
function scan(proc: string): { groups: FoundGroup[]; unreadable: UnreadableBoard[] } {
  const boards = new Map<string, { paths: string[]; holders: number[] }>();
  for (const pid of processIds(proc)) {
    for (const { identity, path } of scoreboardsOf(pid, proc)) {
      let board = boards.get(identity);
      if (board === undefined) boards.set(identity, (board = { paths: [], holders: [] }));
      board.paths.push(path);
      if (board.holders.at(-1) !== pid) board.holders.push(pid);
    }
  }
  const groups: FoundGroup[] = [];
  const unreadable: UnreadableBoard[] = [];
  for (const { paths, holders } of boards.values()) {
    try {
      const opened = openAny(paths);
      if (opened !== undefined && holders.includes(opened.snapshot.parentPid))
        groups.push({ ...opened, holders });
    } catch (error) {
      if (!(error instanceof LsapiError)) throw error;
      const which = holders.length === 1 ? 'process' : 'processes';
      const message = `${error.message} It is that of ${which} ${holders.join(', ')}.`;
      unreadable.push({ error: new LsapiError(error.code, message, { cause: error }), holders });
    }
  }
  groups.sort((a, b) => a.snapshot.parentPid - b.snapshot.parentPid);
  return { groups, unreadable };
}

/** Opens it where somebody still holds it. */
function openAny(paths: readonly string[]): { snapshot: GroupSnapshot; path: string } | undefined {
  for (const path of paths) {
    const snapshot = openScoreboard(path);
    if (snapshot !== undefined) return { snapshot, path };
  }
  return undefined;
}

function holdersOf(identity: string, proc: string): number[] {
  return processIds(proc).filter((pid) =>
    scoreboardsOf(pid, proc).some((board) => board.identity === identity),
  );
}

function checkedPid(pid: number): number {
  if (Number.isInteger(pid) && pid >= 1 && pid <= LARGEST_PID) return pid;
  throw new LsapiError(
    'LSAPI_ERR_STATUS_TARGET',
    `${pid} is no process id; they go from 1 to ${LARGEST_PID}. Name the parent or a child of a group.`,
  );
}

function parseTarget(text: string): Address {
  const cut = JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
  let address: Address;
  try {
    address = parseAddress(text);
  } catch (error) {
    if (!(error instanceof LsapiError)) throw error;
    throw new LsapiError(
      'LSAPI_ERR_STATUS_TARGET',
      `The target ${cut} is neither a process id nor the address of a socket. ${error.message}`,
      { cause: error },
    );
  }
  if (address.kind === 'tcp' && address.family === undefined) {
    throw new LsapiError(
      'LSAPI_ERR_STATUS_TARGET',
      `The target ${cut} names a host, and hosts are not looked up. Give the IP address that the group listens on, or localhost:${address.port}.`,
    );
  }
  return address;
}

function noGroup(what: string, remedy: string): LsapiError {
  const uid = process.getuid?.() ?? 0;
  const view =
    uid === 0
      ? ''
      : ` Only processes of this user (uid ${uid}) are visible: ask as the user that the app runs as, or as root (sudo lsnode status).`;
  return new LsapiError(
    'LSAPI_ERR_STATUS_NO_GROUP',
    [what, remedy].filter((text) => text !== '').join(' ') + view,
  );
}
