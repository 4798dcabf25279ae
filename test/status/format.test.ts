import assert from 'node:assert/strict';
import { printable } from '#lib/config/printable.js';
import { formatDuration, formatGroup } from '#lib/status/format.js';
import type { ChildStatus, GroupStatus } from '#lib/status/group-status.js';

const NOW = Date.parse('2026-01-02T00:00:00Z');
const MB = 1024 * 1024;

const CHILD: ChildStatus = {
  pid: 4712,
  generation: 2,
  state: 'idle',
  startedAt: '2026-01-01T23:58:20.000Z',
  ageMilliseconds: 100_000,
  connections: 1,
  active: 0,
  requests: 1250,
  responses: 1250,
  requestsPerSecond: 12.5,
  answerMilliseconds: null,
  killSignals: 0,
  currentRequest: null,
  lastRequest: { method: 'GET', url: '/last' },
  failure: null,
  idleMilliseconds: 10,
  memory: { private: 12.5 * MB, rss: 60 * MB, pss: 20 * MB },
  threads: 1,
  cpuMilliseconds: 2340,
  recent: { milliseconds: 500, requestsPerSecond: 40, cpuPercent: 33.3, answers: null },
};

const GROUP: GroupStatus = {
  pid: 4711,
  root: '/srv/shop',
  generation: 2,
  state: 'serving',
  mode: 'preloaded',
  startedAt: '2026-01-01T00:00:00.000Z',
  uptimeMilliseconds: 86_400_000,
  generationStartedAt: '2026-01-01T23:55:00.000Z',
  limits: { children: 10, extraChildren: 3, concurrency: 1 },
  busy: 1,
  accepted: 4000,
  connections: 3,
  requests: 50_000,
  active: 1,
  requestsPerSecond: 0.58,
  answers: {
    count: 49_999,
    statuses: { none: 3, '1xx': 0, '2xx': 49_000, '3xx': 0, '4xx': 996, '5xx': 0 },
    totalMilliseconds: 100_000,
    milliseconds: { mean: 2.004, p50: 0.87, p95: 12.34, p99: 1234 },
    histogram: [],
  },
  refused: 2,
  startedChildren: 7,
  endedChildren: 5,
  crashedChildren: 1,
  forkFailures: 0,
  limitReached: 0,
  reloads: 1,
  failedReloads: 0,
  memory: { private: 30 * MB, rss: 70 * MB, pss: 40 * MB },
  cpuMilliseconds: 5000,
  recent: { milliseconds: 500, requestsPerSecond: 41, cpuPercent: 35, answers: null },
  children: [
    CHILD,
    {
      ...CHILD,
      ...{ pid: 4713, generation: 1, state: 'draining', active: 1, requests: 50, connections: 2 },
      ...{ requestsPerSecond: 0.5, recent: null },
      currentRequest: { method: 'POST', url: '/upload', milliseconds: 65_000 },
      lastRequest: null,
      memory: { private: 7.5 * MB, rss: 50 * MB, pss: 10 * MB },
    },
  ],
};

describe('the text of a status', () => {
  it('has a head, a line per child and their sum', () => {
    assert.equal(
      formatGroup(GROUP, { now: NOW }),
      `Process group 4711: /srv/shop
  state        serving, generation 2 since 5m 0s, preloaded
  uptime       1d 0h
  children     2 of 10 (+3 extra), 1 busy; 1 connection each
  started      7; 5 ended, 1 of them crashed
  connections  4000 accepted, 3 open, 2 refused
  requests     50000, 1 in progress; 0.6/s, 41.0/s now
  answers      3 given up, 49000 × 2xx, 996 × 4xx; mean 2.00 ms, p50 0.87 ms, p95 12.3 ms, p99 1.2 s
  reloads      1; 0 failed
  parent       70.0 MB resident, 30.0 MB private

 PID  GEN  STATE        AGE  REQUESTS  REQ/S   NOW  CONN      RSS  PRIVATE  CPU%    CPU  REQUEST
4712    2  idle      1m 40s      1250   12.5  40.0     1  60.0 MB  12.5 MB    33  2.3 s
4713    1  draining  1m 40s        50    0.5     -     2  50.0 MB   7.5 MB     -  2.3 s  1m 5s: POST /upload
 sum                             1300   13.0  40.0     3           20.0 MB    33  4.7 s
`,
    );
  });

  const withChild = (child: Partial<ChildStatus>, width?: number): string =>
    formatGroup(
      { ...GROUP, children: [{ ...CHILD, ...child }] },
      width === undefined ? { now: NOW } : { now: NOW, width },
    );

  it('of a process that serves alone leaves out what only groups have', () => {
    const worker: GroupStatus = { ...GROUP, mode: 'worker', children: [CHILD] };
    assert.match(
      formatGroup(worker, { now: NOW }),
      /^Worker 4711: \/srv\/shop\n {2}state {8}serving\n {2}uptime {7}1d 0h\n {2}connections {2}4000 accepted, 3 open\n {2}requests .*\n {2}answers .*\n\n/,
    );
  });

  it('names limit and fork failures where there were some', () => {
    const text = formatGroup({ ...GROUP, limitReached: 3, forkFailures: 1 }, { now: NOW });
    assert.match(text, /^ {2}limit {8}reached 3 times \(LSAPI_CHILDREN\)$/m);
    assert.match(text, /^ {2}fork {9}refused by the system 1 time$/m);
  });

  it('says where no child is running, and leaves out what is not known', () => {
    const nothing: GroupStatus = {
      ...GROUP,
      ...{ children: [], startedAt: null, generationStartedAt: null, state: 'loading' },
      limits: { children: 1, extraChildren: 0, concurrency: 4 },
      memory: { private: null, rss: null, pss: null },
    };
    const text = formatGroup(nothing, { now: NOW });
    assert.match(text, /state {8}loading, generation 2, preloaded\n {2}uptime {7}-\n/);
    assert.match(text, /0 of 1, 1 busy; 4 connections each\n/);
    assert.match(text, /parent {7}- resident, - private\n\nNo child is running\.\n$/);
  });

  it('shows a dash for what is not known of a child', () => {
    const gone = { memory: { private: null, rss: null, pss: null }, recent: null, cpuMilliseconds: null };
    const [row, sum] = withChild(gone).split('\n').slice(-3);
    assert.match(row ?? '', / 12\.5 {4}- {5}1 {4}- {8}- {5}- {4}-$/);
    assert.match(sum ?? '', / 12\.5 {4}- {5}1 {13}- {5}- {4}-$/);
  });

  it('shows a child that has just been started without dividing by its age', () =>
    assert.match(withChild({ ageMilliseconds: 0, requests: 0, requestsPerSecond: 0 }), / 0 ms +0 +0\.0 /));

  it('shows why a child failed', () =>
    assert.match(withChild({ state: 'failed', failure: 'app.js: no' }), /failed .* app\.js: no\n/));

  it('shows signals that a request has got, and requests whose text is not known', () => {
    const currentRequest = { method: null, url: null, milliseconds: 12_345 };
    assert.match(withChild({ killSignals: 1, currentRequest }), /12\.3 s, 1 kill signal: \? \?\n/);
  });

  it('cuts the request so that the line fits', () => {
    const currentRequest = { method: 'GET', url: `/${'ä'.repeat(300)}`, milliseconds: 5 };
    for (const width of [125, 160, 250]) {
      const row = withChild({ currentRequest }, width)
        .split('\n')
        .find((line) => line.includes('GET /'));
      assert.equal(row?.length, width);
      assert.ok(row.endsWith('ä…'));
    }
  });

  it('keeps some of the request in a terminal that is too narrow', () => {
    const currentRequest = { method: 'GET', url: `/${'x'.repeat(300)}`, milliseconds: 5 };
    assert.match(withChild({ currentRequest }, 10), / 5 ms: GET \/x{8}…\n/);
  });

  it('never passes on what a terminal would obey', () => {
    const currentRequest = { method: 'GET', url: '/\x1b[2J\u009b\u202e\n\u2028', milliseconds: 5 };
    assert.ok(
      withChild({ currentRequest }, 200).includes(': GET /\\u{1b}[2J\\u{9b}\\u{202e}\\u{a}\\u{2028}\n'),
    );
    assert.ok(withChild({ failure: 'a\x07b' }).includes('a\\u{7}b\n'));
    assert.match(formatGroup({ ...GROUP, root: '/srv/\x1b]0;x' }), /: \/srv\/\\u\{1b\}\]0;x\n/);
  });

  it('leaves other characters as they are', () =>
    assert.equal(printable('/ä/日本?a=1 \\'), '/ä/日本?a=1 \\'));

  const durations: [milliseconds: number, text: string][] = [
    [0, '0 ms'],
    [999.9, '999 ms'],
    [1000, '1.0 s'],
    [59_999, '59.9 s'],
    [60_000, '1m 0s'],
    [3_599_999, '59m 59s'],
    [3_600_000, '1h 0m'],
    [86_399_999, '23h 59m'],
    [86_400_000, '1d 0h'],
    [1_000 * 86_400_000 + 5 * 3_600_000, '1000d 5h'],
  ];
  for (const [milliseconds, text] of durations)
    it(`${milliseconds} ms are ${text}`, () => assert.equal(formatDuration(milliseconds), text));
});
