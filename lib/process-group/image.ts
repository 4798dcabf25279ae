import type { NativeProgram } from '../native/group-binding.js';

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

const flagName = (flag: string): string => flag.replace(/=.*/, '').replaceAll('_', '-');

/** Whether this process was started with the flags without which it must not be forked. */
export function hasForkFlags(execArgv: readonly string[] = process.execArgv): boolean {
  return FORK_FLAGS.every((flag) => execArgv.includes(flag));
}

/** The flags of this process, with those that forking needs and those that it profits from. Given ones win. */
export function forkableFlags(
  execArgv: readonly string[] = process.execArgv,
  nodeOptions = process.env.NODE_OPTIONS ?? '',
): string[] {
  const given = [...execArgv, ...nodeOptions.split(/\s+/)].map(flagName);
  const memory = MEMORY_FLAGS.filter((flag) => {
    const name = flagName(flag);
    return !given.includes(name) && !given.includes(name.replace('--no-', '--'));
  });
  return [...FORK_FLAGS.filter((flag) => !execArgv.includes(flag)), ...memory, ...execArgv];
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
