import { isLsapiError, type LsapiError } from '../errors.js';
import { findGroup, findGroups, readAgain, type FindOptions, type FoundGroup } from './find-groups.js';
import { describeGroup, monotonicMilliseconds, type GroupStatus } from './group-status.js';
import { readProcessMemory, type ProcessMemory } from './process-memory.js';
import { withRecent, type Look } from './recent.js';

/** What a {@link StatusSampler} looks at, and how often. */
export interface SamplerOptions extends FindOptions {
  /** As groupStatus() takes it. Default: all groups. */
  readonly target?: number | string | undefined;
  /** How old what is known of a process's memory may become, in milliseconds. Default: 0. */
  readonly memoryAge?: number;
  /** How old the list of groups may become, in milliseconds; one that is gone is noticed at once. Default: 0. */
  readonly listAge?: number;
}

interface KnownMemory {
  readonly memory: ProcessMemory;
  readonly at: number;
}

/** Looks at groups again and again: each status tells what has happened since the look before (`recent`). */
export class StatusSampler {
  readonly #options: SamplerOptions;
  readonly #proc: string;
  #target: number | string | undefined;
  #looks = new Map<number, Look>();
  #memory = new Map<number, KnownMemory>();
  #groups: readonly FoundGroup[] = [];
  #listedAt = Number.NEGATIVE_INFINITY;

  constructor(options: SamplerOptions = {}) {
    this.#options = options;
    this.#proc = options.proc ?? '/proc';
    this.#target = options.target;
  }

  /**
   * The groups as they are now, by process id.
   *
   * @throws LsapiError with a target, as groupStatus() does; in later looks it is named by the process id that it had
   *   in the first one
   */
  sample(): GroupStatus[] {
    this.#groups = this.#find();
    const looks = new Map<number, Look>();
    const memory = new Map<number, KnownMemory>();
    const statuses = this.#groups.map((group) => {
      const at = monotonicMilliseconds();
      const status = describeGroup(group, {
        proc: this.#proc,
        memoryOf: (pid) => this.#memoryOf(pid, at, memory),
      });
      const look = { group, status, at };
      looks.set(status.pid, look);
      const before = this.#looks.get(status.pid);
      return before?.status.startedAt === status.startedAt ? withRecent(before, look) : status;
    });
    this.#looks = looks;
    this.#memory = memory;
    return statuses;
  }

  #find(): readonly FoundGroup[] {
    const now = monotonicMilliseconds();
    if (now - this.#listedAt < (this.#options.listAge ?? 0)) {
      const again = this.#groups.map(readAgain);
      if (again.every((group) => group !== undefined)) return again;
    }
    this.#listedAt = now;
    if (this.#target === undefined) return findGroups(this.#options);
    const group = findGroup(this.#target, { proc: this.#proc });
    this.#target = group.snapshot.parentPid;
    return [group];
  }

  #memoryOf(pid: number, now: number, known: Map<number, KnownMemory>): ProcessMemory {
    const before = this.#memory.get(pid);
    const isFresh = before !== undefined && now - before.at < (this.#options.memoryAge ?? 0);
    const entry = isFresh ? before : { memory: readProcessMemory(pid, this.#proc), at: now };
    known.set(pid, entry);
    return entry.memory;
  }
}

/** Whether an error of {@link StatusSampler.sample} means that there is nothing to look at, for now or any more. */
export function isNoGroup(error: unknown): error is LsapiError {
  return isLsapiError(error, 'LSAPI_ERR_STATUS_NO_GROUP');
}
