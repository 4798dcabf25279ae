import type { Outcome, TestResult } from './execute.js';
import type { Permission } from './permitted.js';

/** A test that ends differently on our stack. */
export interface Difference {
  readonly title: string;
  readonly plain: Outcome;
  readonly rerouted: Outcome;
  /** What the test said where it failed on our stack. */
  readonly message?: string;
  /** Why that is permitted; undefined: it is not. */
  readonly reason?: string;
}

export interface Comparison {
  readonly suite: string;
  readonly version: string;
  readonly node: string;
  readonly plain: Counts;
  readonly rerouted: Counts;
  readonly differences: readonly Difference[];
  /** Files that were not run, by reason. */
  readonly leftOut?: Readonly<Record<string, number>>;
  /** Permissions that no difference needs. */
  readonly unneeded: readonly string[];
}

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Compares the two runs of a suite, test by test. */
export function compare(
  suite: { name: string; version: string },
  plain: readonly TestResult[],
  rerouted: readonly TestResult[],
  permitted: readonly Permission[],
): Comparison {
  const before = byTitle(plain);
  const after = byTitle(rerouted);
  const permissions = permitted.filter((permission) => permission.suites.includes(suite.name));
  const needed = new Set<Permission>();
  const differences: Difference[] = [];
  for (const title of new Set([...before.keys(), ...after.keys()])) {
    const expected = before.get(title)?.outcome ?? 'absent';
    const actual = after.get(title);
    if (actual?.outcome === expected) continue;
    const permission = permissions.find(({ title: pattern }) => pattern.test(title));
    if (permission !== undefined) needed.add(permission);
    differences.push({
      title,
      plain: expected,
      rerouted: actual?.outcome ?? 'absent',
      ...(actual?.message !== undefined && { message: actual.message }),
      ...(permission !== undefined && { reason: permission.reason }),
    });
  }
  return {
    suite: suite.name,
    version: suite.version,
    node: process.version,
    plain: count(plain),
    rerouted: count(rerouted),
    differences,
    unneeded: permissions
      .filter((permission) => !needed.has(permission) && !permission.sometimes)
      .map(({ title }) => String(title)),
  };
}

/** Tests of one title are told apart by their order. */
function byTitle(results: readonly TestResult[]): Map<string, TestResult> {
  const map = new Map<string, TestResult>();
  for (const result of results) {
    let { title } = result;
    for (let n = 2; map.has(title); n++) title = `${result.title} (${n})`;
    map.set(title, result);
  }
  return map;
}

function count(results: readonly TestResult[]): Counts {
  const of = (outcome: Outcome): number => results.filter((result) => result.outcome === outcome).length;
  return { passed: of('passed'), failed: of('failed'), skipped: of('skipped') };
}
