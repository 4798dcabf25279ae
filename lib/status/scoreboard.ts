import { LsapiError } from '../errors.js';
import { STATUS_CLASSES, type AnswerCounters } from './answers.js';
import { DURATION_BOUNDS } from './durations.js';
import {
  GROUP_MODES,
  GROUP_STATES,
  HEADER,
  HEADER_SIZE,
  MOST_SLOTS,
  SCOREBOARD_MAGIC,
  SCOREBOARD_VERSION,
  SLOT,
  SLOT_SIZE,
  SLOT_STATES,
  TEXT_SIZE,
  TOTALS,
  type GroupMode,
  type GroupPhase,
  type SlotState,
} from './layout.js';

/** What a scoreboard says at one moment. */
export interface GroupSnapshot {
  readonly parentPid: number;
  /** Directory of the app. */
  readonly root: string;
  /** Counts from 1. */
  readonly generation: number;
  readonly mode: GroupMode;
  readonly state: GroupPhase;
  /** Processes that the group may have. */
  readonly childLimit: number;
  /** Processes beyond the limit, for when children malfunction. */
  readonly extraChildren: number;
  /** Connections that one child serves at a time. */
  readonly concurrency: number;
  /** Children that have a connection. */
  readonly busy: number;
  /** `undefined` as long as none is set. */
  readonly startedAt: Date | undefined;
  readonly generationStartedAt: Date | undefined;
  /** Connections accepted. */
  readonly accepted: number;
  /** Connections that the parent answered with 503. */
  readonly refused: number;
  readonly startedChildren: number;
  readonly endedChildren: number;
  /** Of those that ended: by a signal or with a status other than 0. */
  readonly crashedChildren: number;
  readonly forkFailures: number;
  /** How often connections had to wait because of the limit. */
  readonly limitReached: number;
  readonly reloads: number;
  readonly failedReloads: number;
  /** Requests of children that are gone. */
  readonly requestsOfEnded: number;
  /** Answers of children that are gone. */
  readonly answersOfEnded: AnswerCounters;
  /** In the order of the slots, free ones left out. */
  readonly children: readonly ChildSnapshot[];
}

/** What the scoreboard says of one child. */
export interface ChildSnapshot {
  readonly pid: number;
  readonly generation: number;
  readonly state: Exclude<SlotState, 'free'>;
  /** Open now. */
  readonly connections: number;
  /** Requests in progress. */
  readonly active: number;
  /** Signals sent because of LSAPI_MAX_PROCESS_TIME. */
  readonly kills: number;
  readonly startedAt: Date | undefined;
  /** Requests begun. */
  readonly requests: number;
  /** Responses completed. */
  readonly responses: number;
  readonly answers: AnswerCounters;
  /** When the oldest request in progress began, in milliseconds of CLOCK_MONOTONIC; 0: none is. */
  readonly requestBegan: number;
  /** When a request last began or ended, in milliseconds of CLOCK_MONOTONIC; 0: never. */
  readonly lastActivity: number;
  /**
   * Of the oldest request in progress, or of the last one; of a failed child `url` is the reason. `undefined` if it
   * was being written.
   */
  readonly text: { readonly method: string; readonly url: string } | undefined;
}

/** Where the bytes of a scoreboard come from while others write to it. */
export interface ScoreboardSource {
  /** Bytes. */
  readonly size: number;
  /** `length` bytes from `position` on, as they are now; fewer where it ends before. */
  read(position: number, length: number): Uint8Array;
}

/** How often a text is read again that changes while it is read. */
const TEXT_ATTEMPTS = 5;
/** How often a scoreboard is read again whose children end while it is read. */
const CAPTURE_ATTEMPTS = 3;
const BYTES_OF_COUNTER = 8;
/** Milliseconds of the latest Date there is. */
const LATEST_DATE = 8.64e15;

/**
 * Reads a scoreboard from a copy of all its bytes. What method and url say is told only where the copy shows them
 * complete; of one that was taken from memory in use, {@link captureScoreboard} makes sure of that.
 *
 * @throws LsapiError `LSAPI_ERR_STATUS_SCOREBOARD` where it is none, or none of this version
 */
export function readScoreboard(bytes: Uint8Array): GroupSnapshot {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const slotCount = checkedSlotCount(view, bytes.length);
  const children: ChildSnapshot[] = [];
  for (let index = 0; index < slotCount; index++) {
    const child = readSlot(bytes, view, HEADER_SIZE + index * SLOT_SIZE);
    if (child !== undefined) children.push(child);
  }
  return {
    parentPid: view.getInt32(HEADER.parentPid, true),
    root: text(bytes, HEADER.root, TEXT_SIZE.root),
    generation: view.getUint32(HEADER.generation, true),
    mode: oneOf(GROUP_MODES, view.getUint32(HEADER.mode, true), 'mode'),
    state: oneOf(GROUP_STATES, view.getUint32(HEADER.state, true), 'state'),
    childLimit: view.getUint32(HEADER.childLimit, true),
    extraChildren: view.getUint32(HEADER.extraChildren, true),
    concurrency: view.getUint32(HEADER.concurrency, true),
    busy: view.getUint32(HEADER.busy, true),
    startedAt: date(view, HEADER.startedTime),
    generationStartedAt: date(view, HEADER.generationTime),
    accepted: counter(view, HEADER.accepted),
    refused: counter(view, HEADER.refused),
    startedChildren: counter(view, HEADER.startedChildren),
    endedChildren: counter(view, HEADER.endedChildren),
    crashedChildren: counter(view, HEADER.crashedChildren),
    forkFailures: counter(view, HEADER.forkFailures),
    limitReached: counter(view, HEADER.limitReached),
    reloads: counter(view, HEADER.reloads),
    failedReloads: counter(view, HEADER.failedReloads),
    requestsOfEnded: counter(view, HEADER.requestsOfEnded),
    answersOfEnded: answers(view, HEADER.totalsOfEnded),
    children,
  };
}

/**
 * Reads a scoreboard that is in use. A text that changes meanwhile is read again a few times; if it does not hold
 * still, it is left out.
 *
 * @throws LsapiError `LSAPI_ERR_STATUS_SCOREBOARD`, as {@link readScoreboard}
 */
export function captureScoreboard(source: ScoreboardSource): GroupSnapshot {
  let snapshot = capture(source);
  // What a child has counted moves to the header when it ends: a copy from before and after that would lack it.
  for (let attempt = 1; attempt < CAPTURE_ATTEMPTS && endedNow(source) !== snapshot.endedChildren; attempt++)
    snapshot = capture(source);
  return snapshot;
}

function endedNow(source: ScoreboardSource): number | undefined {
  const bytes = source.read(HEADER.endedChildren, BYTES_OF_COUNTER);
  return bytes.length < BYTES_OF_COUNTER
    ? undefined
    : counter(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0);
}

function capture(source: ScoreboardSource): GroupSnapshot {
  // No more than the largest one has: whoever made the file may have made it of any size.
  const bytes = Uint8Array.from(
    source.read(0, Math.min(source.size, HEADER_SIZE + MOST_SLOTS * SLOT_SIZE + 1)),
  );
  const view = new DataView(bytes.buffer);
  const slotCount = checkedSlotCount(view, bytes.length);
  for (let index = 0; index < slotCount; index++) {
    const offset = HEADER_SIZE + index * SLOT_SIZE;
    if (view.getInt32(offset + SLOT.pid, true) !== 0) settleText(source, bytes, view, offset);
  }
  return readScoreboard(bytes);
}

/** Makes the text of a slot in `bytes` one that was complete at one moment, or marks it as being written. */
function settleText(source: ScoreboardSource, bytes: Uint8Array, view: DataView, offset: number): void {
  const at = offset + SLOT.textVersion;
  for (let attempt = 1; ; attempt++) {
    const version = view.getUint32(at, true);
    // The version lies before the text and was copied first: if it is the same afterwards, so was the text.
    if (version % 2 === 0 && version === versionNow(source, at)) return;
    const slot = attempt < TEXT_ATTEMPTS ? source.read(offset, SLOT_SIZE) : undefined;
    if (slot?.length !== SLOT_SIZE) {
      view.setUint32(at, version | 1, true);
      return;
    }
    bytes.set(slot, offset);
  }
}

function versionNow(source: ScoreboardSource, position: number): number | undefined {
  const bytes = source.read(position, 4);
  return bytes.length < 4
    ? undefined
    : new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0, true);
}

function checkedSlotCount(view: DataView, size: number): number {
  if (size < HEADER_SIZE) throw unreadable(`it has ${size} bytes, and its header alone has ${HEADER_SIZE}`);
  const magic = view.getUint32(HEADER.magic, true);
  if (magic !== SCOREBOARD_MAGIC)
    throw unreadable(
      `it begins with 0x${magic.toString(16).padStart(8, '0')}, not with 0x${SCOREBOARD_MAGIC.toString(16)}`,
    );
  const version = view.getUint32(HEADER.version, true);
  if (version !== SCOREBOARD_VERSION) {
    throw unreadable(
      `its version is ${version}, and this lsnode reads version ${SCOREBOARD_VERSION}. ` +
        'Use the lsnode that runs the group, or restart the group with this one',
    );
  }
  const slotCount = view.getUint32(HEADER.slotCount, true);
  const slotSize = view.getUint32(HEADER.slotSize, true);
  if (slotSize !== SLOT_SIZE) throw unreadable(`its slots have ${slotSize} bytes instead of ${SLOT_SIZE}`);
  if (slotCount > MOST_SLOTS) throw unreadable(`it has ${slotCount} slots; the most are ${MOST_SLOTS}`);
  const expected = HEADER_SIZE + slotCount * SLOT_SIZE;
  if (size !== expected)
    throw unreadable(`it has ${size} bytes, but ${expected} belong to ${slotCount} slots`);
  return slotCount;
}

function readSlot(bytes: Uint8Array, view: DataView, offset: number): ChildSnapshot | undefined {
  const pid = view.getInt32(offset + SLOT.pid, true);
  const state = oneOf(SLOT_STATES, view.getUint32(offset + SLOT.state, true), 'state of a child');
  if (pid === 0 || state === 'free') return undefined;
  const whole = view.getUint32(offset + SLOT.textVersion, true) % 2 === 0;
  return {
    pid,
    generation: view.getUint32(offset + SLOT.generation, true),
    state,
    connections: view.getUint32(offset + SLOT.connections, true),
    active: view.getUint32(offset + SLOT.active, true),
    kills: view.getUint32(offset + SLOT.kills, true),
    startedAt: date(view, offset + SLOT.startedTime),
    requests: counter(view, offset + SLOT.requests),
    responses: counter(view, offset + SLOT.responses),
    answers: answers(view, offset + SLOT.totals),
    requestBegan: counter(view, offset + SLOT.requestBeganMs),
    lastActivity: counter(view, offset + SLOT.lastActivityMs),
    text: whole
      ? {
          method: text(bytes, offset + SLOT.method, TEXT_SIZE.method),
          url: text(bytes, offset + SLOT.url, TEXT_SIZE.url),
        }
      : undefined,
  };
}

function counter(view: DataView, offset: number): number {
  return Number(view.getBigUint64(offset, true));
}

function answers(view: DataView, offset: number): AnswerCounters {
  const counters = (at: number, length: number): number[] =>
    Array.from({ length }, (_, index) => counter(view, offset + at + index * BYTES_OF_COUNTER));
  return {
    microseconds: counter(view, offset + TOTALS.durationUs),
    statuses: counters(TOTALS.statuses, STATUS_CLASSES.length),
    durations: counters(TOTALS.durations, DURATION_BOUNDS.length + 1),
  };
}

function date(view: DataView, offset: number): Date | undefined {
  const time = counter(view, offset);
  return time === 0 ? undefined : new Date(Math.min(time, LATEST_DATE));
}

/** What stands before the NUL. A character that was cut in the middle is left out. */
function text(bytes: Uint8Array, offset: number, size: number): string {
  const field = bytes.subarray(offset, offset + size);
  const end = field.indexOf(0);
  // As a stream, the decoder waits for the rest of the last character.
  return new TextDecoder().decode(end === -1 ? field : field.subarray(0, end), { stream: true });
}

function oneOf<T extends string>(names: readonly T[], value: number, field: string): T {
  const name = names[value];
  if (name === undefined) throw unreadable(`its ${field} is ${value}, which has no meaning`);
  return name;
}

function unreadable(why: string): LsapiError {
  return new LsapiError('LSAPI_ERR_STATUS_SCOREBOARD', `The scoreboard cannot be read: ${why}.`);
}
