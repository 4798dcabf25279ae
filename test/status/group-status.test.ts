import assert from 'node:assert/strict';
import type { AnswerTotals } from '#lib/status/answers.js';
import { findGroup } from '#lib/status/find-groups.js';
import { describeGroup, type ChildStatus, type GroupStatus } from '#lib/status/group-status.js';
import { groupStatus, listGroups } from '#lib/status/index.js';
import { readProcessUsage } from '#lib/status/process-memory.js';
import { fakeProcs } from './support/fake-proc.js';
import { scoreboardBytes, type HeaderFields, type SlotFields } from './support/scoreboard-bytes.js';

const NOW = 1_700_000_060_000;
const MONOTONIC_NOW = 500_000;
const NOTHING_ANSWERED: AnswerTotals = {
  count: 0,
  statuses: { none: 0, '1xx': 0, '2xx': 0, '3xx': 0, '4xx': 0, '5xx': 0 },
  totalMilliseconds: 0,
  milliseconds: null,
  histogram: [],
};
const UNKNOWN_MEMORY = { private: null, rss: null, pss: null };

describe('the status of a group', () => {
  const fake = fakeProcs();

  function statusOf(header: HeaderFields, slots: readonly SlotFields[] = []): GroupStatus {
    fake().addProcess(40, [fake().addScoreboard(scoreboardBytes({ parentPid: 40, ...header }, slots))]);
    return describeGroup(findGroup(40, fake()), {
      proc: fake().proc,
      now: NOW,
      monotonicNow: MONOTONIC_NOW,
    });
  }

  function childOf(slot: SlotFields): ChildStatus {
    const [child] = statusOf({}, [{ pid: 41, startedTime: NOW - 60_000, ...slot }]).children;
    assert.ok(child);
    return child;
  }

  it('has everything that the scoreboard knows of the group', () => {
    const status = statusOf({
      ...{ root: '/srv/shop', generation: 3, mode: 'spawned', state: 'stopping', childLimit: 10 },
      ...{ extraChildren: 4, concurrency: 5, busy: 1, startedTime: NOW - 1000, generationTime: NOW - 500 },
      ...{ accepted: 10, refused: 11, startedChildren: 12, endedChildren: 13, crashedChildren: 14 },
      ...{ forkFailures: 15, limitReached: 16, reloads: 17, failedReloads: 18, requestsOfEnded: 19 },
    });
    assert.deepEqual(status, {
      ...{ pid: 40, root: '/srv/shop', generation: 3, state: 'stopping', mode: 'spawned' },
      startedAt: '2023-11-14T22:14:19.000Z',
      uptimeMilliseconds: 1000,
      generationStartedAt: '2023-11-14T22:14:19.500Z',
      limits: { children: 10, extraChildren: 4, concurrency: 5 },
      ...{ busy: 1, accepted: 10, requests: 19, refused: 11, startedChildren: 12, endedChildren: 13 },
      ...{ crashedChildren: 14, forkFailures: 15, limitReached: 16, reloads: 17, failedReloads: 18 },
      ...{ connections: 0, active: 0, requestsPerSecond: 19, answers: NOTHING_ANSWERED },
      ...{ memory: UNKNOWN_MEMORY, cpuMilliseconds: null, recent: null },
      children: [],
    });
  });

  it('counts the requests of children that run and of those that have ended', () => {
    const { requests } = statusOf({ requestsOfEnded: 100 }, [
      { pid: 41, requests: 20 },
      { pid: 42, requests: 3 },
    ]);
    assert.equal(requests, 123);
  });

  it('adds up connections and requests in progress of the children', () => {
    const { connections, active } = statusOf({}, [
      { pid: 41, connections: 20, active: 2 },
      { pid: 42, connections: 3 },
    ]);
    assert.deepEqual([connections, active], [23, 2]);
  });

  it('tells how many answers there were by their status, and how long they took', () => {
    const { answers, children } = statusOf(
      { totalsOfEnded: { durationUs: 5000, statuses: { 2: 3, 0: 1 }, durations: { 6: 4 } } },
      [{ pid: 41, totals: { durationUs: 200_000_000, statuses: { 5: 2 }, durations: { 6: 1, 37: 1 } } }],
    );
    assert.deepEqual(
      [answers.count, answers.totalMilliseconds, answers.statuses],
      [6, 200_005, { none: 1, '1xx': 0, '2xx': 3, '3xx': 0, '4xx': 0, '5xx': 2 }],
    );
    assert.deepEqual(answers.histogram, [
      { upToMilliseconds: 1, count: 5 },
      { upToMilliseconds: null, count: 1 },
    ]);
    const { mean, p50, p99 } = answers.milliseconds ?? { mean: 0, p50: 0, p99: 0 };
    assert.equal(Math.round(mean), 33_334);
    assert.ok(p50 > 0.7 && p50 < 1, String(p50));
    // Beyond the last bound nothing is known but the sum.
    assert.equal(p99, 100_000);
    assert.equal(children[0]?.answerMilliseconds?.mean, 100_000);
  });

  it('processor time is that of the parent, of what it has waited for, and of the children', () => {
    fake().addProcess(41);
    const usage = { threads: 1, rssKib: 1, pssKib: 1, privateCleanKib: 1, privateDirtyKib: 1 };
    fake().setUsage(41, { userTicks: 100, systemTicks: 20, ...usage });
    fake().addProcess(40, [fake().addScoreboard(scoreboardBytes({ parentPid: 40 }, [{ pid: 41 }]))]);
    fake().setUsage(40, { userTicks: 3, systemTicks: 4, ...usage });
    // Those of the ended ones are 5 and 6 ticks; see fake-proc.ts.
    assert.equal(groupStatus(40, fake()).cpuMilliseconds, 1200 + 70 + 110);
  });

  it('a process that serves alone is its own and only child', () => {
    fake().addProcess(40, [
      fake().addScoreboard(
        scoreboardBytes({ parentPid: 40, mode: 'worker', childLimit: 1 }, [{ pid: 40, requests: 7 }]),
      ),
    ]);
    const usage = { threads: 1, rssKib: 1, pssKib: 1, privateCleanKib: 1, privateDirtyKib: 1 };
    fake().setUsage(40, { userTicks: 3, systemTicks: 4, ...usage });
    const { mode, requests, cpuMilliseconds, children } = groupStatus(40, fake());
    assert.deepEqual(
      [mode, requests, cpuMilliseconds, children.map(({ pid }) => pid)],
      ['worker', 7, 180, [40]],
    );
  });

  it('a child with a request is busy, and the request is timed by the clock that cannot be set', () => {
    assert.deepEqual(
      childOf({
        ...{ generation: 2, connections: 3, active: 2, kills: 1, requests: 30, responses: 28 },
        ...{ requestBeganMs: MONOTONIC_NOW - 2500, lastActivityMs: MONOTONIC_NOW - 100 },
        ...{ method: 'GET', url: '/slow?x=1' },
      }),
      {
        ...{ pid: 41, generation: 2, state: 'busy', startedAt: '2023-11-14T22:13:20.000Z' },
        ...{
          ageMilliseconds: 60_000,
          connections: 3,
          active: 2,
          requests: 30,
          responses: 28,
          killSignals: 1,
        },
        currentRequest: { method: 'GET', url: '/slow?x=1', milliseconds: 2500 },
        ...{ lastRequest: null, failure: null, idleMilliseconds: 0 },
        ...{ memory: UNKNOWN_MEMORY, threads: null, cpuMilliseconds: null },
        ...{ requestsPerSecond: 0.5, answerMilliseconds: null, recent: null },
      },
    );
  });

  it('a child without a request is idle since its last one', () => {
    const child = childOf({ lastActivityMs: MONOTONIC_NOW - 7000, method: 'PUT', url: '/a', requests: 1 });
    assert.equal(child.state, 'idle');
    assert.equal(child.currentRequest, null);
    assert.deepEqual(child.lastRequest, { method: 'PUT', url: '/a' });
    assert.equal(child.idleMilliseconds, 7000);
  });

  it('a child that had no request yet is idle since its start', () => {
    const child = childOf({});
    assert.deepEqual([child.state, child.lastRequest, child.idleMilliseconds], ['idle', null, 60_000]);
  });

  it('a request whose text was being written is there without it', () => {
    const child = childOf({
      active: 1,
      requestBeganMs: MONOTONIC_NOW - 5,
      textVersion: 1,
      method: 'G',
      url: '/',
    });
    assert.deepEqual(child.currentRequest, { method: null, url: null, milliseconds: 5 });
  });

  it('a child that failed says why', () => {
    const child = childOf({ state: 'failed', url: 'app.js: Unexpected token', requestBeganMs: 1 });
    assert.deepEqual(
      [child.state, child.failure, child.currentRequest, child.lastRequest],
      ['failed', 'app.js: Unexpected token', null, null],
    );
  });

  for (const state of ['starting', 'draining'] as const)
    it(`a child that is ${state} is not called busy`, () =>
      assert.equal(childOf({ state, active: 1 }).state, state));

  it('no span is below 0: clocks may be set, and the group goes on meanwhile', () => {
    const child = childOf({
      ...{
        startedTime: NOW + 9,
        active: 1,
        requestBeganMs: MONOTONIC_NOW + 9,
        lastActivityMs: MONOTONIC_NOW + 9,
      },
    });
    assert.deepEqual([child.ageMilliseconds, child.currentRequest?.milliseconds], [0, 0]);
  });

  it('a time that no calendar has breaks nothing', () => {
    const { startedAt } = statusOf({ startedTime: Number.MAX_SAFE_INTEGER });
    assert.equal(startedAt, '+275760-09-13T00:00:00.000Z');
  });

  describe('memory, threads and processor time', () => {
    it('come from the files of the process', () => {
      fake().addProcess(41);
      fake().setUsage(
        41,
        {
          ...{ userTicks: 120, systemTicks: 3, threads: 11, rssKib: 5000, pssKib: 3000 },
          ...{ privateCleanKib: 100, privateDirtyKib: 2000 },
        },
        'a) S (b c',
      );
      assert.deepEqual(readProcessUsage(41, fake().proc), {
        memory: { private: 2100 * 1024, rss: 5000 * 1024, pss: 3000 * 1024 },
        threads: 11,
        cpuMilliseconds: 1230,
        endedCpuMilliseconds: 110,
      });
    });

    it('are unknown of a process that is gone', () =>
      assert.deepEqual(readProcessUsage(41, fake().proc), {
        memory: UNKNOWN_MEMORY,
        threads: null,
        cpuMilliseconds: null,
        endedCpuMilliseconds: null,
      }));

    it('of this very process are plausible', () => {
      const { memory, threads, cpuMilliseconds } = readProcessUsage(process.pid);
      const rss = process.memoryUsage.rss();
      assert.ok(memory.rss !== null && memory.rss > rss / 2 && memory.rss < rss * 2, String(memory.rss));
      assert.ok(memory.private !== null && memory.private > 1e6 && memory.private <= memory.rss);
      assert.ok(memory.pss !== null && memory.pss >= memory.private && memory.pss <= memory.rss);
      assert.ok(threads !== null && threads > 1);
      const { user, system } = process.cpuUsage();
      const used = (user + system) / 1000;
      assert.ok(cpuMilliseconds !== null && Math.abs(cpuMilliseconds - used) < 500 + used / 5);
    });
  });

  it('is what lsapi/status tells', () => {
    statusOf({ root: '/srv/one' }, [{ pid: 41 }]);
    fake().addProcess(60, [fake().addScoreboard(scoreboardBytes({ parentPid: 60, root: '/srv/two' }))]);
    assert.deepEqual(
      listGroups(fake()).map(({ root }) => root),
      ['/srv/one', '/srv/two'],
    );
    assert.equal(groupStatus(60, fake()).root, '/srv/two');
  });
});
