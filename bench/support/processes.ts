import { readdirSync, readFileSync } from 'node:fs';

const MIB = 1024 * 1024;

/** The processes of a session, zombies included. */
export function sessionMembers(session: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => sessionOf(pid) === session);
}

function sessionOf(pid: number): number | undefined {
  const session = statusFields(pid)?.[3];
  return session === undefined ? undefined : Number(session);
}

/** Fields of /proc/PID/stat behind the name, which may contain anything: state, parent, process group, session and so on. */
export function statusFields(pid: number): string[] | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
  } catch {
    return undefined; // it has ended meanwhile
  }
}

/** How many descriptors a process has open. */
export function countDescriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** CPU time of a process with one thread, or of the first of several, as the scheduler counts it. */
export function cpuMilliseconds(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/schedstat`, 'latin1').split(' ')[0]) / 1e6;
}

/** CPU time of a process and of its children that have ended, in seconds. */
export function cpuSecondsOfAll(pid: number): number {
  const ticks = statusFields(pid)!
    .slice(11, 15)
    .reduce((sum, field) => sum + Number(field), 0);
  return ticks / 100; // USER_HZ, on every architecture that Node runs on
}

export function mebibytes(bytes: number | null): number {
  return (bytes ?? Number.NaN) / MIB;
}
