import { printable } from '../config/printable.js';
import { STATUS_CLASSES, type AnswerTotals } from './answers.js';
import type { ChildStatus, GroupStatus } from './group-status.js';

/** What the text of a status depends on besides the status. */
export interface FormatOptions {
  /** Milliseconds since 1970. Default: now. */
  readonly now?: number;
  /** Columns that a line has; what is requested is cut to fit. Default: 120. */
  readonly width?: number;
}

interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
  readonly cell: (child: ChildStatus) => string;
  /** What stands in the last line. */
  readonly sum?: (children: readonly ChildStatus[]) => string;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MEGABYTE = 1024 * 1024;
const WIDTH = 120;
/** A request is never cut shorter, however narrow the terminal is. */
const NARROWEST_REQUEST = 20;
const HEAD_INDENT = 2;
const HEAD_TERM = 13;
const UNKNOWN = '-';

const COLUMNS: readonly Column[] = [
  { title: 'PID', align: 'right', cell: ({ pid }) => String(pid), sum: () => 'sum' },
  { title: 'GEN', align: 'right', cell: ({ generation }) => String(generation) },
  { title: 'STATE', align: 'left', cell: ({ state }) => state },
  { title: 'AGE', align: 'right', cell: ({ ageMilliseconds }) => formatDuration(ageMilliseconds) },
  numbers('REQUESTS', ({ requests }) => requests, String),
  numbers('REQ/S', ({ requestsPerSecond }) => requestsPerSecond, formatRate),
  numbers('NOW', ({ recent }) => recent?.requestsPerSecond ?? null, formatRate),
  numbers('CONN', ({ connections }) => connections, String),
  numbers('RSS', ({ memory }) => memory.rss, formatMemory, false),
  numbers('PRIVATE', ({ memory }) => memory.private, formatMemory),
  numbers(
    'CPU%',
    ({ recent }) => recent?.cpuPercent ?? null,
    (percent) => percent.toFixed(0),
  ),
  numbers(
    'CPU',
    ({ cpuMilliseconds }) => cpuMilliseconds,
    (milliseconds) => `${(milliseconds / SECOND).toFixed(1)} s`,
  ),
  { title: 'REQUEST', align: 'left', cell: formatRequest },
];

/** A group for people to read: what holds for all of it, a line per child, and the sum of these. */
export function formatGroup(group: GroupStatus, options: FormatOptions = {}): string {
  const { now = Date.now(), width = WIDTH } = options;
  const table = group.children.length === 0 ? ['No child is running.'] : formatTable(group.children, width);
  return [...formatHead(group, now), '', ...table].map((line) => `${line.trimEnd()}\n`).join('');
}

/** A span with the two largest units it has: `850 ms`, `12.3 s`, `4m 10s`, `3h 7m`, `12d 5h`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < SECOND) return `${Math.floor(milliseconds)} ms`;
  if (milliseconds < MINUTE) return `${(Math.floor(milliseconds / 100) / 10).toFixed(1)} s`;
  if (milliseconds < HOUR) return twoUnits(milliseconds, MINUTE, 'm', SECOND, 's');
  if (milliseconds < DAY) return twoUnits(milliseconds, HOUR, 'h', MINUTE, 'm');
  return twoUnits(milliseconds, DAY, 'd', HOUR, 'h');
}

function formatHead(group: GroupStatus, now: number): string[] {
  const { limits, children } = group;
  const isWorker = group.mode === 'worker';
  const extra = limits.extraChildren > 0 ? ` (+${limits.extraChildren} extra)` : '';
  const each = count(limits.concurrency, 'connection');
  const recent = group.recent === null ? '' : `, ${formatRate(group.recent.requestsPerSecond)}/s now`;
  const rows: [term: string, text: string][] = [
    [
      'state',
      isWorker
        ? group.state
        : `${group.state}, generation ${group.generation}${ago(group.generationStartedAt, now)}, ${group.mode}`,
    ],
    ['uptime', group.startedAt === null ? UNKNOWN : formatDuration(now - Date.parse(group.startedAt))],
  ];
  if (!isWorker) {
    rows.push(
      ['children', `${children.length} of ${limits.children}${extra}, ${group.busy} busy; ${each} each`],
      [
        'started',
        `${group.startedChildren}; ${group.endedChildren} ended, ${group.crashedChildren} of them crashed`,
      ],
    );
  }
  rows.push(
    [
      'connections',
      `${group.accepted} accepted, ${group.connections} open${isWorker ? '' : `, ${group.refused} refused`}`,
    ],
    [
      'requests',
      `${group.requests}, ${group.active} in progress; ${formatRate(group.requestsPerSecond)}/s${recent}`,
    ],
    ['answers', formatAnswers(group.answers)],
  );
  if (!isWorker) {
    rows.push(
      ['reloads', `${group.reloads}; ${group.failedReloads} failed`],
      ['parent', `${formatMemory(group.memory.rss)} resident, ${formatMemory(group.memory.private)} private`],
    );
  }
  if (group.limitReached > 0)
    rows.push(['limit', `reached ${count(group.limitReached, 'time')} (LSAPI_CHILDREN)`]);
  if (group.forkFailures > 0)
    rows.push(['fork', `refused by the system ${count(group.forkFailures, 'time')}`]);
  return [
    `${isWorker ? 'Worker' : 'Process group'} ${group.pid}: ${printable(group.root)}`,
    ...rows.map(([term, text]) => ' '.repeat(HEAD_INDENT) + term.padEnd(HEAD_TERM) + text),
  ];
}

function formatAnswers({ statuses, milliseconds }: AnswerTotals): string {
  const classes = STATUS_CLASSES.filter((name) => statuses[name] > 0).map((name) =>
    name === 'none' ? `${statuses[name]} given up` : `${statuses[name]} × ${name}`,
  );
  if (milliseconds === null) return 'none';
  const { mean, p50, p95, p99 } = milliseconds;
  const times = [
    `mean ${formatLatency(mean)}`,
    `p50 ${formatLatency(p50)}`,
    `p95 ${formatLatency(p95)}`,
    `p99 ${formatLatency(p99)}`,
  ];
  return `${classes.join(', ')}; ${times.join(', ')}`;
}

/** A short span: `0.35 ms`, `12.5 ms`, `250 ms`, and from a second on as {@link formatDuration} has it. */
export function formatLatency(milliseconds: number): string {
  if (milliseconds >= SECOND) return formatDuration(milliseconds);
  return `${milliseconds.toFixed(milliseconds < 10 ? 2 : milliseconds < 100 ? 1 : 0)} ms`;
}

function formatRate(rate: number): string {
  return rate.toFixed(1);
}

function formatTable(children: readonly ChildStatus[], width: number): string[] {
  const rows = [
    COLUMNS.map(({ title }) => title),
    ...children.map((child) => COLUMNS.map(({ cell }) => cell(child))),
    COLUMNS.map(({ sum }) => sum?.(children) ?? ''),
  ];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const last = COLUMNS.length - 1;
  const before = widths.slice(0, last).reduce((sum, columnWidth) => sum + columnWidth + 2, 0);
  const room = Math.max(NARROWEST_REQUEST, width - before);
  return rows.map((row) =>
    row
      .map((cell, column) => {
        if (column === last) return cut(cell, room);
        return COLUMNS[column]?.align === 'right'
          ? cell.padStart(widths[column] ?? 0)
          : cell.padEnd(widths[column] ?? 0);
      })
      .join('  '),
  );
}

/** A column whose last line is the sum, where one makes sense; what is unknown of some counts nothing there. */
function numbers(
  title: string,
  value: (child: ChildStatus) => number | null,
  format: (value: number) => string,
  hasSum = true,
): Column {
  const shown = (known: number | null): string => (known === null ? UNKNOWN : format(known));
  return {
    title,
    align: 'right',
    cell: (child) => shown(value(child)),
    sum: (children) => {
      if (!hasSum) return '';
      const known = children.map(value).filter((one) => one !== null);
      return shown(known.length === 0 ? null : known.reduce((sum, one) => sum + one, 0));
    },
  };
}

/** What a child answers, and for how long; why it has failed. */
export function formatRequest({ currentRequest, failure, killSignals }: ChildStatus): string {
  if (failure !== null) return printable(failure);
  if (currentRequest === null) return '';
  const { method, url, milliseconds } = currentRequest;
  const signals = killSignals > 0 ? `, ${count(killSignals, 'kill signal')}` : '';
  return `${formatDuration(milliseconds)}${signals}: ${printable(`${method ?? '?'} ${url ?? '?'}`)}`;
}

/** Bytes as megabytes of 1,048,576; a dash for what is unknown. */
export function formatMemory(bytes: number | null): string {
  return bytes === null ? UNKNOWN : `${(bytes / MEGABYTE).toFixed(1)} MB`;
}

function ago(time: string | null, now: number): string {
  return time === null ? '' : ` since ${formatDuration(now - Date.parse(time))}`;
}

function twoUnits(
  milliseconds: number,
  large: number,
  largeName: string,
  small: number,
  smallName: string,
): string {
  const larges = Math.floor(milliseconds / large);
  return `${larges}${largeName} ${Math.floor((milliseconds - larges * large) / small)}${smallName}`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function cut(text: string, length: number): string {
  const characters = [...text];
  return characters.length > length ? `${characters.slice(0, length - 1).join('')}…` : text;
}
