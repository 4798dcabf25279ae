import { readdirSync, readFileSync } from 'node:fs';
import { statusFields } from './processes.js';

/**
 * These processes and all that come from them, as long as their parents live. Sessions would not do: a child of the
 * reference library leads one of its own.
 */
export function processTree(...roots: number[]): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = parentOf(Number(name));
    if (parent === undefined) continue;
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [Number(name)]);
    else siblings.push(Number(name));
  }
  const tree = [...roots];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

function parentOf(pid: number): number | undefined {
  const parent = statusFields(pid)?.[1];
  return parent === undefined ? undefined : Number(parent);
}

/** CPU time of all threads of these processes so far, in nanoseconds: as the scheduler counts it, not in ticks. */
export function cpuNanoseconds(pids: readonly number[]): number {
  let total = 0;
  for (const pid of pids) {
    for (const thread of entriesOf(`/proc/${pid}/task`)) {
      const text = contentOf(`/proc/${pid}/task/${thread}/schedstat`);
      if (text !== undefined) total += Number(text.split(' ')[0]);
    }
  }
  return total;
}

export interface Memory {
  /** Bytes that no other process has. */
  readonly private: number;
  /** Bytes with shared ones divided by the number of those who share them. */
  readonly pss: number;
}

/** What these processes hold together. */
export function memoryOf(pids: readonly number[]): Memory {
  const total = { private: 0, pss: 0 };
  for (const pid of pids) {
    const rollup = contentOf(`/proc/${pid}/smaps_rollup`) ?? '';
    for (const [, name, kilobytes] of rollup.matchAll(/^(Pss|Private_Clean|Private_Dirty):\s+(\d+)/gm)) {
      total[name === 'Pss' ? 'pss' : 'private'] += Number(kilobytes) * 1024;
    }
  }
  return total;
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
