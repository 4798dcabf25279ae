import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const KIB = 1024;

export interface SessionMember {
  readonly pid: number;
  /** One letter as in proc(5); Z: it has ended, and nobody has collected it. */
  readonly state: string;
}

/** All processes that come from one that leads a session, whoever their parents are now. */
export function sessionMembers(leader: number): SessionMember[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const text = read(`/proc/${name}/stat`);
      const [state = '', , , session] = text.slice(text.lastIndexOf(')') + 2).split(' ');
      return session === String(leader) ? [{ pid: Number(name), state }] : [];
    });
}

/** Open descriptors; 0 where the process is gone. */
export function countDescriptors(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}

/** Bytes in memory now; 0 where the process is gone. */
export function residentMemory(pid: number): number {
  return statusBytes(pid, 'VmRSS');
}

/** The most bytes in memory since resetPeakMemory(). */
export function peakMemory(pid: number): number {
  return statusBytes(pid, 'VmHWM');
}

/** How often a process has been given the processor. */
export function countSwitches(pid: number): number {
  const counts = read(`/proc/${pid}/status`).matchAll(/^(?:non)?voluntary_ctxt_switches:\s+(\d+)$/gm);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}

export function resetPeakMemory(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

function statusBytes(pid: number, field: string): number {
  return (
    Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * KIB
  );
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
