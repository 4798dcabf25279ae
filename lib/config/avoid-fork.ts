import { formatBytes, GIB, MIB, parseBytes, type ValueKind } from './value-kinds.js';

/** What LSAPI_AVOID_FORK says: whether idle children are kept, and how much memory must stay free for that. */
export interface AvoidFork {
  /** `true`: children are recycled instead of being stopped and started on demand. */
  readonly enabled: boolean;
  /** Bytes of available memory below which children are given up early. At least 10 MiB, default 1 GiB. */
  readonly minFreeMemory: number;
}

/** The smallest number that the library takes for an amount of memory instead of a yes (protocol §6.1). */
const SMALLEST_LIMIT = 10 * MIB;

const DEFAULT_LIMIT = GIB;

/** The value in force when the variable is absent: off, with the limit of 1 GiB that applies in any case. */
export const AVOID_FORK_OFF: AvoidFork = { enabled: false, minFreeMemory: DEFAULT_LIMIT };

/**
 * 0 is off, 1 is on, a size of at least 10M is on with that limit of free memory; anything between is on with
 * the default limit. Read in 64 bit, where the library overflows from 2G on (protocol §6.1).
 */
export function avoidForkValue(): ValueKind<AvoidFork> {
  return {
    accepts: '0 (off), 1 (on), or on with a limit of free memory, 10M or more, such as 200M or 4G',
    parse(text) {
      const bytes = parseBytes(text);
      if (bytes === null) return { ok: false, reason: 'is neither 0, 1 nor a size such as 200M or 1G' };
      if (bytes < 0) return { ok: false, reason: 'is below 0' };
      if (bytes === 0) return { ok: true, value: AVOID_FORK_OFF };
      if (bytes >= SMALLEST_LIMIT) return { ok: true, value: { enabled: true, minFreeMemory: bytes } };
      const value: AvoidFork = { enabled: true, minFreeMemory: DEFAULT_LIMIT };
      if (bytes === 1) return { ok: true, value };
      return {
        ok: true,
        value,
        warning: `is on, but too small to be a limit of free memory (10M at least); ${formatBytes(DEFAULT_LIMIT)} is used`,
      };
    },
    format: ({ enabled, minFreeMemory }) =>
      `${enabled ? 'on' : 'off'}, free memory limit ${formatBytes(minFreeMemory)}`,
  };
}
