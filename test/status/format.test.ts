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
  killSignals: 0,
  currentRequest: null,
  lastRequest: { method: 'GET', url: '/last' },
  failure: null,
  idleMilliseconds: 10,
  memory: { private: 12.5 * MB, rss: 60 * MB, pss: 20 * MB },
  threads: 1,
  cpuMilliseconds: 2340,
};

const GROUP: GroupStatus = {
  pid: 4711,
  root: '/srv/shop',
  generation: 2,
  state: 'serving',
  mode: 'preloaded',
  startedAt: '2026-01-01T00:00:00.000Z',
  generationStartedAt: '2026-01-01T23:55:00.000Z',
  limits: { children: 10, extraChildren: 3, concurrency: 1 },
  busy: 1,
  accepted: 4000,
  requests: 50_000,
  refused: 2,
  startedChildren: 7,
  endedChildren: 5,
  crashedChildren: 1,
  forkFailures: 0,
  limitReached: 0,
  reloads: 1,
  failedReloads: 0,
  memory: { private: 30 * MB, rss: 70 * MB, pss: 40 * MB },
  children: [
    CHILD,
    {
      ...CHILD,
      ...{ pid: 4713, generation: 1, state: 'draining', active: 1, requests: 50, connections: 2 },
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
  connections  4000 accepted, 2 refused
  requests     50000
  reloads      1; 0 failed
  parent       30.0 MB private

 PID  GEN  STATE        AGE  REQUESTS  REQ/S  CONN  PRIVATE  THREADS    CPU  REQUEST
4712    2  idle      1m 40s      1250   12.5     1  12.5 MB        1  2.3 s
4713    1  draining  1m 40s        50    0.5     2   7.5 MB        1  2.3 s  1m 5s: POST /upload
 sum                             1300   13.0     3  20.0 MB        2  4.7 s
`,
    );
  });

  const withChild = (child: Partial<ChildStatus>, width?: number): string =>
    formatGroup(
      { ...GROUP, children: [{ ...CHILD, ...child }] },
      width === undefined ? { now: NOW } : { now: NOW, width },
    );

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
    assert.match(text, /parent {7}- private\n\nNo child is running\.\n$/);
  });

  it('shows a dash for what is not known of a child', () => {
    const gone = { memory: { private: null, rss: null, pss: null }, threads: null, cpuMilliseconds: null };
    const [row, sum] = withChild(gone).split('\n').slice(-3);
    assert.match(row ?? '', / 1 {8}- {8}- {4}-$/);
    assert.match(sum ?? '', / 1 {8}- {8}- {4}-$/);
  });

  it('shows a child that has just been started without dividing by its age', () =>
    assert.match(withChild({ ageMilliseconds: 0, requests: 0 }), / 0 ms +0 +0\.0 /));

  it('shows why a child failed', () =>
    assert.match(withChild({ state: 'failed', failure: 'app.js: no' }), /failed .* app\.js: no\n/));

  it('shows signals that a request has got, and requests whose text is not known', () => {
    const currentRequest = { method: null, url: null, milliseconds: 12_345 };
    assert.match(withChild({ killSignals: 1, currentRequest }), /12\.3 s, 1 kill signal: \? \?\n/);
  });

  it('cuts the request so that the line fits', () => {
    const currentRequest = { method: 'GET', url: `/${'ä'.repeat(300)}`, milliseconds: 5 };
    for (const width of [100, 120, 250]) {
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
