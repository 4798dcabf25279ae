// The layout of native/process/scoreboard.h: offsets in bytes, by the names there. A test compares the two.

/** "LLSB". */
export const SCOREBOARD_MAGIC = 0x42534c4c;
/** The only version that this reader knows. */
export const SCOREBOARD_VERSION = 2;
/** Name of the memory file. */
export const SCOREBOARD_NAME = 'lsnode-scoreboard';
/** Bytes of the header. */
export const HEADER_SIZE = 1024;
/** Bytes of a slot. */
export const SLOT_SIZE = 1024;
/** The most slots that a scoreboard has. */
export const MOST_SLOTS = 65_536;

/** Where the fields of ScoreboardHeader lie. */
export const HEADER = {
  magic: 0,
  version: 4,
  slotCount: 8,
  slotSize: 12,
  parentPid: 16,
  generation: 20,
  childLimit: 24,
  extraChildren: 28,
  concurrency: 32,
  mode: 36,
  state: 40,
  busy: 44,
  startedTime: 48,
  generationTime: 56,
  accepted: 64,
  refused: 72,
  startedChildren: 80,
  endedChildren: 88,
  crashedChildren: 96,
  forkFailures: 104,
  limitReached: 112,
  reloads: 120,
  failedReloads: 128,
  requestsOfEnded: 136,
  root: 256,
  totalsOfEnded: 512,
} as const;

/** Where the fields of ScoreboardSlot lie. */
export const SLOT = {
  pid: 0,
  generation: 4,
  state: 8,
  connections: 12,
  active: 16,
  kills: 20,
  startedTime: 24,
  requests: 32,
  responses: 40,
  adopted: 48,
  closed: 56,
  pongs: 64,
  requestBeganMs: 72,
  lastActivityMs: 80,
  idleConnectionMs: 88,
  textVersion: 96,
  method: 104,
  url: 128,
  totals: 512,
} as const;

/** Where the fields of RequestTotals lie, from its beginning (native/process/request_totals.h). */
export const TOTALS = {
  durationUs: 0,
  statuses: 8,
  durations: 64,
} as const;

/** Bytes of RequestTotals. */
export const TOTALS_SIZE = 384;

/** Bytes of the texts, the NUL at their end included. */
export const TEXT_SIZE = { root: 256, method: 24, url: 384 } as const;

/** What the group does; the index is the value of GroupPhase. */
export const GROUP_STATES = ['loading', 'serving', 'reloading', 'stopping', 'failed'] as const;
/** How its children come to be; the index is the value of GroupMode. */
export const GROUP_MODES = ['preloaded', 'lazy', 'spawned', 'worker'] as const;
/** What a child does; the index is the value of SlotState. */
export const SLOT_STATES = ['free', 'starting', 'serving', 'draining', 'failed'] as const;

/**
 * What a group does: `loading` – the app is being loaded, connections wait; `serving`; `reloading` – a new generation
 * is being tried while the present one serves; `stopping`; `failed` – the app does not load, requests get a 503.
 */
export type GroupPhase = (typeof GROUP_STATES)[number];

/**
 * How children come to be: `preloaded` – forked from a parent that has loaded the app; `lazy` – forked from a bare
 * parent, each child loads the app; `spawned` – started as programs of their own (`LSNODE_FORK=off`); `worker` – not at
 * all: one process that serves alone, parent and only child in one.
 */
export type GroupMode = (typeof GROUP_MODES)[number];

/** What a child does, as the scoreboard has it. */
export type SlotState = (typeof SLOT_STATES)[number];
