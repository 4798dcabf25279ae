// What an app has open after loading and that no two processes can share. Node's own list
// (process.getActiveResourcesInfo()) has only what keeps the process running, and has it for a while after its end,
// so the facts are taken from the system wherever it knows them.
import { readdir } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { native } from '../native/binding.js';
import type { SocketEntry } from './process-files.js';
import {
  countWatches,
  isSqliteDatabase,
  readChildren,
  readDescriptors,
  readSockets,
  readThreads,
} from './process-files.js';

/** What the process had before the app was loaded. */
export interface Baseline {
  readonly descriptors: ReadonlyMap<number, string>;
  readonly threads: ReadonlySet<number>;
  readonly children: ReadonlySet<number>;
  readonly resources: ReadonlySet<string>;
}

export type HazardKind =
  | 'connection'
  | 'server'
  | 'thread'
  | 'child-process'
  | 'file-watcher'
  | 'pending-work'
  | 'descriptor'
  | 'resource';

/** Something that keeps an app from being forked after it was loaded. */
export interface Hazard {
  readonly kind: HazardKind;
  /** Names it: "an open TCP connection to 127.0.0.1:5432 (descriptor 23)". */
  readonly what: string;
  /** What the author of the app can do about it: an imperative sentence. */
  readonly remedy: string;
}

const SILENCE = ', or set LSNODE_PRELOAD=off to load the app in each process without this message';
const REMEDIES: Readonly<Record<HazardKind, string>> = {
  connection: `Connect in onAfterFork() from 'lsapi'${SILENCE}.`,
  server: `Listen in onAfterFork() from 'lsapi'${SILENCE}.`,
  thread: `Start worker threads, and addons that have threads, in onAfterFork() from 'lsapi'${SILENCE}.`,
  'child-process': `Start the process in onAfterFork() from 'lsapi'${SILENCE}.`,
  'file-watcher': `Watch in onAfterFork() from 'lsapi'${SILENCE}.`,
  'pending-work': `Wait for it before listen() (a top-level await will do), or begin it in onAfterFork() from 'lsapi'${SILENCE}.`,
  descriptor: `Open it in onAfterFork() from 'lsapi'${SILENCE}.`,
  resource: `Start it in onAfterFork() from 'lsapi'${SILENCE}.`,
};

/** Each child has its own copy of these. */
const HARMLESS = [
  'Timeout',
  'Immediate',
  'TickObject',
  'SignalWrap',
  'MessagePort',
  'ELDHistogram',
  'CloseReq',
];
/** Found among the descriptors, threads and children, if it is really there. */
const KNOWN_TO_SYSTEM = [
  'TCPSocketWrap',
  'TCPServerWrap',
  'TCPWRAP',
  'PipeWrap',
  'PipeServerWrap',
  'PIPEWRAP',
  'UDPWrap',
  'TTYWrap',
  'TLSWrap',
  'ProcessWrap',
  'FSEventWrap',
  'Worker',
];
/** Counted by the event loop. */
const REQUESTS = new Map([
  ['FSReqCallback', 'a file operation'],
  ['FileHandleCloseReq', 'a file operation'],
  ['GetAddrInfoReqWrap', 'a name look-up (DNS)'],
  ['GetNameInfoReqWrap', 'a name look-up (DNS)'],
  ['QueryReqWrap', 'a name look-up (DNS)'],
  ['TCPConnectWrap', 'a connection being opened'],
  ['PipeConnectWrap', 'a connection being opened'],
  ['WriteWrap', 'data being written'],
  ['ShutdownWrap', 'data being written'],
  ['SendWrap', 'data being written'],
]);
/** Like those, but in Node's list until the garbage collector has been there: it says nothing. */
const STALE_REQUEST = 'FSReqPromise';
const FILE_POLL = 'StatWatcher';
const SETTLED: ReadonlySet<string> = new Set([
  ...HARMLESS,
  ...KNOWN_TO_SYSTEM,
  ...REQUESTS.keys(),
  STALE_REQUEST,
  FILE_POLL,
]);

/** Polls of waitForQuiet(): as far apart, and as many in a row without work: one operation often follows another. */
const POLL_MS = 5;
const QUIET_POLLS = 3;

/** To be taken before the app is loaded. */
export async function takeBaseline(): Promise<Baseline> {
  // Starts all threads of libuv's pool, which are nobody's fault.
  await readdir('/proc/self/task');
  return {
    descriptors: readDescriptors(),
    threads: new Set(readThreads().keys()),
    children: new Set(readChildren()?.keys()),
    resources: new Set(process.getActiveResourcesInfo()),
  };
}

/**
 * Waits until no work is pending in the event loop and the thread pool: what an app has begun while loading may
 * just end. Idle connections that Node's own HTTP client keeps for later are closed.
 *
 * @param milliseconds - the longest time to wait
 * @returns whether it is quiet
 */
export async function waitForQuiet(milliseconds: number): Promise<boolean> {
  const deadline = performance.now() + milliseconds;
  for (let quiet = 0; ; quiet = native.pendingRequests() === 0 ? quiet + 1 : 0) {
    const closed = closeIdleClients();
    if (quiet >= QUIET_POLLS && !closed) return true;
    if (performance.now() >= deadline) return false;
    await delay(POLL_MS);
  }
}

/** Closes connections that the default agents keep alive; they take another one when they need it. */
function closeIdleClients(): boolean {
  let closed = false;
  for (const { freeSockets } of [http.globalAgent, https.globalAgent]) {
    for (const socket of Object.values(freeSockets).flatMap((sockets) => sockets ?? [])) {
      socket.destroy();
      closed = true;
    }
  }
  return closed;
}

/** What the app has opened since the baseline and that its children could not share. Empty: it may be forked. */
export function findHazards(baseline: Baseline): Hazard[] {
  const resources = process.getActiveResourcesInfo();
  const threads = findThreads(baseline);
  const children = findChildren(baseline, resources);
  const descriptors = findDescriptors(baseline, {
    threads: threads.length > 0,
    children: children.length > 0,
  });
  return [
    ...descriptors,
    ...threads,
    ...children,
    ...findPendingWork(resources),
    ...findOthers(baseline, resources),
  ];
}

function hazard(kind: HazardKind, what: string): Hazard {
  return { kind, what, remedy: REMEDIES[kind] };
}

function findThreads(baseline: Baseline): Hazard[] {
  const names = [...readThreads()].filter(([id]) => !baseline.threads.has(id)).map(([, name]) => name);
  if (names.length === 0) return [];
  const threads = names.length === 1 ? 'a thread' : `${names.length} threads`;
  return [
    hazard('thread', `${threads} of worker_threads or of a native addon (${[...new Set(names)].join(', ')})`),
  ];
}

function findChildren(baseline: Baseline, resources: readonly string[]): Hazard[] {
  const children = readChildren();
  if (children === undefined) {
    return resources.includes('ProcessWrap') ? [hazard('child-process', 'a child process')] : [];
  }
  return [...children]
    .filter(([pid]) => !baseline.children.has(pid))
    .map(([pid, name]) => hazard('child-process', `a child process: ${name} (pid ${pid})`));
}

/** `explained`: what was found already and has descriptors of its own. */
function findDescriptors(
  baseline: Baseline,
  explained: { readonly threads: boolean; readonly children: boolean },
): Hazard[] {
  const hazards: Hazard[] = [];
  let sockets: Map<string, SocketEntry> | undefined;
  for (const [fd, target] of readDescriptors()) {
    if (baseline.descriptors.get(fd) === target) continue;
    const [, type = '', detail = ''] = /^(socket|pipe|anon_inode):(.*)$/.exec(target) ?? [];
    if (type === 'socket') {
      sockets ??= readSockets();
      const socket = sockets.get(detail.slice(1, -1));
      // The pipes of a child process are unnamed Unix sockets.
      if (explained.children && socket?.protocol === 'Unix' && socket.local === '') continue;
      hazards.push(describeSocket(fd, socket));
    } else if (type === 'pipe') {
      if (!explained.threads && !explained.children)
        hazards.push(hazard('descriptor', `an open pipe (descriptor ${fd})`));
    } else if (detail === 'inotify') {
      // Stays open when the last watcher is closed.
      if (countWatches(fd) > 0)
        hazards.push(hazard('file-watcher', `a file watcher (fs.watch, descriptor ${fd})`));
    } else if (type === 'anon_inode' && !explained.threads) {
      const name = detail.replace(/[[\]]/g, '');
      hazards.push(hazard('descriptor', `an open ${name} of a native addon (descriptor ${fd})`));
    } else if (target.startsWith('/') && isSqliteDatabase(fd)) {
      // Its locks are the process's, and its cache is of one connection: SQLite forbids to carry one over a fork.
      hazards.push(hazard('descriptor', `an open SQLite database ${target} (descriptor ${fd})`));
    }
    // Other files are no hazard: they share their position, but apps open them to append or to read at once.
  }
  return hazards;
}

function describeSocket(fd: number, socket: SocketEntry | undefined): Hazard {
  const descriptor = `(descriptor ${fd})`;
  if (socket === undefined) return hazard('connection', `an open socket ${descriptor}`);
  const { protocol, listening, local, peer } = socket;
  if (listening) return hazard('server', `a server listening on ${local} ${descriptor}`);
  if (protocol === 'Unix') {
    return hazard('connection', `an open Unix socket${local === '' ? '' : ` ${local}`} ${descriptor}`);
  }
  if (peer !== '') return hazard('connection', `an open ${protocol} connection to ${peer} ${descriptor}`);
  return hazard('connection', `an open ${protocol} socket on ${local} ${descriptor}`);
}

function findPendingWork(resources: readonly string[]): Hazard[] {
  const count = native.pendingRequests();
  if (count === 0) return [];
  const names = new Set(resources.map((type) => REQUESTS.get(type)).filter((name) => name !== undefined));
  const examples =
    names.size === 0 ? 'in the thread pool: files, crypto, zlib or a native addon' : [...names].join(', ');
  return [hazard('pending-work', `unfinished asynchronous work (${count}; ${examples})`)];
}

function findOthers(baseline: Baseline, resources: readonly string[]): Hazard[] {
  const types = new Set(resources);
  const hazards = types.has(FILE_POLL) ? [hazard('file-watcher', 'a file watcher (fs.watchFile)')] : [];
  for (const type of types) {
    if (!SETTLED.has(type) && !baseline.resources.has(type)) {
      hazards.push(hazard('resource', `an active ${type}`));
    }
  }
  return hazards;
}
