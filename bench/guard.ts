// `npm run bench:guard`: instructions that the parser and requests need, counted by callgrind and compared with
// bench/guard/baseline.json. Exit status 1: more than 3 % above it. `-- --update` writes the baseline of this machine.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { whyNoCallgrind } from './guard/callgrind.js';
import { countParser, countRequests } from './guard/counts.js';
import type { Places } from './peers/places.js';
import { runCommand } from './peers/run.js';
import { temporaryDirectory } from './support/group.js';
import { formatTable } from './support/table.js';

const TOLERANCE = 0.03;

type Counts = Record<string, number>;
/** By what decides the counts: architecture, compiler and, where JavaScript runs, Node's major version. */
type Baseline = Record<string, Counts>;

const [root = '', tools = '', ...rest] = process.argv.slice(2);
const { values: options } = parseArgs({
  args: rest,
  options: { update: { type: 'boolean', default: false } },
});
const why = whyNoCallgrind();
if (why !== undefined) {
  console.error(`lsapi: ${why}`);
  process.exit(1);
}

const places: Places = { root, tools };
const directory = temporaryDirectory();
const compiler = `gcc-${runCommand('gcc', ['-dumpversion']).output.trim()}`;
const node = `node-${process.versions.node.split('.')[0]}`;
const native = `${process.arch} ${compiler}`;

// Side by side: a count does not depend on what else the machine does.
const [rawStyle, nodeStyle] = await Promise.all([
  countRequests(places, directory, 'raw'),
  countRequests(places, directory, 'node'),
]);
const counted: Baseline = {
  [native]: { 'parser, a packet': Math.round(countParser(places, directory)) },
  [`${native} ${node}`]: {
    'raw style, a request': Math.round(rawStyle),
    'node style, a request': Math.round(nodeStyle),
  },
};

const file = join(root, 'bench/guard/baseline.json');
const baseline = JSON.parse(readFileSync(file, 'utf8')) as Baseline;
if (options.update) {
  writeFileSync(file, `${JSON.stringify({ ...baseline, ...counted }, null, 2)}\n`);
  console.log(`written to bench/guard/baseline.json: ${JSON.stringify(counted)}`);
  process.exit(0);
}

let met = true;
const rows: string[][] = [];
for (const [key, counts] of Object.entries(counted)) {
  for (const [name, count] of Object.entries(counts)) {
    const before = baseline[key]?.[name];
    const growth = before === undefined ? Number.NaN : count / before - 1;
    const isKept = growth <= TOLERANCE;
    met &&= isKept;
    rows.push([
      `${name} (${key})`,
      String(count),
      before === undefined ? 'none' : String(before),
      before === undefined ? '' : `${growth >= 0 ? '+' : ''}${(growth * 100).toFixed(2)} %`,
      before === undefined ? 'NOT COMPARED' : isKept ? 'kept' : 'GROWN',
    ]);
  }
}
console.log(formatTable(['instructions', 'now', 'baseline', '', ''], rows));
if (!met) {
  console.error(
    'lsapi: more than 3 % above the baseline, or no baseline for this compiler and Node. Where that is meant: ' +
      'npm run bench:guard -- --update, and commit bench/guard/baseline.json',
  );
  process.exitCode = 1;
}
