import { channel } from 'node:diagnostics_channel';

/** On `lsapi.process.start`: a process is about to serve its first request. Its onAfterFork hooks have run. */
export interface ProcessStartMessage {
  readonly pid: number;
  /** `worker` – serves alone; `child` – of a process group. */
  readonly role: 'worker' | 'child';
  /** Directory of the app. */
  readonly root: string | undefined;
  /** By `performance.now()`, which goes on from the parent's in a forked child. */
  readonly startTime: number;
}

/** On `lsapi.process.end`: a serving process ends, in its last event. Not where it is killed. */
export interface ProcessEndMessage {
  readonly pid: number;
  readonly role: 'worker' | 'child';
  /** With which the process ends. */
  readonly exitCode: number;
  /** Requests that it has answered. */
  readonly requests: number;
}

/**
 * On `lsapi.group.start`: a parent has loaded the app, its onBeforeFork hooks have run, and it begins to supervise. The
 * last that JavaScript hears of it.
 */
export interface GroupStartMessage {
  readonly pid: number;
  readonly root: string;
  /** Whether this is a new generation of a group that served before. */
  readonly isReload: boolean;
}

const processStart = channel('lsapi.process.start');
const processEnd = channel('lsapi.process.end');
const groupStart = channel('lsapi.group.start');

/** Tells of the beginning of a serving process. */
export function publishProcessStart(message: ProcessStartMessage): void {
  if (processStart.hasSubscribers) processStart.publish(message);
}

/** Tells of the end of a serving process. */
export function publishProcessEnd(message: ProcessEndMessage): void {
  if (processEnd.hasSubscribers) processEnd.publish(message);
}

/** Tells that a group begins to be supervised. */
export function publishGroupStart(message: GroupStartMessage): void {
  if (groupStart.hasSubscribers) groupStart.publish(message);
}
