import { readFileSync } from 'node:fs';

/** What a process uses. `null` where it is gone, or belongs to somebody else. */
export interface ProcessUsage {
  readonly memory: ProcessMemory;
  readonly threads: number | null;
  /** Processor time, user and system, in milliseconds, exact to 10. */
  readonly cpuMilliseconds: number | null;
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

/** What process `pid` uses, by `smaps_rollup` and `stat` in its directory of `proc`. */
export function readProcessUsage(pid: number, proc = '/proc'): ProcessUsage {
  // Behind the name, which may contain anything: field 3 of proc(5) is the first here.
  const stat = read(`${proc}/${pid}/stat`)
    ?.replace(/^.*\) /s, '')
    .split(' ');
  const [userTicks, systemTicks, threads] = [14, 15, 20].map((field) => numberOf(stat?.[field - 3]));
  return {
    memory: readMemory(`${proc}/${pid}/smaps_rollup`),
    threads: threads ?? null,
    cpuMilliseconds:
      typeof userTicks === 'number' && typeof systemTicks === 'number'
        ? (userTicks + systemTicks) * TICK_MS
        : null,
  };
}

function readMemory(path: string): ProcessMemory {
  const rollup = read(path) ?? '';
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
