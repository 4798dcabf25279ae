// `npm run bench:endurance [-- --minutes 60]`: a group at full speed with everything that sites do at once – small
// answers, pages, uploads, downloads, slow answers, errors, clients that leave – while children reach LSAPI_MAX_REQS and
// the group is reloaded. Every answer is checked; memory is sampled, and must have no slope.
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { encodeRequest } from '#lib/codec/index.js';
import { lsapiRequest } from './requests.js';
import { Group, temporaryDirectory } from './support/group.js';
import { LsapiConnection } from './support/lsapi-connection.js';
import { countDescriptors } from './support/processes.js';
import { Report } from './support/report.js';
import { median } from './support/statistics.js';
import type { LoadEvent } from './support/tools.js';
import { startTool } from './support/tools.js';

const [root = '', tools = '', ...rest] = process.argv.slice(2);
const { values } = parseArgs({
  args: rest,
  options: {
    help: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '60' },
    'reload-seconds': { type: 'string', default: '60' },
  },
});
if (values.help) {
  console.log('usage: npm run bench:endurance -- [--minutes N] [--reload-seconds N] [--json]');
  process.exit(0);
}
const KIB = 1024;
const MILLISECONDS = Number(values.minutes) * 60_000;
/** Connections of the native load, which sends small requests without a pause, and of the checked ones. */
const BUSY = 8;
const MIXED = 8;
/** The first part of the time, in which caches fill, is not part of the slope. */
const WARM_PART = 0.2;

interface Sample {
  readonly minute: number;
  readonly parent: number;
  /** Median of the children's, KiB: how many there are changes from moment to moment. */
  readonly child: number;
  readonly descriptors: number;
  readonly processes: number;
}

const counts = new Map<string, number>();
const wrong: string[] = [];
function count(what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}

function expect(what: string, is: boolean, seen: string): void {
  count(what);
  if (!is && wrong.push(`${what}: ${seen}`) > 1000) wrong.length = 1000;
}

function post(body: Buffer): Buffer {
  const packet = encodeRequest({
    reqBodyLen: body.length,
    env: [
      ['REQUEST_METHOD', 'POST'],
      ['REQUEST_URI', '/upload'],
      ['SCRIPT_NAME', '/upload'],
      ['QUERY_STRING', ''],
      ['SERVER_PROTOCOL', 'HTTP/1.1'],
    ],
    header: {
      requestLine: 'POST /upload HTTP/1.1',
      headers: [
        ['Host', 'www.example.com'],
        ['Content-Length', String(body.length)],
      ],
    },
  });
  return Buffer.concat([packet, body]);
}

let number = 0;

/** What is asked on a connection, and what has to come back. */
const SCENARIOS: readonly ((connection: LsapiConnection) => Promise<void>)[] = [
  async (connection) => {
    const own = String(++number);
    const { body } = await connection.request(lsapiRequest('GET', `/?number=${own}`));
    expect('small', String(body) === `${connection.pid} ${own}`, String(body));
  },
  async (connection) => {
    const { body } = await connection.request(lsapiRequest('GET', '/page'));
    expect(
      'page',
      body.length === 64 * KIB && body.every((byte, at) => byte === PAGE[at % 5]),
      `${body.length}`,
    );
  },
  async (connection) => {
    const upload = randomBytes(1 + Math.floor(Math.random() * 300 * KIB));
    const { body } = await connection.request(post(upload));
    expect('upload', String(body) === createHash('sha1').update(upload).digest('hex'), String(body));
  },
  async (connection) => {
    const { body } = await connection.request(lsapiRequest('GET', '/download'));
    expect('download', body.length === 2048 * KIB, `${body.length}`);
  },
  async (connection) => {
    const { body } = await connection.request(lsapiRequest('GET', '/slow'));
    expect('slow', String(body) === 'slow answer', String(body));
  },
  async (connection) => {
    const { status } = await connection.request(lsapiRequest('GET', '/error'));
    expect('error', status === 500, String(status));
  },
];
const PAGE = Buffer.from('page ');

/** A client that leaves: in the middle of a packet, of a body, or of an answer. */
async function leave(path: string): Promise<void> {
  const request = Math.random() < 0.5 ? lsapiRequest('GET', '/download') : post(randomBytes(100 * KIB));
  const socket = net.connect(path).on('error', () => undefined);
  socket.write(request.subarray(0, Math.ceil(Math.random() * request.length)));
  if (Math.random() < 0.5)
    await new Promise((resolve) => socket.once('data', resolve).once('close', resolve));
  else await delay(Math.random() * 20);
  socket.destroy();
  count('left');
}

/** One client: some requests on a connection, then another connection. */
async function visit(path: string, until: number): Promise<void> {
  while (performance.now() < until) {
    if (Math.random() < 0.1) {
      await leave(path);
      continue;
    }
    let connection: LsapiConnection;
    try {
      connection = await LsapiConnection.open(path);
    } catch (error) {
      expect('connection', false, String(error));
      continue;
    }
    for (
      let requests = Math.ceil(Math.random() * 40);
      requests > 0 && performance.now() < until;
      requests--
    ) {
      const scenario = SCENARIOS[Math.floor(Math.random() * SCENARIOS.length)]!;
      try {
        await scenario(connection);
      } catch {
        // Closed between two requests: the server sends this one again, on another connection.
        count('sent again');
        break;
      }
      if (connection.isClosed) break;
    }
    connection.close();
  }
}

function residentKibibytes(pid: number): number | undefined {
  try {
    const size = /^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    // One that has just ended has no memory any more.
    return size === undefined ? undefined : Number(size);
  } catch {
    return undefined;
  }
}

/** Least squares: KiB an hour. */
function slope(samples: readonly Sample[], of: (sample: Sample) => number): number {
  const mean = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0) / numbers.length;
  const minute = mean(samples.map((sample) => sample.minute));
  const value = mean(samples.map(of));
  const covariance = mean(samples.map((sample) => (sample.minute - minute) * (of(sample) - value)));
  const variance = mean(samples.map((sample) => (sample.minute - minute) ** 2));
  return variance === 0 ? 0 : (covariance / variance) * 60;
}

const report = new Report('endurance', values.json);
const directory = temporaryDirectory();
const request = join(directory, 'request');
writeFileSync(request, lsapiRequest('GET', '/?number=@@@@@@@@@@'));
const group = await Group.start(root, directory, 'group', 'bench/apps/mixed.mjs', {
  LSAPI_CHILDREN: String(BUSY + MIXED + 4),
  LSAPI_MAX_REQS: '5000',
});
const began = performance.now();
const until = began + MILLISECONDS;
const samples: Sample[] = [];
const sampler = setInterval(
  () => {
    try {
      const { children } = group.status();
      const resident = children.map(({ pid }) => residentKibibytes(pid)).filter((size) => size !== undefined);
      if (resident.length === 0) return;
      samples.push({
        minute: (performance.now() - began) / 60_000,
        parent: residentKibibytes(group.pid) ?? 0,
        child: median(resident),
        descriptors: countDescriptors(group.pid) - 2 * children.length,
        processes: group.members().length,
      });
    } catch {
      // Its image is being replaced.
    }
  },
  Math.min(10_000, MILLISECONDS / 30),
);
const reloader = setInterval(() => group.signal('SIGHUP'), Number(values['reload-seconds']) * 1000);
let failed = 0;
let answered = 0;
const load = startTool<LoadEvent>(
  join(tools, 'server-load'),
  [
    ...['--socket', group.socket, '--request', request, '--connections', BUSY],
    ...['--requests', 2_000_000_000, '--body-has-pid'],
  ],
  (event) => {
    if (event.event === 'failed' && failed++ < 10) wrong.push(`native load: ${JSON.stringify(event)}`);
    if (event.event === 'end') answered = event.answered;
  },
);
await Promise.all(Array.from({ length: MIXED }, () => visit(group.socket, until)));
await load.stop();
clearInterval(sampler);
clearInterval(reloader);
const status = await group.until(({ state }) => state === 'serving');
await group.stop();
const left = group.members().length;

const warm = samples.filter(({ minute }) => minute > (MILLISECONDS / 60_000) * WARM_PART);
const steady = warm.length > 2 ? warm : samples;
report.note(
  `${values.minutes} minutes, ${BUSY} + ${MIXED} connections, LSAPI_MAX_REQS=5000, reload every ${values['reload-seconds']} s`,
);
report.table(
  ['requests', 'count'],
  [
    ['native load, small', answered],
    ...[...counts].sort().map(([what, times]): [string, number] => [what, times]),
  ],
);
report.table(
  ['', 'first', 'last', 'highest', 'slope an hour'],
  (
    [
      ['RSS of the parent, KiB', (sample) => sample.parent],
      ['RSS of a child, median, KiB', (sample) => sample.child],
      ['descriptors of the parent', (sample) => sample.descriptors],
      ['processes', (sample) => sample.processes],
    ] satisfies [string, (sample: Sample) => number][]
  ).map(([what, of]) => [
    what,
    of(steady[0]!),
    of(steady.at(-1)!),
    Math.max(...steady.map(of)),
    slope(steady, of),
  ]),
);
report.table(
  ['group', 'count'],
  [
    ['reloads', status.reloads],
    ['reloads failed', status.failedReloads],
    ['children started', status.startedChildren],
    ['children that ended abnormally', status.crashedChildren],
  ],
);
for (const line of wrong.slice(0, 10)) report.note(`wrong: ${line}`);
const told = group.log
  .split('\n')
  .filter((line) => /RELOAD FAILED|ended by signal|ended with|did not end/.test(line));
for (const line of told.slice(0, 20)) report.note(`log: ${line}`);
report.set('samples', samples);
/** In parts of what it is: an hour of a real leak is more than that. */
const LEVEL = 0.02;
/** Less than before is no leak: pages that are not shared any more go with the children that had them. */
const level = (of: (sample: Sample) => number): number => Math.max(0, slope(steady, of)) / of(steady[0]!);
report.target('wrong answers', wrong.length, wrong.length === 0);
report.target('requests of the native load that failed', failed, failed === 0);
report.target(
  'slope of the parent, part of its memory an hour',
  level((sample) => sample.parent),
  level((sample) => sample.parent) < LEVEL || MILLISECONDS < 600_000,
);
report.target(
  "slope of the children's median, part an hour",
  level((sample) => sample.child),
  level((sample) => sample.child) < 0.1 || MILLISECONDS < 600_000,
);
report.target('children that ended abnormally', status.crashedChildren, status.crashedChildren === 0);
report.target('reloads that failed', status.failedReloads, status.failedReloads === 0);
report.target('processes left after the stop', left, left === 0);
report.end();
