// `npm run bench:fork`: how long a new connection waits for its answer when every child is taken, so that it needs a new
// one: forked from the parent that has loaded the Express example, and, in the same run, spawned (LSNODE_FORK=off).
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { lsapiRequest } from './requests.js';
import { Group, temporaryDirectory } from './support/group.js';
import { cpuMilliseconds } from './support/processes.js';
import { Report, summarize } from './support/report.js';
import type { NewConnection } from './support/tools.js';
import { startTool } from './support/tools.js';

const [root = '', tools = '', ...rest] = process.argv.slice(2);
const { values } = parseArgs({
  args: rest,
  options: {
    json: { type: 'boolean', default: false },
    samples: { type: 'string', default: '40' },
    'spawned-samples': { type: 'string', default: '30' },
    app: { type: 'string', default: 'examples/express/app.js' },
  },
});

/** The first ones find pages in the parent that nobody has touched since the fork flags were set. */
const WARM_UP = 3;
/** Between two samples, so that one child's start is not measured while the last one settles. */
const INTERVAL_MS = 30;

const report = new Report('fork', values.json);
const directory = temporaryDirectory();
const request = join(directory, 'request');
writeFileSync(request, lsapiRequest('GET', '/json?number=@@@@@@@@@@'));

interface Sample extends NewConnection {
  /** Milliseconds of CPU time that the child has used, answer included: tells more on a machine that is busy. */
  readonly cpu: number;
}

async function measure(fork: 'on' | 'off', samples: number): Promise<Sample[]> {
  const children = samples + WARM_UP;
  const group = await Group.start(root, directory, fork, values.app, {
    LSNODE_FORK: fork,
    LSAPI_CHILDREN: String(children),
    // A child whose connection has been idle for a second counts as idle: all must stay.
    LSAPI_MAX_IDLE_CHILDREN: String(children),
    // Only what is needed: a child more would be one that did not have to be started.
    LSAPI_EXTRA_CHILDREN: '0',
  });
  let tellOpen = (): void => undefined;
  const opened = new Promise<void>((resolve) => (tellOpen = resolve));
  const tool = startTool<NewConnection>(
    join(tools, 'new-connections'),
    [
      ...['--socket', group.socket, '--request', request, '--count', children],
      ...['--interval-ms', INTERVAL_MS, '--keep'],
    ],
    (line) => line.open && tellOpen(),
  );
  await Promise.race([opened, tool.ended]);
  const connections = tool.lines
    .filter((line) => line.open !== true)
    .map((line): Sample => ({ ...line, cpu: cpuMilliseconds(line.pid) }));
  if ((await tool.release()) !== 0) throw new Error(`an answer was wrong:\n${group.log}`);
  const pids = new Set(connections.map(({ pid }) => pid));
  if (pids.size !== children) throw new Error(`${children} connections were served by ${pids.size} children`);
  await group.stop();
  return connections.slice(WARM_UP);
}

const rows: (string | number)[][] = [];
const medians: number[] = [];
for (const [name, fork, samples] of [
  ['forked', 'on', Number(values.samples)],
  ['spawned', 'off', Number(values['spawned-samples'])],
] as const) {
  const connections = await measure(fork, samples);
  const answer = summarize(connections.map((connection) => connection.answer / 1000));
  const notice = summarize(connections.map((connection) => connection.notice / 1000));
  medians.push(answer.median);
  const cpu = summarize(connections.map((connection) => connection.cpu));
  report.set(name, { notice, answer, cpu });
  rows.push([
    name,
    answer.count,
    notice.median,
    answer.min,
    answer.median,
    answer.p90,
    answer.max,
    cpu.median,
  ]);
}
report.note('milliseconds from connect() of a connection that needs a new child; Express example');
report.table(
  ['child', 'samples', 'PID notice', 'answer: min', 'median', 'p90', 'max', 'CPU of the child'],
  rows,
);
const [forked = Number.NaN, spawned = Number.NaN] = medians;
report.set('ratio', spawned / forked);
report.target('median of a forked child < 10 ms', forked, forked < 10);
report.target('spawned / forked ≥ 20', spawned / forked, spawned / forked >= 20);
report.end();
