import type { LoadScenario, Measured, Scenario } from '../scenarios/scenario.js';
import type { Machine } from './machine.js';
import { machineLine } from './machine.js';
import { median, spread } from './statistics.js';
import { formatNumber } from './table.js';

const WIDTH = 860;
const LEFT = 220;
const BAR = 16;
const GAP = 5;
const LONGEST = WIDTH - LEFT - 130;

/**
 * CPU time per request of all peers at all points: a bar chart as SVG. It needs no fonts or scripts, and is readable on
 * light and dark ground.
 */
export function drawChart(
  machine: Machine,
  scenarios: readonly Scenario[],
  measured: readonly Measured[],
): string {
  const body: string[] = [];
  let y = 56;
  for (const scenario of scenarios) {
    if (scenario.kind !== 'load') continue;
    const panels = scenario.points
      .map(({ label }) => panel(scenario, label, measured))
      .filter((bars) => bars.length > 0);
    if (panels.length === 0) continue;
    body.push(text(16, y + 14, `${scenario.title}: CPU µs per request`, 'title'));
    y += 28;
    const longest = Math.max(...panels.flat().map(({ value }) => value));
    for (const bars of panels) {
      body.push(text(16, y + 12, bars[0]!.point, 'point'));
      y += 18;
      for (const bar of bars) {
        body.push(drawBar(bar, y, longest));
        y += BAR + GAP;
      }
      y += 6;
    }
    y += 14;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y}" viewBox="0 0 ${WIDTH} ${y}" role="img">`,
    '<title>CPU time per request, lower is better</title>',
    '<style>text{font:12px system-ui,sans-serif;fill:#1f2937}.title{font-weight:600;font-size:14px}',
    '.point,.note{fill:#4b5563}.value{font-variant-numeric:tabular-nums}.name{text-anchor:end}</style>',
    `<rect width="${WIDTH}" height="${y}" fill="#ffffff"/>`,
    text(16, 24, 'CPU time per request: shorter is better', 'title'),
    text(16, 42, machineLine(machine), 'note'),
    ...body,
    '</svg>\n',
  ].join('\n');
}

interface Bar {
  readonly point: string;
  readonly peer: string;
  readonly value: number;
  readonly spread: number;
}

function panel(scenario: LoadScenario, point: string, measured: readonly Measured[]): Bar[] {
  return measured
    .filter((one) => one.scenario === scenario.name && one.point === point)
    .map(({ peer, samples }) => {
      const values = samples.map(({ cpu }) => cpu);
      return { point, peer, value: median(values), spread: spread(values) };
    })
    .filter(({ value }) => Number.isFinite(value));
}

function drawBar({ peer, value, spread: width }: Bar, y: number, longest: number): string {
  const length = Math.max(1, (value / longest) * LONGEST);
  const [low, high] = [LEFT + length * (1 - width), LEFT + length * (1 + width)].map((x) => x.toFixed(1));
  const middle = y + BAR / 2;
  return [
    text(LEFT - 8, y + 12, peer, 'name'),
    `<rect x="${LEFT}" y="${y}" width="${length.toFixed(1)}" height="${BAR}" rx="2" fill="${colorOf(peer)}"/>`,
    `<path d="M${low} ${middle}H${high}" stroke="#111827" stroke-width="1.5"/>`,
    text(Math.max(LEFT + length, Number(high)) + 8, y + 12, formatNumber(value), 'value'),
  ].join('');
}

function colorOf(peer: string): string {
  if (peer.startsWith('lsapi')) return '#2563eb';
  return peer === 'null' ? '#9ca3af' : '#f59e0b';
}

function text(x: number, y: number, content: string, kind: string): string {
  const escaped = content.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
  return `<text x="${x.toFixed(1)}" y="${y}" class="${kind}">${escaped}</text>`;
}
