/**
 * Process groups, and processes that serve alone, seen from outside: which ones run, and what they do. Needs neither the addon nor the groups' help;
 * shows what the kernel lets this user see, the groups of the same user or, to root, all.
 *
 * @module lsapi/status
 */
import { findGroup, findGroups, type FindOptions } from './find-groups.js';
import { describeGroup, type GroupStatus } from './group-status.js';

export type { AnswerDurations, AnswerTotals, DurationCount, StatusClass } from './answers.js';
export type { FindOptions } from './find-groups.js';
export type {
  ChildState,
  ChildStatus,
  CurrentRequest,
  GroupLimits,
  GroupStatus,
  RecentActivity,
  RequestLine,
} from './group-status.js';
export type { GroupMode, GroupPhase } from './layout.js';
export type { ProcessMemory } from './process-memory.js';
export { StatusSampler, type SamplerOptions } from './sampler.js';

/**
 * The status of every group that this user may see, by process id. Reads the descriptors of all processes at once,
 * without giving way to others: milliseconds, on a machine with thousands of processes tens of them.
 */
export function listGroups(options: FindOptions = {}): GroupStatus[] {
  return findGroups(options).map((group) => describeGroup(group, options));
}

/**
 * The status of one group.
 *
 * @param target process id of its parent or of one of its children, or its socket: a path or `HOST:PORT`. A text of
 *   digits is a process id, or else a port of this machine.
 * @throws LsapiError with code `LSAPI_ERR_STATUS_NO_GROUP` where there is none that this user may see,
 *   `LSAPI_ERR_STATUS_TARGET` where the target is neither process nor socket, or of several groups,
 *   `LSAPI_ERR_STATUS_SCOREBOARD` where the group is of a version of lsnode that cannot be read
 */
export function groupStatus(target: number | string, options: Pick<FindOptions, 'proc'> = {}): GroupStatus {
  return describeGroup(findGroup(target, options), options);
}
