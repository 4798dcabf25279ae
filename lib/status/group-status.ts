import type { FoundGroup } from './find-groups.js';
import type { GroupMode, GroupPhase } from './layout.js';
import { readProcessUsage, type ProcessMemory } from './process-memory.js';
import type { ChildSnapshot } from './scoreboard.js';

/**
 * What a process group does at one moment: what `lsnode status --json` prints. Fields keep their names and meaning;
 * others may be added. Times of day are ISO 8601 in UTC, spans are milliseconds, memory is bytes. Counters begin with
 * the group and survive reloads.
 */
export interface GroupStatus {
  /** Process id of the parent. */
  readonly pid: number;
  /** Directory of the app. */
  readonly root: string;
  /** Counts from 1; each reload that succeeds adds 1. */
  readonly generation: number;
  readonly state: GroupPhase;
  readonly mode: GroupMode;
  /** When the first generation was started; `null` before. */
  readonly startedAt: string | null;
  /** When the present generation was started; `null` before. */
  readonly generationStartedAt: string | null;
  readonly limits: GroupLimits;
  /** Children that have a connection. */
  readonly busy: number;
  /** Connections accepted. */
  readonly accepted: number;
  /** Requests begun, those of children that have ended included. */
  readonly requests: number;
  /** Connections that the parent itself answered with 503. */
  readonly refused: number;
  readonly startedChildren: number;
  readonly endedChildren: number;
  /** Of the children that ended: those by a signal or with a status other than 0. */
  readonly crashedChildren: number;
  /** How often the system refused a new process. */
  readonly forkFailures: number;
  /** How often connections had to wait because the group had as many children as it may. */
  readonly limitReached: number;
  readonly reloads: number;
  /** Reloads after which the generation before went on, because the new one did not load. */
  readonly failedReloads: number;
  /** Of the parent. */
  readonly memory: ProcessMemory;
  readonly children: readonly ChildStatus[];
}

/** How large a group may become. */
export interface GroupLimits {
  /** Processes: LSAPI_CHILDREN. */
  readonly children: number;
  /** Processes beyond that, for when children malfunction: LSAPI_EXTRA_CHILDREN. */
  readonly extraChildren: number;
  /** Connections of one child at a time: LSNODE_CONCURRENCY. */
  readonly concurrency: number;
}

/**
 * What a child does: `starting` – takes no connections yet; `idle` and `busy` – without or with requests; `draining`
 * – finishes its requests and takes no more; `failed` – could not load the app.
 */
export type ChildState = 'starting' | 'idle' | 'busy' | 'draining' | 'failed';

/** One child of a group. */
export interface ChildStatus {
  readonly pid: number;
  readonly generation: number;
  readonly state: ChildState;
  readonly startedAt: string | null;
  readonly ageMilliseconds: number;
  /** Connections open now. */
  readonly connections: number;
  /** Requests in progress. */
  readonly active: number;
  /** Requests begun. */
  readonly requests: number;
  /** Responses completed. */
  readonly responses: number;
  /** Signals that it got because a request took longer than LSAPI_MAX_PROCESS_TIME. */
  readonly killSignals: number;
  /** The oldest request in progress; `null` where there is none. */
  readonly currentRequest: CurrentRequest | null;
  /** The last request of a child that has none in progress; `null` where there was none. */
  readonly lastRequest: RequestLine | null;
  /** Why the app could not be loaded; `null` unless `state` is `failed`. */
  readonly failure: string | null;
  /** Since the last request ended, or since the start; 0 while there is one in progress. */
  readonly idleMilliseconds: number;
  readonly memory: ProcessMemory;
  readonly threads: number | null;
  /** Processor time, user and system. */
  readonly cpuMilliseconds: number | null;
}

/** What was requested. */
export interface RequestLine {
  readonly method: string;
  /** Its beginning, up to some 380 bytes. */
  readonly url: string;
}

/** A request in progress. Method and URL are `null` where they changed too fast to be read. */
export interface CurrentRequest {
  readonly method: string | null;
  readonly url: string | null;
  /** Since it began. */
  readonly milliseconds: number;
}

/** What the present moment is, and where processes are looked up. */
export interface StatusOptions {
  /** Where proc(5) is. Default: `/proc`. */
  readonly proc?: string;
  /** Milliseconds since 1970. Default: now. */
  readonly now?: number;
  /** Milliseconds of CLOCK_MONOTONIC. Default: now. */
  readonly monotonicNow?: number;
}

interface Moment {
  readonly proc: string;
  readonly now: number;
  readonly monotonicNow: number;
}

const NANOSECONDS = 1_000_000n;

/** The status of a group that was found, with what the system knows of its processes. */
export function describeGroup({ snapshot }: FoundGroup, options: StatusOptions = {}): GroupStatus {
  const moment: Moment = {
    proc: options.proc ?? '/proc',
    now: options.now ?? Date.now(),
    monotonicNow: options.monotonicNow ?? Number(process.hrtime.bigint() / NANOSECONDS),
  };
  return {
    pid: snapshot.parentPid,
    root: snapshot.root,
    generation: snapshot.generation,
    state: snapshot.state,
    mode: snapshot.mode,
    startedAt: isoTime(snapshot.startedAt),
    generationStartedAt: isoTime(snapshot.generationStartedAt),
    limits: {
      children: snapshot.childLimit,
      extraChildren: snapshot.extraChildren,
      concurrency: snapshot.concurrency,
    },
    busy: snapshot.busy,
    accepted: snapshot.accepted,
    requests: snapshot.children.reduce((sum, { requests }) => sum + requests, snapshot.requestsOfEnded),
    refused: snapshot.refused,
    startedChildren: snapshot.startedChildren,
    endedChildren: snapshot.endedChildren,
    crashedChildren: snapshot.crashedChildren,
    forkFailures: snapshot.forkFailures,
    limitReached: snapshot.limitReached,
    reloads: snapshot.reloads,
    failedReloads: snapshot.failedReloads,
    memory: readProcessUsage(snapshot.parentPid, moment.proc).memory,
    children: snapshot.children.map((child) => describeChild(child, moment)),
  };
}

function describeChild(child: ChildSnapshot, { proc, now, monotonicNow }: Moment): ChildStatus {
  const { active, requestBegan, lastActivity, text, startedAt } = child;
  const ageMilliseconds = startedAt === undefined ? 0 : since(startedAt.getTime(), now);
  const isFailed = child.state === 'failed';
  const hasRequest = requestBegan !== 0 && !isFailed;
  const { memory, threads, cpuMilliseconds } = readProcessUsage(child.pid, proc);
  return {
    pid: child.pid,
    generation: child.generation,
    state: child.state !== 'serving' ? child.state : active > 0 ? 'busy' : 'idle',
    startedAt: isoTime(startedAt),
    ageMilliseconds,
    connections: child.connections,
    active,
    requests: child.requests,
    responses: child.responses,
    killSignals: child.kills,
    currentRequest: hasRequest
      ? {
          method: text?.method ?? null,
          url: text?.url ?? null,
          milliseconds: since(requestBegan, monotonicNow),
        }
      : null,
    lastRequest: !hasRequest && !isFailed && text !== undefined && text.method !== '' ? text : null,
    failure: isFailed ? (text?.url ?? '') : null,
    idleMilliseconds:
      active > 0 ? 0 : lastActivity === 0 ? ageMilliseconds : since(lastActivity, monotonicNow),
    memory,
    threads,
    cpuMilliseconds,
  };
}

/** Never below 0: the clock may be set, and the scoreboard is read before it. */
function since(begin: number, now: number): number {
  return Math.max(0, now - begin);
}

function isoTime(time: Date | undefined): string | null {
  return time?.toISOString() ?? null;
}
