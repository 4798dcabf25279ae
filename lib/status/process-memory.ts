import { readFileSync } from 'node:fs';

/** What a process uses. `null` where it is gone, or belongs to somebody else. */
export interface ProcessUsage {
  readonly memory: ProcessMemory;
  readonly threads: number | null;
  /** Processor time, user and system, in milliseconds, exact to 10. */
  readonly cpuMilliseconds: number | null;
  /** That of its child processes that have ended and were waited for, with theirs, likewise. */
  readonly endedCpuMilliseconds: number | null;
}

/** Memory of a process in bytes. `null` where it is gone, or belongs to somebody else. */
export interface ProcessMemory {
  /** What no other process shares: what would be free if it ended. */
  readonly private: number | null;
  /** All that is in memory, shared pages included. */
  readonly rss: number | null;
  /** Shared pages divided by the number of those who share them. */
  readonly pss: number | null;
}

/** The unit of times in /proc/PID/stat: USER_HZ, 100 a second on every architecture that Node runs on. */
const TICK_MS = 10;
const KIB = 1024;

/** Processor time and threads of process `pid`, by `stat` in its directory of `proc`. */
export function readProcessTimes(pid: number, proc = '/proc'): Omit<ProcessUsage, 'memory'> {
  // Behind the name, which may contain anything: field 3 of proc(5) is the first here.
  const stat = read(`${proc}/${pid}/stat`)
    ?.replace(/^.*\) /s, '')
    .split(' ');
  const field = (number: number): number | null => numberOf(stat?.[number - 3]);
  return {
    threads: field(20),
    cpuMilliseconds: sumOfTicks(field(14), field(15)),
    endedCpuMilliseconds: sumOfTicks(field(16), field(17)),
  };
}

/** Both. */
export function readProcessUsage(pid: number, proc = '/proc'): ProcessUsage {
  return { memory: readProcessMemory(pid, proc), ...readProcessTimes(pid, proc) };
}

function sumOfTicks(user: number | null, system: number | null): number | null {
  return user === null || system === null ? null : (user + system) * TICK_MS;
}

/** Memory of process `pid`, by `smaps_rollup` there: the kernel counts pages for it, about a millisecond for each process. */
export function readProcessMemory(pid: number, proc = '/proc'): ProcessMemory {
  const rollup = read(`${proc}/${pid}/smaps_rollup`) ?? '';
  const clean = bytesOf(rollup, 'Private_Clean');
  const dirty = bytesOf(rollup, 'Private_Dirty');
  return {
    private: clean === null || dirty === null ? null : clean + dirty,
    rss: bytesOf(rollup, 'Rss'),
    pss: bytesOf(rollup, 'Pss'),
  };
}

function bytesOf(rollup: string, field: string): number | null {
  const kibibytes = numberOf(new RegExp(`^${field}: *(\\d+) kB$`, 'm').exec(rollup)?.[1]);
  return kibibytes === null ? null : kibibytes * KIB;
}

function numberOf(digits: string | undefined): number | null {
  return digits !== undefined && /^\d+$/.test(digits) ? Number(digits) : null;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
