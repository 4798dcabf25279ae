// `npm run faults [-- NAME… --repeat N --short --json]`: the fault suite, with counts. NAME: a part of the name of cases.
import { parseArgs } from 'node:util';
import { CASES } from './catalogue.js';
import { Applications, repeat, type CaseResult } from './support/case.js';

const DEFAULT_REPETITIONS = 100;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    repeat: { type: 'string', default: String(DEFAULT_REPETITIONS) },
    short: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log('usage: npm run faults -- [PART OF A NAME…] [--repeat N] [--short] [--json]');
  process.exit(0);
}
const repetitions = Number(values.repeat);
const chosen = CASES.filter(
  ({ name, options: { mode } }) =>
    positionals.length === 0 || positionals.some((part) => `${name} (${mode})`.includes(part)),
);
if (!Number.isInteger(repetitions) || repetitions < 1 || chosen.length === 0) {
  console.error(
    chosen.length === 0
      ? `lsapi: no case has that name; there are:\n${CASES.map(({ name }) => `  ${name}`).join('\n')}`
      : 'lsapi: --repeat takes a number above 0',
  );
  process.exit(1);
}

const applications = new Applications();
const results: CaseResult[] = [];
if (!values.json) console.log(row('case', 'mode', 'repetitions', 'lost', 'leaked', 'unlogged', 'seconds'));
for (const one of chosen) {
  const result = await repeat(one, repetitions, values.short ? 'short' : 'full', applications);
  results.push(result);
  if (values.json) continue;
  const { lost, leaked, unlogged } = result.failed;
  console.log(row(result.name, result.mode, repetitions, lost, leaked, unlogged, result.seconds.toFixed(1)));
  if (result.failure !== undefined) console.log(result.failure);
}
await applications.end();
if (values.json) console.log(JSON.stringify(results, null, 2));
process.exit(results.some(({ failure }) => failure !== undefined) ? 1 : 0);

/** A row of a Markdown table, whose cells are padded as far as one can know before the others. */
function row(name: string, mode: string, ...cells: readonly (string | number)[]): string {
  const numbers = cells.map((cell) => String(cell).padStart(11));
  return `| ${name.padEnd(62)} | ${mode.padEnd(6)} | ${numbers.join(' | ')} |`;
}
