import type { LoadScenario, Measured, OwnResult } from '../scenarios/scenario.js';
import type { Verdict } from '../targets.js';
import type { Sample } from './measure.js';
import { median, spread } from './statistics.js';
import { formatNumber, formatTable } from './table.js';

const MIB = 2 ** 20;

/** The peers at each point of a scenario, as text. */
export function loadTable(scenario: LoadScenario, measured: readonly Measured[]): string {
  const { bytes } = scenario;
  const head = [
    ...['', 'requests/s', '±', 'CPU µs/request', '±'],
    ...(bytes === undefined ? [] : ['MB/CPU s']),
    ...['p50 µs', 'p99 µs', 'p99.9 µs', 'PSS MiB', 'private MiB', 'processes'],
  ];
  const parts = scenario.points.map(({ label }) => {
    const rows = measured
      .filter(({ scenario: name, point }) => name === scenario.name && point === label)
      .map(({ peer, samples }) => {
        const middle = (value: (sample: Sample) => number): string =>
          formatNumber(median(samples.map(value)));
        const width = (value: (sample: Sample) => number): string =>
          `${(spread(samples.map(value)) * 100).toFixed(0)} %`;
        const rate = (sample: Sample): number => sample.requests / sample.seconds;
        const cpu = (sample: Sample): number => sample.cpu;
        return [
          ...[peer, middle(rate), width(rate), middle(cpu), width(cpu)],
          ...(bytes === undefined ? [] : [middle((sample) => bytes / sample.cpu)]),
          ...[
            middle((sample) => sample.p50),
            middle((sample) => sample.p99),
            middle((sample) => sample.p999),
          ],
          ...[middle((sample) => sample.pss / MIB), middle((sample) => sample.private / MIB)],
          middle((sample) => sample.processes),
        ];
      });
    return formatTable([label, ...head.slice(1)], rows);
  });
  return parts.join('\n\n');
}

/** The results of a scenario with a course of its own, as text. */
export function ownTable(results: readonly OwnResult[]): string {
  const names = [...new Set(results.flatMap(({ values }) => Object.keys(values)))];
  const rows = results.map(({ label, values }) => [
    label,
    ...names.map((name) => {
      const value = values[name];
      return typeof value === 'number' ? formatNumber(value) : (value ?? '');
    }),
  ]);
  return formatTable(['', ...names], rows);
}

/** The targets, as text; those that nothing was measured for are left out. */
export function targetTable(verdicts: readonly Verdict[]): string {
  const rows = verdicts
    .filter(({ value }) => value !== undefined)
    .map(({ what, target, value, met, range }) => [
      what,
      value!.toFixed(2),
      range === undefined ? '' : `${range[0].toFixed(2)} – ${range[1].toFixed(2)}`,
      target,
      met ? 'met' : 'MISSED',
    ]);
  return formatTable(['target', 'value', 'rounds', 'wanted', ''], rows);
}
