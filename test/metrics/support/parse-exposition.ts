// A strict reader of Prometheus's text format 0.0.4, by its grammar: what it does not know is an error.
import assert from 'node:assert/strict';

export interface ParsedFamily {
  readonly type: string;
  readonly help: string;
  readonly samples: ParsedSample[];
}

export interface ParsedSample {
  /** With the suffix of a histogram. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*';
const TYPES = ['counter', 'gauge', 'histogram', 'summary', 'untyped'];

/** The families by their names. Checks everything that the format demands, and of histograms what they mean. */
export function parseExposition(text: string): Map<string, ParsedFamily> {
  assert.ok(text === '' || text.endsWith('\n'), 'the last line ends with a newline');
  const families = new Map<string, ParsedFamily>();
  const helps = new Map<string, string>();
  const seen = new Set<string>();
  let current = '';
  for (const line of text.split('\n').slice(0, -1)) {
    const help = new RegExp(`^# HELP (${NAME}) (.*)$`).exec(line);
    if (help !== null) {
      const [, name = '', escaped = ''] = help;
      assert.ok(!helps.has(name), `one HELP of ${name}`);
      helps.set(name, unescape(escaped, ['\\', 'n']));
      continue;
    }
    const type = new RegExp(`^# TYPE (${NAME}) (\\w+)$`).exec(line);
    if (type !== null) {
      const [, name = '', kind = ''] = type;
      assert.ok(TYPES.includes(kind), line);
      assert.ok(!families.has(name), `one TYPE of ${name}, before its samples`);
      families.set(name, { type: kind, help: helps.get(name) ?? '', samples: [] });
      current = name;
      continue;
    }
    const sample = parseSample(line);
    const family = families.get(current);
    assert.ok(family, `${line} has a TYPE before it`);
    const suffix = sample.name.slice(current.length);
    assert.ok(sample.name.startsWith(current), `${line} stands with its family`);
    assert.ok(
      (family.type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']).includes(suffix),
      `${line} is a sample of a ${family.type}`,
    );
    const identity = JSON.stringify([sample.name, Object.entries(sample.labels).sort()]);
    assert.ok(!seen.has(identity), `${line} stands there once`);
    seen.add(identity);
    family.samples.push(sample);
  }
  for (const [name, family] of families) checkMeaning(name, family);
  return families;
}

/** The value of the one sample with these labels, and others. */
export function valueOf(
  families: ReadonlyMap<string, ParsedFamily>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const family = [...families.values()].flatMap(({ samples }) => samples);
  const found = family.filter(
    (sample) =>
      sample.name === name &&
      Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  );
  assert.equal(found.length, 1, `${name} ${JSON.stringify(labels)}: ${found.length} samples`);
  return found[0]?.value ?? Number.NaN;
}

function parseSample(line: string): ParsedSample {
  const parts = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)$`).exec(line);
  assert.ok(parts, `a sample: ${line}`);
  const [, name = '', labelText = '', valueText = ''] = parts;
  const labels: Record<string, string> = {};
  let rest = labelText;
  while (rest !== '') {
    const label = new RegExp(`^(${LABEL})="((?:[^"\\\\]|\\\\.)*)"(?:,|$)`).exec(rest);
    assert.ok(label, `labels: ${rest}`);
    const [whole, labelName = '', escaped = ''] = label;
    assert.ok(!(labelName in labels), `one label ${labelName}`);
    labels[labelName] = unescape(escaped, ['\\', 'n', '"']);
    rest = rest.slice(whole.length);
  }
  assert.match(valueText, /^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|NaN|[+-]Inf)$/i, line);
  return { name, labels, value: Number(valueText.replace('Inf', 'Infinity')) };
}

function unescape(text: string, allowed: readonly string[]): string {
  return text.replace(/\\(.?)/g, (_, character: string) => {
    assert.ok(allowed.includes(character), `escapes of ${text}`);
    return character === 'n' ? '\n' : character;
  });
}

function checkMeaning(name: string, { type, help, samples }: ParsedFamily): void {
  assert.notEqual(help, '', `${name} has a HELP`);
  if (type === 'counter') {
    assert.match(name, /_total$/);
    for (const { value } of samples) assert.ok(value >= 0);
  }
  if (type !== 'histogram') return;
  const series = new Map<string, ParsedSample[]>();
  for (const sample of samples) {
    const key = JSON.stringify({ ...sample.labels, le: undefined });
    series.set(key, [...(series.get(key) ?? []), sample]);
  }
  for (const group of series.values()) {
    const buckets = group.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels }) => Number(labels.le?.replace('Inf', 'Infinity')));
    assert.deepEqual(
      bounds,
      [...bounds].sort((a, b) => a - b),
    );
    assert.equal(bounds.at(-1), Number.POSITIVE_INFINITY);
    buckets.reduce((before, { value }) => {
      assert.ok(value >= before, 'buckets are cumulative');
      return value;
    }, 0);
    const count = group.find((sample) => sample.name === `${name}_count`);
    assert.equal(count?.value, buckets.at(-1)?.value);
    assert.ok(group.some((sample) => sample.name === `${name}_sum`));
  }
}
