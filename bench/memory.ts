// `npm run bench:memory`: private memory and threads of the children of a group with the Express example loaded: fresh,
// after one request, after a thousand requests each and some idle seconds. Beside them `node app.js` with the same
// requests.
import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readProcessUsage } from '#lib/status/process-memory.js';
import { lsapiRequest } from './requests.js';
import { checkAnswer, ROUTES } from './support/express-routes.js';
import { Group, temporaryDirectory } from './support/group.js';
import { LsapiConnection } from './support/lsapi-connection.js';
import { PlainNode } from './support/plain-node.js';
import { mebibytes } from './support/processes.js';
import { Report, summarize } from './support/report.js';

const [root = '', , ...rest] = process.argv.slice(2);
const { values } = parseArgs({
  args: rest,
  options: {
    json: { type: 'boolean', default: false },
    children: { type: 'string', default: '16' },
    requests: { type: 'string', default: '1000' },
    'idle-seconds': { type: 'string', default: '5' },
  },
});
const children = Number(values.children);
const requests = Number(values.requests);
const idleSeconds = Number(values['idle-seconds']);
const app = 'examples/express/app.js';
const SETTLE_MS = 500;

interface Sample {
  /** MiB, largest and median. */
  readonly privateMax: number;
  readonly privateMedian: number;
  readonly pssMedian: number;
  readonly threads: number;
}

function sample(pids: readonly number[]): Sample {
  const usages = pids.map((pid) => readProcessUsage(pid));
  const own = summarize(usages.map(({ memory }) => mebibytes(memory.private)));
  return {
    privateMax: own.max,
    privateMedian: own.median,
    pssMedian: summarize(usages.map(({ memory }) => mebibytes(memory.pss))).median,
    threads: Math.max(...usages.map(({ threads }) => threads ?? Number.NaN)),
  };
}

const report = new Report('memory', values.json);
const directory = temporaryDirectory();
const packets = ROUTES.map(({ method, target, headers, body }) =>
  lsapiRequest(method, target, headers, body),
);
const group = await Group.start(root, directory, 'group', app, {
  LSAPI_CHILDREN: String(children),
  LSAPI_MAX_IDLE_CHILDREN: String(children),
  LSAPI_EXTRA_CHILDREN: '0',
});
const parentFresh = sample([group.pid]);
const connections: LsapiConnection[] = [];
for (let count = 0; count < children; count++) connections.push(await LsapiConnection.open(group.socket));
const pids = connections.map(({ pid }) => pid);
if (new Set(pids).size !== children) throw new Error('there is not one child for each connection');

async function serve(connection: LsapiConnection, count: number): Promise<void> {
  for (let number = 0; number < count; number++) {
    const which = number % ROUTES.length;
    checkAnswer(ROUTES[which]!, await connection.request(packets[which]!));
  }
}

await delay(SETTLE_MS);
const fresh = sample(pids);
for (const connection of connections) await serve(connection, 1);
await delay(SETTLE_MS);
const once = sample(pids);
await Promise.all(connections.map((connection) => serve(connection, requests)));
const busy = sample(pids);
await delay(idleSeconds * 1000);
const used = sample(pids);
const parent = sample([group.pid]);
if (group.status().crashedChildren > 0) throw new Error(`a child has crashed:\n${group.log}`);
for (const connection of connections) connection.close();
await group.stop();

const plain = await PlainNode.start(join(root, app), directory);
await delay(SETTLE_MS);
const plainFresh = sample([plain.pid]);
async function servePlain(count: number): Promise<void> {
  for (let number = 0; number < count; number++) {
    const route = ROUTES[number % ROUTES.length]!;
    checkAnswer(route, await plain.request(route));
  }
}
await servePlain(1);
await delay(SETTLE_MS);
const plainOnce = sample([plain.pid]);
await servePlain(requests);
const plainBusy = sample([plain.pid]);
await delay(idleSeconds * 1000);
const plainUsed = sample([plain.pid]);
plain.stop();

const row = (name: string, { privateMedian, privateMax, pssMedian, threads }: Sample) => [
  ...[name, privateMedian, privateMax, pssMedian, threads],
];
report.note(`${children} children, Express example preloaded; MiB`);
report.table(
  ['', 'private: median', 'largest', 'PSS: median', 'threads (most)'],
  [
    row('children, connection open', fresh),
    row('children, one request', once),
    row(`children, ${requests} requests`, busy),
    row(`children, ${idleSeconds} s later`, used),
    row('parent, before', parentFresh),
    row('parent, with children', parent),
    row('node app.js', plainFresh),
    row('node app.js, one request', plainOnce),
    row(`node app.js, ${requests} requests`, plainBusy),
    row(`node app.js, ${idleSeconds} s later`, plainUsed),
  ],
);
report.set('children', { fresh, once, busy, used });
report.set('parent', { fresh: parentFresh, withChildren: parent });
report.set('plainNode', { fresh: plainFresh, once: plainOnce, busy: plainBusy, used: plainUsed });
report.target('idle child, private MiB < 4 (one request served)', once.privateMax, once.privateMax < 4);
report.target('idle child, threads = 1', once.threads, once.threads === 1);
report.target(
  `after ${requests} requests and ${idleSeconds} s, private MiB < 20`,
  used.privateMax,
  used.privateMax < 20,
);
report.end();
