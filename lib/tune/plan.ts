import { MIB } from '../config/value-kinds.js';
import { LsapiError } from '../errors.js';
import { sizeText } from './size-text.js';

/** What the settings of one site are made from. Amounts are bytes. */
export interface TuneInput {
  /** Memory of the machine. */
  readonly memory: number;
  /** What of it is not for apps: the system, the web server, a database. */
  readonly reserve: number;
  readonly cores: number;
  /** Sites like this one on the machine. */
  readonly sites: number;
  /** Requests of this site that are to be served at the same time. */
  readonly concurrent: number;
  /** Whether a request keeps its process from serving others meanwhile. */
  readonly blocking: boolean;
  /** What the parent of the group needs, the pages that it shares with its children included. */
  readonly parentMemory: number;
  /** What each child needs for itself. */
  readonly childMemory: number;
}

/** The settings that {@link planFor} recommends, and the amounts on the way to them. */
export interface TunePlan {
  /** Bytes that are reckoned for each child. */
  readonly childMemory: number;
  /** Bytes for each site. */
  readonly siteMemory: number;
  /** Children of a site that fit into that. */
  readonly mostProcesses: number;
  /** Children that the requests and the cores ask for. */
  readonly wantedProcesses: number;
  readonly processes: number;
  /** LSAPI_EXTRA_CHILDREN. */
  readonly extraProcesses: number;
  /** LSAPI_MAX_IDLE_CHILDREN. */
  readonly idleProcesses: number;
  /** LSNODE_CONCURRENCY. */
  readonly concurrency: number;
  /** LSAPI_CHILDREN and maxConns. */
  readonly connections: number;
  /** LSAPI_MAX_IDLE, seconds. */
  readonly maxIdle: number;
  /** LSNODE_MAX_MEMORY, bytes: the share of each child. */
  readonly maxMemory: number;
  /** --max-old-space-size, MiB. */
  readonly heap: number;
  /** Requests of the expected ones that have to wait, because there is no memory for them. */
  readonly waiting: number;
}

/** Two, so that one that hangs, or is replaced, is not the whole site. */
const FEWEST_PROCESSES = 2;
/** What a child that has just been forked has for itself is less than any that serves for a while. */
const SMALLEST_CHILD = 16 * MIB;
/** The part of a child's share that is for JavaScript's objects; the rest is code, buffers and stacks. */
const HEAP_PART = 0.75;
const HEAP_STEP = 16;
const SMALLEST_HEAP = 64;
/** What Node's own default comes to on large machines. */
const LARGEST_HEAP = 4096;
/** With more sites than that, memory of those that nobody visits is wanted back sooner. */
const FEW_SITES = 10;
const MAX_IDLE = 300;
const SHORT_MAX_IDLE = 60;

/**
 * Works out the settings of one site.
 *
 * @throws LsapiError `LSAPI_ERR_TUNE` where there is no memory for a parent and one child of each site
 */
export function planFor(input: TuneInput): TunePlan {
  const { memory, reserve, cores, sites, concurrent, blocking, parentMemory } = input;
  const childMemory = Math.max(input.childMemory, SMALLEST_CHILD);
  const siteMemory = Math.floor(Math.max(memory - reserve, 0) / sites);
  const mostProcesses = Math.floor(Math.max(siteMemory - parentMemory, 0) / childMemory);
  if (mostProcesses < 1) {
    throw new LsapiError(
      'LSAPI_ERR_TUNE',
      `There is no memory for this: ${sizeText(siteMemory)} for each site, and a parent with one child needs ` +
        `${sizeText(parentMemory + childMemory)}. Have fewer sites (--sites), reserve less (--reserve), or add memory.`,
    );
  }
  const wantedProcesses = blocking
    ? concurrent
    : Math.min(concurrent, Math.max(FEWEST_PROCESSES, Math.ceil(cores / sites)));
  const processes = Math.min(wantedProcesses, mostProcesses);
  const extraProcesses = Math.min(Math.max(1, Math.floor(processes / 3)), mostProcesses - processes);
  const concurrency = blocking ? 1 : Math.ceil(concurrent / processes);
  const connections = processes * concurrency;
  const share = Math.min(
    Math.floor((siteMemory - parentMemory) / (processes + extraProcesses)),
    Math.ceil((LARGEST_HEAP * MIB) / HEAP_PART),
  );
  const heap = Math.floor((share * HEAP_PART) / MIB / HEAP_STEP) * HEAP_STEP;
  return {
    childMemory,
    siteMemory,
    mostProcesses,
    wantedProcesses,
    processes,
    extraProcesses,
    idleProcesses: sites === 1 ? processes : Math.max(1, Math.floor(processes / 3)),
    concurrency,
    connections,
    maxIdle: sites > FEW_SITES ? SHORT_MAX_IDLE : MAX_IDLE,
    maxMemory: Math.floor(share / MIB) * MIB,
    heap: Math.min(Math.max(heap, SMALLEST_HEAP), LARGEST_HEAP),
    waiting: Math.max(0, concurrent - connections),
  };
}
