import { DURATION_BOUNDS, quantile } from './durations.js';

/** The classes that answers are counted by: the first digit of their status. */
export const STATUS_CLASSES = ['none', '1xx', '2xx', '3xx', '4xx', '5xx'] as const;

/** `none`: the server gave the request up before the app had answered. */
export type StatusClass = (typeof STATUS_CLASSES)[number];

/** Counters of answers as the scoreboard has them. */
export interface AnswerCounters {
  /** Sum, in microseconds. */
  readonly microseconds: number;
  /** By {@link STATUS_CLASSES}. */
  readonly statuses: readonly number[];
  /** By `DURATION_BOUNDS`, one more than these. */
  readonly durations: readonly number[];
}

/** What has been answered. A duration lasts from when a request's packet was there until the app ended its answer. */
export interface AnswerTotals {
  /** Requests that have ended, those that were given up included. */
  readonly count: number;
  /** By the first digit of the status; `none`: given up before the app had answered. */
  readonly statuses: Readonly<Record<StatusClass, number>>;
  /** Sum of all durations. */
  readonly totalMilliseconds: number;
  /** `null` as long as nothing was answered. */
  readonly milliseconds: AnswerDurations | null;
  /** How many took up to so long, and longer than the one before; those without any are left out. */
  readonly histogram: readonly DurationCount[];
}

/** Estimated from the histogram, whose steps are a third to two thirds apart; the mean is exact. */
export interface AnswerDurations {
  readonly mean: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** A step of the histogram. */
export interface DurationCount {
  /** `null`: longer than the last one, 100 s. */
  readonly upToMilliseconds: number | null;
  readonly count: number;
}

const MILLISECOND = 1000;

/** The sum of several counters. */
export function sumOf(counters: readonly AnswerCounters[]): AnswerCounters {
  const column = (values: readonly (readonly number[])[], length: number): number[] =>
    Array.from({ length }, (_, index) => values.reduce((sum, row) => sum + (row[index] ?? 0), 0));
  return {
    microseconds: counters.reduce((sum, { microseconds }) => sum + microseconds, 0),
    statuses: column(
      counters.map(({ statuses }) => statuses),
      STATUS_CLASSES.length,
    ),
    durations: column(
      counters.map(({ durations }) => durations),
      DURATION_BOUNDS.length + 1,
    ),
  };
}

/** What counters say, in the words of the status. */
export function describeAnswers({ microseconds, statuses, durations }: AnswerCounters): AnswerTotals {
  const count = durations.reduce((sum, one) => sum + one, 0);
  return {
    count,
    statuses: Object.fromEntries(STATUS_CLASSES.map((name, index) => [name, statuses[index] ?? 0])) as Record<
      StatusClass,
      number
    >,
    totalMilliseconds: microseconds / MILLISECOND,
    milliseconds: describeDurations(durations, microseconds),
    histogram: durations
      .map((one, index) => ({ upToMilliseconds: boundOf(index), count: one }))
      .filter((step) => step.count > 0),
  };
}

/** Mean and quantiles in milliseconds; `null` where nothing was counted. */
export function describeDurations(
  durations: readonly number[],
  microseconds: number,
): AnswerDurations | null {
  const count = durations.reduce((sum, one) => sum + one, 0);
  if (count === 0) return null;
  const at = (share: number): number => (quantile(durations, share) ?? 0) / MILLISECOND;
  return { mean: microseconds / count / MILLISECOND, p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

function boundOf(index: number): number | null {
  const bound = DURATION_BOUNDS[index];
  return bound === undefined ? null : bound / MILLISECOND;
}
