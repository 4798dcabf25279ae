import { STATUS_CLASSES } from '../status/answers.js';
import { DURATION_BOUNDS } from '../status/durations.js';
import type { ChildState, GroupStatus } from '../status/group-status.js';
import { GROUP_STATES } from '../status/layout.js';
import type { Family, Sample } from './exposition.js';

/** One number, or several that differ in their labels, of each group; `null` is unknown and left out. */
type Values = (group: GroupStatus) => number | null | readonly Labelled[];
type Labelled = readonly [labels: Readonly<Record<string, string>>, value: number | null];

interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly values: Values;
}

const SECOND = 1000;
const MICROSECOND = 1_000_000;
const CHILD_STATES: readonly ChildState[] = ['starting', 'idle', 'busy', 'draining', 'failed'];

const METRICS: readonly Metric[] = [
  gauge('lsnode_info', 'Always 1; how the children of the group come to be.', ({ mode }) => [[{ mode }, 1]]),
  gauge('lsnode_state', '1 for the state that the group is in, 0 for the others.', (group) =>
    GROUP_STATES.map((state) => [{ state }, group.state === state ? 1 : 0]),
  ),
  gauge('lsnode_start_time_seconds', 'When the group was started, in seconds since 1970.', ({ startedAt }) =>
    secondsOf(startedAt),
  ),
  gauge(
    'lsnode_generation',
    'The generation of the app; each reload that succeeds adds 1.',
    (group) => group.generation,
  ),
  counter('lsnode_reloads_total', 'Reloads that have succeeded.', ({ reloads }) => reloads),
  counter(
    'lsnode_reload_failures_total',
    'Reloads after which the generation before went on.',
    ({ failedReloads }) => failedReloads,
  ),
  counter(
    'lsnode_connections_accepted_total',
    'Connections of the server that were accepted.',
    (group) => group.accepted,
  ),
  counter(
    'lsnode_connections_refused_total',
    'Connections that the parent answered with 503, because no child could.',
    ({ refused }) => refused,
  ),
  gauge('lsnode_connections', 'Connections that are open.', ({ connections }) => connections),
  counter('lsnode_requests_total', 'Requests that have begun.', ({ requests }) => requests),
  gauge('lsnode_requests_active', 'Requests in progress.', ({ active }) => active),
  gauge(
    'lsnode_oldest_request_seconds',
    'How long the oldest request in progress has taken so far; 0 where there is none.',
    ({ children }) =>
      Math.max(0, ...children.map(({ currentRequest }) => currentRequest?.milliseconds ?? 0)) / SECOND,
  ),
  counter(
    'lsnode_responses_total',
    'Requests that have ended, by the first digit of their status; none: given up by the server before the app answered.',
    ({ answers }) => STATUS_CLASSES.map((status) => [{ status }, answers.statuses[status]]),
  ),
  gauge('lsnode_children', 'Children by what they do.', ({ children }) =>
    CHILD_STATES.map((state) => [{ state }, children.filter((child) => child.state === state).length]),
  ),
  gauge('lsnode_children_busy', 'Children that have a connection.', ({ busy }) => busy),
  gauge('lsnode_children_limit', 'Children that the group may have.', ({ limits }) => limits.children),
  counter('lsnode_children_started_total', 'Children that were started.', (group) => group.startedChildren),
  counter('lsnode_children_ended_total', 'Children that have ended.', ({ endedChildren }) => endedChildren),
  counter(
    'lsnode_children_crashed_total',
    'Children that have ended by a signal or with a status other than 0.',
    ({ crashedChildren }) => crashedChildren,
  ),
  counter(
    'lsnode_children_limit_reached_total',
    'Times that connections had to wait because the group had as many children as it may.',
    ({ limitReached }) => limitReached,
  ),
  counter(
    'lsnode_fork_failures_total',
    'Times that the system refused a new process.',
    ({ forkFailures }) => forkFailures,
  ),
  counter(
    'lsnode_cpu_seconds_total',
    'Processor time of the group, user and system.',
    ({ cpuMilliseconds }) => (cpuMilliseconds === null ? null : cpuMilliseconds / SECOND),
  ),
  gauge(
    'lsnode_memory_private_bytes',
    'Memory that a process shares with nobody, by the part of its group that it is.',
    (group) => memoryOf(group, 'private'),
  ),
  gauge(
    'lsnode_memory_resident_bytes',
    'Memory that is in use; what processes share counts for each of them.',
    (group) => memoryOf(group, 'rss'),
  ),
];

/**
 * What is measured of groups. Each sample has the labels `root`, the directory of the app, and `pid`, the process id of
 * the parent, which stays the same over reloads.
 */
export function groupFamilies(groups: readonly GroupStatus[]): Family[] {
  return [
    ...METRICS.map(({ name, type, help, values }) => ({
      ...{ name, type, help },
      samples: groups.flatMap((group) => samplesOf(group, values(group))),
    })),
    {
      name: 'lsnode_request_duration_seconds',
      type: 'histogram',
      help: 'From when the packet of a request was there until the app ended its answer.',
      samples: groups.flatMap(histogramOf),
    },
  ];
}

function samplesOf(group: GroupStatus, values: ReturnType<Values>): Sample[] {
  const list: readonly Labelled[] = typeof values === 'number' || values === null ? [[{}, values]] : values;
  const samples: Sample[] = [];
  for (const [labels, value] of list) {
    if (value !== null) samples.push({ labels: { ...labelsOf(group), ...labels }, value });
  }
  return samples;
}

/** Of the finer steps of the status those that begin with 1, 2 and 5: half as many series. */
function histogramOf(group: GroupStatus): Sample[] {
  const labels = labelsOf(group);
  const { histogram, count, totalMilliseconds } = group.answers;
  const bucket = (le: string, value: number): Sample => ({
    suffix: '_bucket',
    labels: { ...labels, le },
    value,
  });
  const buckets = DURATION_BOUNDS.filter((bound) => /^[125]0*$/.test(String(bound))).map((bound) => {
    const upTo = histogram.filter(
      ({ upToMilliseconds }) => upToMilliseconds !== null && upToMilliseconds * SECOND <= bound,
    );
    return bucket(
      String(bound / MICROSECOND),
      upTo.reduce((sum, step) => sum + step.count, 0),
    );
  });
  return [
    ...buckets,
    bucket('+Inf', count),
    { suffix: '_sum', labels, value: totalMilliseconds / SECOND },
    { suffix: '_count', labels, value: count },
  ];
}

/** A worker is all of its group, and its memory is told once. */
function memoryOf(group: GroupStatus, kind: 'private' | 'rss'): readonly Labelled[] {
  const children = group.children.map(({ memory }) => memory[kind]).filter((bytes) => bytes !== null);
  const sum = children.reduce((total, bytes) => total + bytes, 0);
  return group.mode === 'worker'
    ? [[{ process: 'worker' }, group.memory[kind]]]
    : [
        [{ process: 'parent' }, group.memory[kind]],
        [{ process: 'children' }, sum],
      ];
}

function labelsOf({ root, pid }: GroupStatus): Record<string, string> {
  return { root, pid: String(pid) };
}

function secondsOf(time: string | null): number | null {
  return time === null ? null : Date.parse(time) / SECOND;
}

function gauge(name: string, help: string, values: Values): Metric {
  return { name, type: 'gauge', help, values };
}

function counter(name: string, help: string, values: Values): Metric {
  return { name, type: 'counter', help, values };
}
