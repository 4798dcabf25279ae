// `npm run bench:soak`: many requests over many connections while children reach LSAPI_MAX_REQS, are killed, and while
// the group is reloaded. Only requests in progress in a killed child may fail, and the parent must not grow.
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { lsapiRequest } from './requests.js';
import { Group, temporaryDirectory } from './support/group.js';
import { countDescriptors, cpuSecondsOfAll } from './support/processes.js';
import { Report } from './support/report.js';
import type { FailedRequest, LoadEvent, LoadSummary } from './support/tools.js';
import { monotonicMilliseconds, startTool } from './support/tools.js';

const [root = '', tools = '', ...rest] = process.argv.slice(2);
const { values } = parseArgs({
  args: rest,
  options: {
    help: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    requests: { type: 'string', default: '1000000' },
    connections: { type: 'string', default: '32' },
    'max-requests': { type: 'string', default: '500' },
    'kill-seconds': { type: 'string', default: '1' },
    'reload-seconds': { type: 'string', default: '20' },
    app: { type: 'string', default: 'bench/apps/numbered.mjs' },
  },
});
if (values.help) {
  console.log(
    'usage: npm run bench:soak -- [--requests N] [--connections N] [--max-requests N] [--kill-seconds N] [--reload-seconds N] [--app FILE] [--json]',
  );
  process.exit(0);
}
const connections = Number(values.connections);
const KIB = 1024;
/** A failure that comes later than this after a kill is not its work. */
const KILL_EFFECT_MS = 2000;
const QUIET_MS = 1500;

interface Kill {
  readonly pid: number;
  readonly at: number;
  readonly state: string;
}

interface ParentState {
  /** Without the two that each child has: the ends of its channel. */
  readonly descriptors: number;
  /** KiB. */
  readonly rss: number;
  /** Of its session: itself, children, trials, zombies. */
  readonly processes: number;
}

function parentState(): ParentState {
  const rss = /^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${group.pid}/status`, 'latin1'))?.[1];
  return {
    descriptors: countDescriptors(group.pid) - 2 * group.status().children.length,
    rss: Number(rss),
    processes: group.members().length,
  };
}

/** Without connections and with as few children as the group keeps: before and after must be alike. */
async function quietState(): Promise<ParentState> {
  const { limits } = group.status();
  const kept = Math.max(1, Math.floor(limits.children / 3));
  await group.until(
    ({ state, children, busy }) => state === 'serving' && busy === 0 && children.length <= kept,
  );
  await delay(QUIET_MS);
  return parentState();
}

const report = new Report('soak', values.json);
const directory = temporaryDirectory();
const request = join(directory, 'request');
writeFileSync(request, lsapiRequest('GET', '/?number=@@@@@@@@@@'));
const group = await Group.start(root, directory, 'group', values.app, {
  LSAPI_CHILDREN: String(connections),
  LSAPI_MAX_REQS: values['max-requests'],
});

const loadOptions = (count: number): (string | number)[] => [
  ...['--socket', group.socket, '--request', request, '--connections', connections],
  ...['--requests', count, '--body-has-pid'],
];
// What the first children and the first reload need once is not a leak.
await startTool(join(tools, 'server-load'), loadOptions(connections * 50)).ended;
const generation = group.status().generation;
group.signal('SIGHUP');
await group.until((status) => status.generation > generation);
await startTool(join(tools, 'server-load'), loadOptions(connections * 50)).ended;
const before = await quietState();
const statusBefore = group.status();
const cpuBefore = cpuSecondsOfAll(group.pid);

const kills: Kill[] = [];
let reloads = 0;
const failures: FailedRequest[] = [];
let summary: LoadSummary | undefined;
const load = startTool<LoadEvent>(
  join(tools, 'server-load'),
  loadOptions(Number(values.requests)),
  (event) => {
    if (event.event === 'failed') failures.push(event);
    if (event.event === 'end') summary = event;
  },
);
let highest = before;
const watch = setInterval(() => {
  let now;
  try {
    now = parentState();
  } catch {
    return; // its image is being replaced
  }
  highest = {
    descriptors: Math.max(highest.descriptors, now.descriptors),
    rss: Math.max(highest.rss, now.rss),
    processes: Math.max(highest.processes, now.processes),
  };
}, 1000);
const killer = setInterval(
  () => {
    let candidates;
    try {
      candidates = group.status().children.filter(({ connections: count }) => count > 0);
    } catch {
      return; // its image is being replaced
    }
    const victim = candidates[Math.floor(Math.random() * candidates.length)];
    if (victim === undefined) return;
    const at = monotonicMilliseconds();
    try {
      process.kill(victim.pid, 'SIGKILL');
      kills.push({ pid: victim.pid, at, state: victim.state });
    } catch {
      // It has ended in between.
    }
  },
  Number(values['kill-seconds']) * 1000,
);
const reloader = setInterval(
  () => {
    reloads++;
    group.signal('SIGHUP');
  },
  Number(values['reload-seconds']) * 1000,
);
await load.ended;
for (const timer of [watch, killer, reloader]) clearInterval(timer);
if (summary === undefined) throw new Error(`the load has ended early:\n${group.log.slice(-4000)}`);
const after = await quietState();
const statusAfter = group.status();
const cpu = cpuSecondsOfAll(group.pid) - cpuBefore;
await group.stop();
const left = group.members().length;

/** Failures that no kill explains: each kill may cost one request of each connection that the child had, here one. */
const unexplained: FailedRequest[] = [];
const spent = new Set<Kill>();
for (const failure of failures) {
  const kill = kills.find(
    (candidate) =>
      !spent.has(candidate) &&
      candidate.pid === failure.pid &&
      failure.at >= candidate.at &&
      failure.at - candidate.at < KILL_EFFECT_MS,
  );
  if (kill === undefined) unexplained.push(failure);
  else spent.add(kill);
}
const crashed = statusAfter.crashedChildren - statusBefore.crashedChildren;

report.note(`${connections} connections, LSAPI_MAX_REQS=${values['max-requests']}, ${values.app}`);
report.table(
  ['', 'requests', 'seconds', 'requests/s', 'CPU µs', 'p50 ms', 'p99 ms', 'p99.9 ms', 'longest ms'],
  [
    [
      'answered',
      ...[summary.answered, summary.seconds, Math.round(summary.answered / summary.seconds)],
      (cpu / summary.answered) * 1e6,
      ...[summary.p50, summary.p99, summary.p999, summary.max],
    ],
  ],
);
report.table(
  ['', 'count'],
  [
    ['children started', statusAfter.startedChildren - statusBefore.startedChildren],
    ['children killed', kills.length],
    ['children that ended abnormally', crashed],
    ['reloads asked for', reloads],
    ['reloads done', statusAfter.reloads - statusBefore.reloads],
    ['reloads failed', statusAfter.failedReloads - statusBefore.failedReloads],
    ['connections', summary.connections],
    ['closed with CONN_CLOSE', summary.closedPolitely],
    ['closed without', summary.closedSilently],
    ['requests sent again', summary.sentAgain],
    ['requests failed', failures.length],
    ['of these in a killed child', failures.length - unexplained.length],
  ],
);
report.table(
  ['parent', 'descriptors', 'RSS MiB', 'processes'],
  [
    ['before', before.descriptors, before.rss / KIB, before.processes],
    ['highest', highest.descriptors, highest.rss / KIB, highest.processes],
    ['after', after.descriptors, after.rss / KIB, after.processes],
  ],
);
for (const failure of unexplained.slice(0, 20)) report.note(`unexplained: ${JSON.stringify(failure)}`);
if (unexplained.length > 0 || crashed > kills.length) {
  const interesting = group.log.split('\n').filter((line) => !/SIGKILL|reload|generation|serving/.test(line));
  report.note(interesting.slice(-20).join('\n'));
}
report.set('load', summary);
report.set('cpuSeconds', cpu);
report.set('kills', kills.length);
report.set('reloads', statusAfter.reloads - statusBefore.reloads);
report.set('failures', failures);
report.set('parent', { before, highest, after });

report.target(
  'requests answered or failed',
  summary.answered + failures.length,
  summary.answered + failures.length === Number(values.requests),
);
report.target('failures that no kill explains', unexplained.length, unexplained.length === 0);
report.target(
  'children that ended abnormally without being killed',
  Math.max(0, crashed - kills.length),
  crashed <= kills.length,
);
const moreDescriptors = after.descriptors - before.descriptors;
report.target('descriptors of the parent, more than before', moreDescriptors, moreDescriptors <= 0);
report.target(
  'RSS of the parent, MiB more than before',
  (after.rss - before.rss) / KIB,
  after.rss - before.rss < 4 * KIB,
);
report.target('processes left after the stop', left, left === 0);
report.end();
