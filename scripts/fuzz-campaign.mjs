// `npm run fuzz:campaign [-- --minutes 30] [--target NAME[,NAME…]] [--jobs 2] [--restart]`: each target until it has had so
// many minutes of processor time, in slices that take turns, two targets at a time, without disturbing other work (SCHED_IDLE). Breaking
// it off costs no more than a slice: build-native/campaign.json keeps the sums, and the next campaign adds to them.
// --restart forgets the sums, as it should be after the code has changed; the corpora stay. A finding ends its target.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chosenTargets, wholeNumber } from './fuzz/options.mjs';
import { directory, prepare, runTarget } from './fuzz/runs.mjs';

const SLICE_SECONDS = 120;
const STATE = join(directory(), 'campaign.json');
const NOTHING = { executions: 0, cpuSeconds: 0, findings: 0, taken: 0, edges: 0, kept: 0 };

function options() {
  try {
    const { values } = parseArgs({
      options: {
        minutes: { type: 'string', default: '30' },
        target: { type: 'string', default: 'all' },
        jobs: { type: 'string', default: '2' },
        restart: { type: 'boolean', default: false },
      },
    });
    return {
      enough: 60 * wholeNumber('minutes', values.minutes),
      targets: chosenTargets(values.target),
      jobs: wholeNumber('jobs', values.jobs),
      restart: values.restart,
    };
  } catch (error) {
    console.error(`lsapi: npm run fuzz:campaign: ${error.message}`);
    process.exit(1);
  }
}

function minutes(seconds) {
  return (seconds / 60).toFixed(1);
}

const { enough, targets, jobs, restart } = options();
await prepare(targets);
// Programs that are started inherit it.
spawnSync('chrt', ['--idle', '--pid', '0', String(process.pid)]);

const sums = existsSync(STATE) ? JSON.parse(readFileSync(STATE, 'utf8')) : {};
if (restart) for (const { name } of targets) delete sums[name];

function save() {
  writeFileSync(`${STATE}.new`, JSON.stringify(sums, undefined, 2));
  renameSync(`${STATE}.new`, STATE);
}

let failed = false;
/** Adds a slice to a target's sums. @returns whether it may have another one */
async function runSlice(target) {
  const { name } = target;
  const run = await runTarget(target, SLICE_SECONDS, { patient: true });
  const sum = { ...NOTHING, ...sums[name] };
  sums[name] = {
    executions: sum.executions + run.executions,
    cpuSeconds: sum.cpuSeconds + run.cpuSeconds,
    findings: sum.findings + (run.passed ? 0 : 1),
    // Of a run that was broken off there are no figures.
    taken: run.taken || sum.taken,
    edges: run.edges || sum.edges,
    kept: run.kept,
  };
  save();
  if (run.passed) return sums[name].cpuSeconds < enough;
  failed = true;
  console.error(run.report);
  console.error(`fuzz ${name}: FAILED; the input is in build-native/artifacts/${name}`);
  return false;
}

// In turn: when there is not enough time for all, each has had some of it.
const waiting = targets.filter(({ name }) => (sums[name]?.cpuSeconds ?? 0) < enough);
async function runSlices() {
  for (let target = waiting.shift(); target !== undefined; target = waiting.shift())
    if (await runSlice(target)) waiting.push(target);
}
await Promise.all(Array.from({ length: jobs }, runSlices));
for (const { name } of targets) {
  const { executions, cpuSeconds, findings, taken, edges, kept } = sums[name] ?? NOTHING;
  console.log(
    `fuzz ${name}: ${executions} executions in ${minutes(cpuSeconds)} CPU minutes, ${taken} of ${edges} edges, ` +
      `${kept} inputs kept, ${findings} findings`,
  );
}
process.exit(failed ? 1 : 0);
