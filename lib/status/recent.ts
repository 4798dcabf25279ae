import { describeDurations, sumOf, type AnswerCounters } from './answers.js';
import type { FoundGroup } from './find-groups.js';
import { perSecond, type ChildStatus, type GroupStatus, type RecentActivity } from './group-status.js';

/** A look at a group. */
export interface Look {
  readonly group: FoundGroup;
  readonly status: GroupStatus;
  /** When, in milliseconds of a clock that cannot be set. */
  readonly at: number;
}

const PERCENT = 100;

/** The status of the later look, with what has happened since the earlier one of the same group. */
export function withRecent(before: Look, now: Look): GroupStatus {
  const milliseconds = now.at - before.at;
  if (milliseconds <= 0) return now.status;
  const earlier = new Map(before.status.children.map((child) => [keyOf(child), child]));
  const earlierAnswers = answersByPid(before);
  const laterAnswers = answersByPid(now);
  return {
    ...now.status,
    recent: activity(
      milliseconds,
      { ...before.status, answers: totalAnswers(before) },
      { ...now.status, answers: totalAnswers(now) },
    ),
    children: now.status.children.map((child) => {
      const previous = earlier.get(keyOf(child));
      return {
        ...child,
        recent: activity(
          // A child that is younger has existed no longer.
          previous === undefined ? Math.min(milliseconds, child.ageMilliseconds) : milliseconds,
          {
            requests: previous?.requests ?? 0,
            cpuMilliseconds: previous === undefined ? 0 : previous.cpuMilliseconds,
            answers: previous === undefined ? undefined : earlierAnswers.get(child.pid),
          },
          { ...child, answers: laterAnswers.get(child.pid) },
        ),
      };
    }),
  };
}

interface Counted {
  readonly requests: number;
  readonly cpuMilliseconds: number | null;
  readonly answers: AnswerCounters | undefined;
}

/** No number is below 0: what a process has used is rounded, and may be known later than that it has ended. */
function activity(milliseconds: number, before: Counted, now: Counted): RecentActivity | null {
  if (milliseconds <= 0) return null;
  const cpu =
    before.cpuMilliseconds === null || now.cpuMilliseconds === null
      ? null
      : Math.max(0, now.cpuMilliseconds - before.cpuMilliseconds);
  return {
    milliseconds,
    requestsPerSecond: perSecond(Math.max(0, now.requests - before.requests), milliseconds),
    cpuPercent: cpu === null ? null : (cpu / milliseconds) * PERCENT,
    answers: now.answers === undefined ? null : answersBetween(before.answers, now.answers),
  };
}

function answersBetween(
  before: AnswerCounters | undefined,
  now: AnswerCounters,
): ReturnType<typeof describeDurations> {
  return describeDurations(
    now.durations.map((count, index) => Math.max(0, count - (before?.durations[index] ?? 0))),
    Math.max(0, now.microseconds - (before?.microseconds ?? 0)),
  );
}

function totalAnswers({ group: { snapshot } }: Look): AnswerCounters {
  return sumOf([snapshot.answersOfEnded, ...snapshot.children.map(({ answers }) => answers)]);
}

function answersByPid({ group: { snapshot } }: Look): Map<number, AnswerCounters> {
  return new Map(snapshot.children.map(({ pid, answers }) => [pid, answers]));
}

/** Process ids are given anew. */
function keyOf({ pid, startedAt }: ChildStatus): string {
  return `${pid} ${startedAt}`;
}
