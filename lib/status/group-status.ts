import type { FoundGroup } from './find-groups.js';
import type { GroupMode, GroupPhase } from './layout.js';
import {
  describeAnswers,
  describeDurations,
  sumOf,
  type AnswerDurations,
  type AnswerTotals,
} from './answers.js';
import { readProcessMemory, readProcessTimes, type ProcessMemory } from './process-memory.js';
import type { ChildSnapshot, GroupSnapshot } from './scoreboard.js';

/**
 * What a process group, or a process that serves alone (`mode` is `worker`), does at one moment: what
 * `lsnode status --json` prints. Fields keep their names and meaning; others may be added. Times of day are ISO 8601 in
 * UTC, spans are milliseconds, memory is bytes. Counters begin with the group and survive reloads. A worker is its own
 * and only child.
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
  readonly uptimeMilliseconds: number;
  /** When the present generation was started; `null` before. */
  readonly generationStartedAt: string | null;
  readonly limits: GroupLimits;
  /** Children that have a connection. */
  readonly busy: number;
  /** Connections accepted. */
  readonly accepted: number;
  /** Connections open now. */
  readonly connections: number;
  /** Requests begun, those of children that have ended included. */
  readonly requests: number;
  /** Requests in progress. */
  readonly active: number;
  /** Over the whole uptime. */
  readonly requestsPerSecond: number;
  /** Of all children, those that have ended included. */
  readonly answers: AnswerTotals;
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
  /** Processor time of the parent, its children, and what these have waited for. */
  readonly cpuMilliseconds: number | null;
  /** Over the last moments, where there was a look before. */
  readonly recent: RecentActivity | null;
  readonly children: readonly ChildStatus[];
}

/** What happened between two looks. */
export interface RecentActivity {
  /** Between the two. */
  readonly milliseconds: number;
  readonly requestsPerSecond: number;
  /** Of one processor; `null` where it is unknown. */
  readonly cpuPercent: number | null;
  /** Of the answers that ended meanwhile; `null` where none has. */
  readonly answers: AnswerDurations | null;
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
  /** Over its whole age. */
  readonly requestsPerSecond: number;
  /** How long its answers took; `null` before the first. */
  readonly answerMilliseconds: AnswerDurations | null;
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
  /** Over the last moments, where there was a look before. */
  readonly recent: RecentActivity | null;
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
  /** Memory of a process, where that is known already. Default: asks the kernel. */
  readonly memoryOf?: (pid: number) => ProcessMemory;
}

interface Moment {
  readonly proc: string;
  readonly now: number;
  readonly monotonicNow: number;
  readonly memoryOf: (pid: number) => ProcessMemory;
}

const NANOSECONDS = 1_000_000n;
const SECOND = 1000;

/** The status of a group that was found, with what the system knows of its processes. */
export function describeGroup({ snapshot }: FoundGroup, options: StatusOptions = {}): GroupStatus {
  const { proc = '/proc' } = options;
  const moment: Moment = {
    proc,
    now: options.now ?? Date.now(),
    monotonicNow: options.monotonicNow ?? monotonicMilliseconds(),
    memoryOf: options.memoryOf ?? ((pid) => readProcessMemory(pid, proc)),
  };
  const children = snapshot.children.map((child) => describeChild(child, moment));
  const requests = snapshot.children.reduce((sum, child) => sum + child.requests, snapshot.requestsOfEnded);
  const uptimeMilliseconds =
    snapshot.startedAt === undefined ? 0 : since(snapshot.startedAt.getTime(), moment.now);
  return {
    pid: snapshot.parentPid,
    root: snapshot.root,
    generation: snapshot.generation,
    state: snapshot.state,
    mode: snapshot.mode,
    startedAt: isoTime(snapshot.startedAt),
    uptimeMilliseconds,
    generationStartedAt: isoTime(snapshot.generationStartedAt),
    limits: {
      children: snapshot.childLimit,
      extraChildren: snapshot.extraChildren,
      concurrency: snapshot.concurrency,
    },
    busy: snapshot.busy,
    accepted: snapshot.accepted,
    connections: children.reduce((sum, child) => sum + child.connections, 0),
    requests,
    active: children.reduce((sum, child) => sum + child.active, 0),
    requestsPerSecond: perSecond(requests, uptimeMilliseconds),
    answers: describeAnswers(
      sumOf([snapshot.answersOfEnded, ...snapshot.children.map(({ answers }) => answers)]),
    ),
    refused: snapshot.refused,
    startedChildren: snapshot.startedChildren,
    endedChildren: snapshot.endedChildren,
    crashedChildren: snapshot.crashedChildren,
    forkFailures: snapshot.forkFailures,
    limitReached: snapshot.limitReached,
    reloads: snapshot.reloads,
    failedReloads: snapshot.failedReloads,
    memory: moment.memoryOf(snapshot.parentPid),
    cpuMilliseconds: cpuOf(snapshot, children, proc),
    recent: null,
    children,
  };
}

/** Milliseconds of CLOCK_MONOTONIC, which the times in a scoreboard are of. */
export function monotonicMilliseconds(): number {
  return Number(process.hrtime.bigint() / NANOSECONDS);
}

/** What happens in a second where `count` do in a span. */
export function perSecond(count: number, milliseconds: number): number {
  return milliseconds > 0 ? (count * SECOND) / milliseconds : 0;
}

function cpuOf(
  { mode, parentPid }: GroupSnapshot,
  children: readonly ChildStatus[],
  proc: string,
): number | null {
  const { cpuMilliseconds, endedCpuMilliseconds } = readProcessTimes(parentPid, proc);
  if (cpuMilliseconds === null || endedCpuMilliseconds === null) return null;
  const own = cpuMilliseconds + endedCpuMilliseconds;
  return mode === 'worker' ? own : children.reduce((sum, child) => sum + (child.cpuMilliseconds ?? 0), own);
}

function describeChild(child: ChildSnapshot, { proc, now, monotonicNow, memoryOf }: Moment): ChildStatus {
  const { active, requestBegan, lastActivity, text, startedAt } = child;
  const ageMilliseconds = startedAt === undefined ? 0 : since(startedAt.getTime(), now);
  const isFailed = child.state === 'failed';
  const hasRequest = requestBegan !== 0 && !isFailed;
  const { threads, cpuMilliseconds } = readProcessTimes(child.pid, proc);
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
    requestsPerSecond: perSecond(child.requests, ageMilliseconds),
    answerMilliseconds: describeDurations(child.answers.durations, child.answers.microseconds),
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
    memory: memoryOf(child.pid),
    threads,
    cpuMilliseconds,
    recent: null,
  };
}

/** Never below 0: the clock may be set, and the scoreboard is read before it. */
function since(begin: number, now: number): number {
  return Math.max(0, now - begin);
}

function isoTime(time: Date | undefined): string | null {
  return time?.toISOString() ?? null;
}
