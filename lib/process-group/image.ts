import { writeLog } from '../connections/log.js';
import { native } from '../native/binding.js';
import type { NativeProgram } from '../native/group-binding.js';
import type { Role } from './role.js';

/**
 * Without these a forked child hangs in V8: its worker threads do not exist there (node-fork facts: both are needed on
 * some of the versions 20 to 26).
 */
const FORK_FLAGS = ['--single-threaded', '--v8-pool-size=0'];

/**
 * What makes forked children small. A young generation of 2 MiB, because every page that a child allocates on is its
 * own; no memory reducer, whose collections touch pages that are shared; functions compiled in the parent, once for all.
 */
const MEMORY_FLAGS = ['--max-semi-space-size=2', '--no-memory-reducer', '--no-lazy'];

/**
 * Node 20 and 22 reserve some 10 GiB of addresses for each WebAssembly memory, to have its bounds checked by page faults.
 * Under a finite RLIMIT_AS (memSoftLimit of the server, protocol §4.2) that fails, and with it fetch(), whose HTTP
 * parser needs one. Later versions do without by themselves. Only a command line can have it: V8 does not know it.
 */
const BOUNDS_FLAG = '--disable-wasm-trap-handler';
const FIRST_VERSION_WITHOUT = 24;

const flagName = (flag: string): string => flag.replace(/=.*/, '').replaceAll('_', '-');

/** Whether this process was started with the flags without which it must not be forked. */
export function hasForkFlags(execArgv: readonly string[] = process.execArgv): boolean {
  return FORK_FLAGS.every((flag) => execArgv.includes(flag));
}

/** The flags of this process, with those that forking and limits need and those that forking profits from. Given ones win. */
export function forkableFlags(
  execArgv: readonly string[] = process.execArgv,
  nodeOptions = process.env.NODE_OPTIONS ?? '',
): string[] {
  const given = [...execArgv, ...nodeOptions.split(/\s+/)].map(flagName);
  const memory = MEMORY_FLAGS.filter((flag) => {
    const name = flagName(flag);
    return !given.includes(name) && !given.includes(name.replace('--no-', '--'));
  });
  const missing = FORK_FLAGS.filter((flag) => !execArgv.includes(flag));
  return [...missing, ...flagsForLimits(), ...memory, ...execArgv];
}

/** What this process lacks to run WebAssembly within a limit of its address space. */
export function flagsForLimits(
  isLimited = native.hasAddressSpaceLimit(),
  given: readonly string[] = [...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(/\s+/)],
  version = process.versions.node,
): string[] {
  if (!isLimited || Number.parseInt(version, 10) >= FIRST_VERSION_WITHOUT) return [];
  return given.includes(BOUNDS_FLAG) ? [] : [BOUNDS_FLAG];
}

/** How a process was started: what has to be remembered before anything changes it. */
export interface Invocation {
  readonly environment: readonly string[];
  readonly directory: string;
  /** `lsnode`'s own file. */
  readonly main: string;
  /** The command line behind it. */
  readonly arguments: readonly string[];
}

/** This process's invocation. Call before the app changes anything. */
export function currentInvocation(): Invocation {
  return {
    environment: Object.entries(process.env).map(([name, value]) => `${name}=${value ?? ''}`),
    directory: process.cwd(),
    main: process.argv[1] ?? '',
    arguments: process.argv.slice(2),
  };
}

/** The program that does the same again, with these flags of Node. */
export function programOf(invocation: Invocation, flags: readonly string[]): NativeProgram {
  return {
    file: process.execPath,
    arguments: [process.execPath, ...flags, invocation.main, ...invocation.arguments],
    environment: invocation.environment,
    directory: invocation.directory,
  };
}

/**
 * Replaces this process's image by one with what {@link flagsForLimits} says. Before anything else is done: pid, descriptors
 * and environment stay, everything else is lost. Where that cannot be, the log says so.
 */
export function becomeFitForLimits(role: Role, invocation: Invocation): void {
  const flags = flagsForLimits();
  if (flags.length === 0 || role.kind !== 'first') return;
  const error = native.replaceImage(programOf(invocation, [...flags, ...process.execArgv]), 'image', '');
  writeLog(
    `WebAssembly and fetch() will fail: the address space is limited (RLIMIT_AS) and the process cannot replace its ` +
      `image (errno ${error}). Start Node with ${flags.join(' ')}.`,
  );
}
