// What `npm run fuzz` starts for a target in TypeScript, from an instrumented copy of the package:
// main.js --target FILE --covers PREFIX… --corpus DIRECTORY --artifacts DIRECTORY [--seconds N] [--executions N] [--seed N]
// [--hang-ms N]
// or with --reproduce FILE instead of all but the last of these. The last line on standard output is the outcome as JSON.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runInThisContext } from 'node:vm';
import { Corpus, nameOf } from './engine/corpus.js';
import { Coverage } from './engine/coverage.js';
import { Fuzzer, type Finding } from './engine/fuzzer.js';
import { minimise } from './engine/minimise.js';
import type { FuzzTarget } from './engine/target.js';
import { Watchdog } from './engine/watchdog.js';

/** Processor time of an input that is too much, and that is never coming back. */
const SLOW_MS = 1000;
const HANG_MS = '15000';
const MEMORY_LIMIT = 1.5 * 1024 ** 3;
const MINIMISE_MS = 20_000;

const { values } = parseArgs({
  options: {
    target: { type: 'string', default: '' },
    covers: { type: 'string', multiple: true, default: [] },
    corpus: { type: 'string', default: '' },
    artifacts: { type: 'string', default: '' },
    seconds: { type: 'string', default: '60' },
    executions: { type: 'string', default: 'Infinity' },
    seed: { type: 'string', default: '1' },
    'hang-ms': { type: 'string', default: HANG_MS },
    reproduce: { type: 'string' },
  },
});

const { covers } = values;
const hangMs = Number(values['hang-ms']);
const coverage = new Coverage((module) => covers.some((prefix) => module.startsWith(prefix)));
(globalThis as { lsapiFuzz?: Coverage }).lsapiFuzz = coverage;
const { target } = (await import(new URL(`./targets/${values.target}.js`, import.meta.url).href)) as {
  target: FuzzTarget;
};

mkdirSync(values.artifacts, { recursive: true });
const corpus = new Corpus(values.corpus);
const options = { seed: Number(values.seed), timeMs: Number(values.seconds) * 1000, slowMs: SLOW_MS };

/** Runs synchronous code that may never end. @returns whether it did not end in time */
function isHanging(run: () => void): boolean {
  const context = globalThis as { lsapiRun?: () => void };
  context.lsapiRun = run;
  try {
    runInThisContext('lsapiRun()', { timeout: hangMs });
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
  }
}

/** Writes a finding and the shortest input that has the same outcome. */
async function keep(finding: Finding, fuzzer: Fuzzer): Promise<void> {
  console.error(`finding: ${finding.report}`);
  // At once: what the input has set off may end the process while it is being shortened.
  const whole = join(values.artifacts, nameOf(finding.input));
  writeFileSync(whole, finding.input);
  const shortest = await minimise(
    finding.input,
    async (input) => (await fuzzer.check(input))?.signature === finding.signature,
    MINIMISE_MS,
  );
  const path = join(values.artifacts, nameOf(shortest));
  if (path !== whole) {
    writeFileSync(path, shortest);
    rmSync(whole);
  }
  console.error(`input: ${path}\n${JSON.stringify(shortest.toString('latin1').slice(0, 2000))}`);
}

if (values.reproduce !== undefined) {
  const input = readFileSync(values.reproduce);
  if (isHanging(() => void target.run(input))) {
    const shortest = await minimise(
      input,
      (shorter) => isHanging(() => void target.run(shorter)),
      10 * hangMs,
    );
    const path = `${values.reproduce}-minimised`;
    writeFileSync(path, shortest);
    console.error(
      `finding: hang\ninput: ${path}\n${JSON.stringify(shortest.toString('latin1').slice(0, 2000))}`,
    );
    process.exit(1);
  }
  const fuzzer = new Fuzzer(target, coverage, corpus, options);
  const finding = await fuzzer.check(input);
  if (finding !== undefined) await keep(finding, fuzzer);
  process.exit(finding === undefined ? 0 : 1);
}

const watchdog = new Watchdog(target.maxLength, values.artifacts, { cpuMs: hangMs, rss: MEMORY_LIMIT });
const fuzzer = new Fuzzer(target, coverage, corpus, {
  ...options,
  executions: Number(values.executions),
  onInput: (input) => watchdog.begin(input),
});
const { executions, finding } = await fuzzer.run();
const { taken, edges } = coverage;
if (finding !== undefined) await keep(finding, fuzzer);
console.log(JSON.stringify({ executions, taken, edges }));
process.exit(finding === undefined ? 0 : 1);
