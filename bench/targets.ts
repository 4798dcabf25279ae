import type { Measured, OwnResult } from './scenarios/scenario.js';
import type { Sample } from './support/measure.js';
import { median } from './support/statistics.js';

/** Something that this project wants to reach. */
export interface Verdict {
  readonly what: string;
  readonly target: string;
  /** undefined: nothing was measured that tells it. */
  readonly value: number | undefined;
  readonly met: boolean;
  /** From which round to which. */
  readonly range: readonly [number, number] | undefined;
}

/** Results of own scenarios, by the scenario's name. */
export type OwnResults = Readonly<Record<string, readonly OwnResult[]>>;

interface RatioTarget {
  readonly what: string;
  readonly scenario: string;
  readonly points: readonly string[];
  readonly ours: string;
  readonly against: string;
  /** CPU time of ours by that of the other; or its inverse, bytes per CPU second; or the 99th percentile of latency. */
  readonly ratio: 'cpu' | 'bytes per CPU second' | 'p99';
  readonly limit: number;
}

const BUSY = ['16 connections', '64 connections'];

const RATIOS: readonly RatioTarget[] = [
  cpu('raw style vs floor', 'hello', BUSY, 'lsapi raw', 'null', 1.4),
  cpu('node style vs node:http', 'hello', BUSY, 'lsapi node', 'node:http', 0.42),
  cpu('fetch style vs @hono/node-server', 'hello', BUSY, 'lsapi fetch', '@hono/node-server', 0.45),
  cpu('Express vs Express on node:http', 'express', BUSY, 'lsapi express', 'express on node:http', 0.75),
  cpu('raw style vs C library', 'hello', ['16 connections'], 'lsapi raw', 'C library', 0.15),
  cpu('raw style vs C library', 'hello', ['1 connection'], 'lsapi raw', 'C library', 0.7),
  cpu('node style vs C library + CPython', 'hello', BUSY, 'lsapi node', 'C library + CPython WSGI', 0.3),
  bytes('upload of 1 MB, node style vs node:http', 'upload', '16 connections'),
  bytes('download of 100 MB, node style vs node:http', 'download', '4 connections'),
  ...['lsapi raw', 'lsapi node', 'lsapi fetch'].map((ours): RatioTarget => ({
    ...cpu(`p99, ${ours} vs node:http`, 'hello', ['256 connections'], ours, 'node:http', 1),
    ratio: 'p99',
  })),
];

function cpu(
  what: string,
  scenario: string,
  points: readonly string[],
  ours: string,
  against: string,
  limit: number,
): RatioTarget {
  return { what, scenario, points, ours, against, ratio: 'cpu', limit };
}

function bytes(what: string, scenario: string, point: string): RatioTarget {
  return {
    ...cpu(what, scenario, [point], 'lsapi node', 'node:http', 1.2),
    ratio: 'bytes per CPU second',
  };
}

/** Peers with the same app on our side and on Node's. */
const SAME_APP = [
  ['lsapi node', 'node:http'],
  ['lsapi express', 'express on node:http'],
] as const;

/** All targets; ratios are medians over the rounds of one run, in which both took turns. */
export function judge(measured: readonly Measured[], own: OwnResults): Verdict[] {
  return [
    ...RATIOS.flatMap((target) => target.points.map((point) => judgeRatio(measured, target, point))),
    judgeWorst(measured),
    judgeNumber(
      own,
      'system calls per small request, raw style, batches of 16',
      'counts',
      'system calls',
      2.2,
    ),
    judgeNumber(own, 'native allocations per raw request', 'counts', 'native allocations', 0),
  ];
}

function judgeRatio(measured: readonly Measured[], target: RatioTarget, point: string): Verdict {
  const ratios = ratiosOf(measured, target.scenario, point, target.ours, target.against, valueFor(target));
  const value = ratios === undefined ? undefined : median(ratios);
  const isLower = target.ratio !== 'bytes per CPU second';
  return {
    what: `${target.what}, ${point}`,
    target: `${isLower ? '≤' : '≥'} ${target.limit}`,
    value,
    met: value !== undefined && (isLower ? value <= target.limit : value >= target.limit),
    range: rangeOf(ratios),
  };
}

function valueFor(target: RatioTarget): (sample: Sample) => number {
  if (target.ratio === 'p99') return (sample) => sample.p99;
  return target.ratio === 'cpu' ? (sample) => sample.cpu : (sample) => 1 / sample.cpu;
}

/** By round. */
function ratiosOf(
  measured: readonly Measured[],
  scenario: string,
  point: string,
  ours: string,
  against: string,
  value: (sample: Sample) => number,
): number[] | undefined {
  const find = (peer: string): readonly Sample[] | undefined =>
    measured.find((one) => one.scenario === scenario && one.point === point && one.peer === peer)?.samples;
  const others = find(against);
  return others && find(ours)?.map((sample, round) => value(sample) / value(others[round]!));
}

function rangeOf(ratios: readonly number[] | undefined): [number, number] | undefined {
  return ratios && [Math.min(...ratios), Math.max(...ratios)];
}

/** No scenario slower than on node:http: the one where ours is worst. */
function judgeWorst(measured: readonly Measured[]): Verdict {
  let worst: { value: number; where: string; ratios: number[] } | undefined;
  for (const { scenario, point, peer } of measured) {
    for (const [ours, against] of SAME_APP) {
      if (peer !== ours) continue;
      const ratios = ratiosOf(measured, scenario, point, ours, against, (sample) => sample.cpu);
      if (ratios === undefined) continue;
      const value = median(ratios);
      if (worst === undefined || value > worst.value) {
        worst = { value, where: `${scenario}, ${point}: ${ours}`, ratios };
      }
    }
  }
  return {
    what: `no scenario slower than node:http${worst === undefined ? '' : ` (worst: ${worst.where})`}`,
    target: '≤ 1',
    value: worst?.value,
    met: worst !== undefined && worst.value <= 1,
    range: rangeOf(worst?.ratios),
  };
}

function judgeNumber(own: OwnResults, what: string, scenario: string, name: string, limit: number): Verdict {
  const value = own[scenario]?.find(({ label }) => label === 'lsapi raw')?.values[name];
  return {
    what,
    target: limit === 0 ? '0' : `≤ ${limit}`,
    value: typeof value === 'number' ? value : undefined,
    met: typeof value === 'number' && value <= limit,
    range: undefined,
  };
}
