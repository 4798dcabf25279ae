// Scoreboards as native code writes them, by hand. The fields are those of lib/status/layout.ts, which a test compares
// with the C++ header.
import {
  GROUP_MODES,
  GROUP_STATES,
  HEADER,
  HEADER_SIZE,
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
} from '#lib/status/layout.js';

type Numbers<Field extends string> = Partial<Record<Field, number>>;

/** What is counted of answers. */
export interface TotalsFields {
  readonly durationUs?: number;
  /** From the first digit of the status to how many there were. */
  readonly statuses?: Readonly<Record<number, number>>;
  /** From the index of the bound to how many there were. */
  readonly durations?: Readonly<Record<number, number>>;
}

/** Fields of the header; numbers that are not given are 0. */
export interface HeaderFields extends Numbers<
  Exclude<keyof typeof HEADER, 'mode' | 'state' | 'root' | 'totalsOfEnded'>
> {
  readonly totalsOfEnded?: TotalsFields;
  readonly mode?: GroupMode;
  readonly state?: GroupPhase;
  readonly root?: string;
}

/** Fields of a slot; numbers that are not given are 0. */
export interface SlotFields extends Numbers<
  Exclude<keyof typeof SLOT, 'state' | 'method' | 'url' | 'totals'>
> {
  readonly totals?: TotalsFields;
  readonly state?: SlotState;
  readonly method?: string;
  readonly url?: string;
}

/** The fields that have 64 bits; all other numbers have 32. */
const WIDE = new Set<string>([
  ...['startedTime', 'generationTime', 'accepted', 'refused', 'startedChildren', 'endedChildren'],
  ...['crashedChildren', 'forkFailures', 'limitReached', 'reloads', 'failedReloads', 'requestsOfEnded'],
  ...['requests', 'responses', 'adopted', 'closed', 'pongs', 'requestBeganMs', 'lastActivityMs'],
  'idleConnectionMs',
]);

/** All bytes of a scoreboard: `undefined` is a free slot. A slot serves unless it says otherwise. */
export function scoreboardBytes(
  header: HeaderFields = {},
  slots: readonly (SlotFields | undefined)[] = [],
): Uint8Array {
  const bytes = new Uint8Array(HEADER_SIZE + slots.length * SLOT_SIZE);
  const { mode = 'preloaded', state = 'serving', root = '/srv/app', totalsOfEnded, ...numbers } = header;
  writeNumbers(bytes, 0, HEADER, {
    magic: SCOREBOARD_MAGIC,
    version: SCOREBOARD_VERSION,
    slotCount: slots.length,
    slotSize: SLOT_SIZE,
    ...numbers,
    mode: GROUP_MODES.indexOf(mode),
    state: GROUP_STATES.indexOf(state),
  });
  writeText(bytes, HEADER.root, TEXT_SIZE.root, root);
  writeTotals(bytes, HEADER.totalsOfEnded, totalsOfEnded);
  slots.forEach((slot, index) => {
    if (slot !== undefined) writeSlot(bytes, index, slot);
  });
  return bytes;
}

/** Writes one slot of a scoreboard anew. */
export function writeSlot(bytes: Uint8Array, index: number, fields: SlotFields): void {
  const offset = HEADER_SIZE + index * SLOT_SIZE;
  bytes.fill(0, offset, offset + SLOT_SIZE);
  const { state = 'serving', method = '', url = '', totals, ...numbers } = fields;
  writeNumbers(bytes, offset, SLOT, { ...numbers, state: SLOT_STATES.indexOf(state) });
  writeText(bytes, offset + SLOT.method, TEXT_SIZE.method, method);
  writeText(bytes, offset + SLOT.url, TEXT_SIZE.url, url);
  writeTotals(bytes, offset + SLOT.totals, totals);
}

function writeTotals(bytes: Uint8Array, offset: number, fields: TotalsFields = {}): void {
  const view = new DataView(bytes.buffer);
  const { durationUs = 0, statuses = {}, durations = {} } = fields;
  view.setBigUint64(offset + TOTALS.durationUs, BigInt(durationUs), true);
  for (const [name, counts] of Object.entries({ statuses, durations }) as [
    'statuses' | 'durations',
    object,
  ][]) {
    for (const [index, count] of Object.entries(counts))
      view.setBigUint64(offset + TOTALS[name] + Number(index) * 8, BigInt(count as number), true);
  }
}

function writeNumbers(
  bytes: Uint8Array,
  offset: number,
  layout: Readonly<Record<string, number>>,
  values: Readonly<Record<string, number>>,
): void {
  const view = new DataView(bytes.buffer);
  for (const [field, value] of Object.entries(values)) {
    const at = layout[field];
    if (at === undefined) throw new Error(`the scoreboard has no field ${field}`);
    if (WIDE.has(field)) view.setBigUint64(offset + at, BigInt(value), true);
    else view.setUint32(offset + at, value, true);
  }
}

/** As StoreString does it: cut to fit, a NUL behind. */
function writeText(bytes: Uint8Array, offset: number, size: number, text: string): void {
  bytes.set(Buffer.from(text).subarray(0, size - 1), offset);
}
