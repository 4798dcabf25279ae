// `npm run fuzz [-- --seconds N] [--target NAME[,NAME…]] [--jobs N] [--coverage]`: each target for N seconds, all of them
// unless some are named, --jobs of them at a time. With `--input FILE` one target runs that input alone.
// What a run finds is kept in build-native/corpus, and is where the next one starts; an input that breaks an invariant
// is in build-native/artifacts. See docs/fuzzing.md.
import { parseArgs } from 'node:util';
import { lineCoverage } from './fuzz/coverage.mjs';
import { chosenTargets, wholeNumber } from './fuzz/options.mjs';
import { directory, prepare, runTarget } from './fuzz/runs.mjs';

function options() {
  try {
    const { values } = parseArgs({
      options: {
        seconds: { type: 'string', default: '60' },
        target: { type: 'string', default: 'all' },
        jobs: { type: 'string', default: '1' },
        coverage: { type: 'boolean', default: false },
        input: { type: 'string' },
      },
    });
    const targets = chosenTargets(values.target);
    if (values.input !== undefined && targets.length !== 1) throw new Error('--input needs one --target');
    const seconds = wholeNumber('seconds', values.seconds);
    return { ...values, seconds, targets, jobs: wholeNumber('jobs', values.jobs) };
  } catch (error) {
    console.error(`lsapi: npm run fuzz: ${error.message}`);
    process.exit(1);
  }
}

const { seconds, targets, jobs, coverage, input } = options();
await prepare(targets);

let failed = false;
const waiting = [...targets];
async function runNext() {
  for (let target = waiting.shift(); target !== undefined; target = waiting.shift()) {
    const { name, language } = target;
    const run = await runTarget(target, seconds, { input });
    if (!run.passed) {
      failed = true;
      console.error(run.report);
      console.error(`fuzz ${name}: FAILED; the input is in build-native/artifacts/${name}`);
    }
    console.log(
      `fuzz ${name}: ${run.executions} executions, ${run.taken} of ${run.edges} edges, ${run.kept} inputs kept`,
    );
    if (!coverage || language !== 'native') continue;
    for (const { file, lines, missed, covered } of lineCoverage(name, directory('corpus', name)))
      console.log(
        `  ${file.padEnd(34)} lines ${String(lines).padStart(5)}, missed ${String(missed).padStart(4)}: ${covered}`,
      );
  }
}
await Promise.all(Array.from({ length: jobs }, runNext));
process.exit(failed ? 1 : 0);
