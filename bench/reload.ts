// `npm run bench:reload`: reloads of a group with the Express example while it serves: no request may fail. How long new
// connections wait meanwhile, and how long an idle group takes to stop.
import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { lsapiRequest } from './requests.js';
import { Group, temporaryDirectory } from './support/group.js';
import { LsapiConnection } from './support/lsapi-connection.js';
import { Report, summarize } from './support/report.js';
import type { FailedRequest, LoadEvent, LoadSummary, NewConnection } from './support/tools.js';
import { monotonicMilliseconds, startTool } from './support/tools.js';

const [root = '', tools = '', ...rest] = process.argv.slice(2);
const { values } = parseArgs({
  args: rest,
  options: {
    json: { type: 'boolean', default: false },
    reloads: { type: 'string', default: '200' },
    connections: { type: 'string', default: '8' },
    'think-ms': { type: 'string', default: '25' },
    stops: { type: 'string', default: '20' },
    app: { type: 'string', default: 'examples/express/app.js' },
  },
});
const reloads = Number(values.reloads);
const connections = Number(values.connections);
/** Between the end of a reload and the next one. */
const PAUSE_MS = 100;
/** New connections while the group is reloaded: one each. */
const PROBE_MS = 5;
const STOP_CONNECTIONS = 4;

const report = new Report('reload', values.json);
const directory = temporaryDirectory();
const request = join(directory, 'request');
writeFileSync(request, lsapiRequest('GET', '/json?number=@@@@@@@@@@'));

function startGroup(name: string, limit: number): Promise<Group> {
  return Group.start(root, directory, name, values.app, { LSAPI_CHILDREN: String(limit) });
}

// Room for the load, and for the new connections beside it.
const group = await startGroup('group', 2 * connections);
const failures: FailedRequest[] = [];
let summary: LoadSummary | undefined;
const load = startTool<LoadEvent>(
  join(tools, 'server-load'),
  [
    ...['--socket', group.socket, '--request', request, '--connections', connections],
    ...['--think-ms', values['think-ms']],
  ],
  (event) => {
    if (event.event === 'failed') failures.push(event);
    if (event.event === 'end') summary = event;
  },
);
const probe = startTool<NewConnection>(join(tools, 'new-connections'), [
  ...['--socket', group.socket, '--request', request, '--interval-ms', PROBE_MS],
]);
await delay(500);

/** From SIGHUP until the new generation serves. */
const times: number[] = [];
const spans: { from: number; to: number }[] = [];
for (let count = 0; count < reloads; count++) {
  const { generation } = group.status();
  const from = monotonicMilliseconds();
  group.signal('SIGHUP');
  await group.until((status) => status.generation > generation && status.state === 'serving');
  const to = monotonicMilliseconds();
  times.push(to - from);
  spans.push({ from, to });
  await delay(PAUSE_MS);
}
const probeStatus = await probe.stop();
await load.stop();
if (summary === undefined) throw new Error(`the load has ended early:\n${group.log.slice(-4000)}`);
const { failedReloads, crashedChildren } = group.status();
await group.stop();

/** The longest wait of a new connection in each reload, and the waits of those that met none. */
const isWithin = ({ at, answer }: NewConnection, { from, to }: { from: number; to: number }): boolean =>
  at < to && at + answer / 1000 > from;
const waits = spans.map((span) =>
  Math.max(0, ...probe.lines.filter((line) => isWithin(line, span)).map(({ answer }) => answer / 1000)),
);
const others = probe.lines
  .filter((line) => !spans.some((span) => isWithin(line, span)))
  .map(({ answer }) => answer / 1000);

/** From SIGTERM until the parent is gone; with children whose connections are open and idle. */
const stops: number[] = [];
const stopsWithChildren: number[] = [];
for (let count = 0; count < Number(values.stops); count++) {
  const bare = await startGroup(`bare-${count}`, STOP_CONNECTIONS);
  stops.push(await bare.stop());
  const used = await startGroup(`used-${count}`, STOP_CONNECTIONS);
  const open: LsapiConnection[] = [];
  for (let number = 0; number < STOP_CONNECTIONS; number++)
    open.push(await LsapiConnection.open(used.socket));
  const packet = lsapiRequest('GET', '/json?number=1');
  for (const connection of open) await connection.request(packet);
  stopsWithChildren.push(await used.stop());
  const left = used.members().length;
  for (const connection of open) connection.close();
  if (left > 0) throw new Error(`${left} processes are left when the parent has ended`);
}

const row = (name: string, numbers: readonly number[]): (string | number)[] => {
  const { count, min, median, p90, max } = summarize(numbers);
  return [name, count, min, median, p90, max];
};
report.note(
  `Express example, ${connections} connections with ${values['think-ms']} ms between requests; milliseconds`,
);
report.table(
  ['', 'samples', 'min', 'median', 'p90', 'max'],
  [
    row('reload: SIGHUP to the new generation', times),
    row('new connection: longest wait in a reload', waits),
    row('new connection: otherwise', others),
    row('stop: no children', stops),
    row(`stop: ${STOP_CONNECTIONS} children, connections open`, stopsWithChildren),
  ],
);
report.table(
  ['', 'answered', 'failed', 'sent again', 'connections', 'p50 ms', 'p99 ms', 'longest ms'],
  [
    [
      'load',
      ...[summary.answered, summary.failed, summary.sentAgain, summary.connections],
      ...[summary.p50, summary.p99, summary.max],
    ],
    ['new connections', probe.lines.length, probeStatus === 0 ? 0 : 1, '', probe.lines.length, '', '', ''],
  ],
);
for (const failure of failures.slice(0, 20)) report.note(JSON.stringify(failure));
report.set('load', summary);
report.set('failures', failures);
report.set('reload', summarize(times));
report.set('wait', summarize(waits));
report.set('stop', { bare: summarize(stops), withChildren: summarize(stopsWithChildren) });
report.target(
  `${reloads} reloads, failed requests`,
  failures.length,
  failures.length === 0 && probeStatus === 0,
);
report.target('reloads that failed', failedReloads, failedReloads === 0);
report.target('children that ended abnormally', crashedChildren, crashedChildren === 0);
const stop = summarize(stopsWithChildren).median;
report.target('idle group gone within 100 ms (median)', stop, stop < 100);
report.end();
