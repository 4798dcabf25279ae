import { printable } from '../config/printable.js';
import { formatDuration, formatLatency, formatMemory, formatRequest } from './format.js';
import type { ChildStatus, GroupStatus } from './group-status.js';

/** What the children of a group can be ordered by, with the key that chooses it. */
export const SORT_KEYS = {
  c: 'cpu',
  r: 'requests',
  m: 'memory',
  t: 'time',
  a: 'age',
  p: 'pid',
} as const;

/** An order of children: the largest first, process ids and ages ascending. `time`: of the request in progress. */
export type SortOrder = (typeof SORT_KEYS)[keyof typeof SORT_KEYS];

/** How a screen looks. */
export interface ScreenOptions {
  readonly columns: number;
  readonly rows: number;
  readonly sort: SortOrder;
  /** Time of day, as it is shown. */
  readonly time: string;
}

const FEWEST_CHILDREN = 1;
const LINES_OF_A_GROUP = 2;

/**
 * Groups as they fit on a screen: a line for all, then for each group a headline and its children, whose lines share
 * what room there is. No line is longer than the screen is wide, and there are no more than it has.
 */
export function screenLines(groups: readonly GroupStatus[], options: ScreenOptions): string[] {
  const { columns, rows } = options;
  const lines = [headline(groups, options)];
  let room = rows - 1;
  groups.forEach((group, index) => {
    const rest = groups.length - index;
    const share = Math.floor(room / rest) - LINES_OF_A_GROUP;
    // What the groups behind this one do not need is this one's.
    const needed = groups
      .slice(index + 1)
      .reduce(
        (sum, { children }) => sum + Math.min(children.length, Math.max(share, 0)) + LINES_OF_A_GROUP,
        0,
      );
    const most = Math.max(FEWEST_CHILDREN, room - LINES_OF_A_GROUP - needed);
    const block = [groupLine(group), TITLES, ...childLines(group, options.sort, most)];
    lines.push(...block.slice(0, Math.max(0, room)));
    room -= block.length;
  });
  if (groups.length === 0) lines.push('No lsnode is running that can be seen from here.');
  return lines.slice(0, rows).map((line) => cut(line.trimEnd(), columns));
}

function headline(groups: readonly GroupStatus[], { sort, time }: ScreenOptions): string {
  const sum = (value: (group: GroupStatus) => number | null | undefined): number =>
    groups.reduce((total, group) => total + (value(group) ?? 0), 0);
  const keys = Object.entries(SORT_KEYS).map(([key, name]) =>
    name === sort ? `[${key} ${name}]` : `${key} ${name}`,
  );
  return [
    `lsnode top ${time}`,
    `${sum(({ recent }) => recent?.requestsPerSecond).toFixed(1)} req/s`,
    `${sum(({ active }) => active)} active`,
    `${sum(({ recent }) => recent?.cpuPercent).toFixed(0)} % CPU`,
    `${keys.join(', ')}, q quits`,
  ].join('  ');
}

function groupLine(group: GroupStatus): string {
  const { recent, limits, children } = group;
  const isWorker = group.mode === 'worker';
  const parts = [
    `${group.pid} ${printable(group.root)}`,
    isWorker ? group.state : `${group.state} gen ${group.generation}`,
    `up ${formatDuration(group.uptimeMilliseconds)}`,
    isWorker ? 'one process' : `${children.length}/${limits.children} children, ${group.busy} busy`,
    `${group.requests} requests`,
  ];
  if (recent !== null) {
    parts.push(`${recent.requestsPerSecond.toFixed(1)} req/s`);
    if (recent.answers !== null) {
      const { p50, p95, p99 } = recent.answers;
      parts.push(`p50 ${formatLatency(p50)} p95 ${formatLatency(p95)} p99 ${formatLatency(p99)}`);
    }
  }
  const trouble: [count: number, what: string][] = [
    [group.answers.statuses['5xx'], '5xx'],
    [group.crashedChildren, 'crashed'],
    [group.refused, 'refused'],
    [group.limitReached, 'times full'],
  ];
  for (const [count, what] of trouble) if (count > 0) parts.push(`${count} ${what}`);
  return parts.join('  ');
}

const WIDTHS = [8, 9, 8, 9, 8, 5, 10, 5] as const;
const TITLES = row(['PID', 'STATE', 'AGE', 'REQUESTS', 'REQ/S', 'CONN', 'PRIVATE', 'CPU%'], 'REQUEST');

function childLines({ children }: GroupStatus, sort: SortOrder, most: number): string[] {
  const sorted = [...children].sort(ORDERS[sort]);
  const shown = sorted.length > most ? sorted.slice(0, Math.max(0, most - 1)) : sorted;
  const lines = shown.map((child) =>
    row(
      [
        String(child.pid),
        child.state,
        formatDuration(child.ageMilliseconds),
        String(child.requests),
        child.recent === null ? '-' : child.recent.requestsPerSecond.toFixed(1),
        String(child.connections),
        formatMemory(child.memory.private),
        child.recent?.cpuPercent == null ? '-' : child.recent.cpuPercent.toFixed(0),
      ],
      formatRequest(child),
    ),
  );
  if (shown.length < sorted.length) lines.push(`  … and ${sorted.length - shown.length} more`);
  return lines;
}

const ORDERS: Readonly<Record<SortOrder, (one: ChildStatus, other: ChildStatus) => number>> = {
  cpu: descending((child) => child.recent?.cpuPercent ?? 0),
  requests: descending((child) => child.recent?.requestsPerSecond ?? 0),
  memory: descending((child) => child.memory.private ?? 0),
  time: descending((child) => child.currentRequest?.milliseconds ?? -1),
  age: (one, other) => one.ageMilliseconds - other.ageMilliseconds,
  pid: (one, other) => one.pid - other.pid,
};

/** Children that are alike stay in their places: by process id. */
function descending(value: (child: ChildStatus) => number): (one: ChildStatus, other: ChildStatus) => number {
  return (one, other) => value(other) - value(one) || one.pid - other.pid;
}

function row(cells: readonly string[], last: string): string {
  // The state is text, all others are numbers.
  const aligned = cells.map((cell, index) =>
    index === 1 ? cell.padEnd(WIDTHS[index] ?? 0) : cell.padStart(WIDTHS[index] ?? 0),
  );
  return `${aligned.join(' ')}  ${last}`;
}

function cut(text: string, length: number): string {
  const characters = [...text];
  return characters.length > length ? `${characters.slice(0, Math.max(0, length - 1)).join('')}…` : text;
}
