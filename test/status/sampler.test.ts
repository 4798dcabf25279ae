import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { StatusSampler } from '#lib/status/index.js';
import { isNoGroup } from '#lib/status/sampler.js';
import { fakeProcs } from './support/fake-proc.js';
import { scoreboardBytes, type HeaderFields, type SlotFields } from './support/scoreboard-bytes.js';

const USAGE = { threads: 1, rssKib: 1, pssKib: 1, privateCleanKib: 1, privateDirtyKib: 1 };

describe('looking at groups again and again', () => {
  const fake = fakeProcs();
  let board = '';

  const write = (header: HeaderFields, slots: readonly (SlotFields | undefined)[]): void =>
    writeFileSync(board, scoreboardBytes({ parentPid: 40, startedTime: 5, ...header }, slots));

  beforeEach(() => {
    board = fake().addScoreboard(scoreboardBytes({}));
    fake().addProcess(40, [board]);
    fake().addProcess(41);
  });

  function pause(): void {
    const begin = performance.now();
    while (performance.now() - begin < 20);
  }

  it('tells nothing of the last moments the first time', () => {
    write({}, [{ pid: 41, startedTime: 7 }]);
    const [group] = new StatusSampler(fake()).sample();
    assert.deepEqual([group?.recent, group?.children[0]?.recent], [null, null]);
  });

  it('tells what has happened since the look before', () => {
    const sampler = new StatusSampler(fake());
    const before = { durationUs: 10_000, statuses: { 2: 10 }, durations: { 36: 10 } };
    write({ requestsOfEnded: 100 }, [{ pid: 41, startedTime: 7, requests: 10, totals: before }]);
    fake().setUsage(41, { userTicks: 1, systemTicks: 1, ...USAGE });
    sampler.sample();
    pause();
    const after = { durationUs: 10_600, statuses: { 2: 14 }, durations: { 0: 4, 36: 10 } };
    write({ requestsOfEnded: 100 }, [{ pid: 41, startedTime: 7, requests: 14, totals: after }]);
    fake().setUsage(41, { userTicks: 2, systemTicks: 1, ...USAGE });
    const [group] = sampler.sample();
    const recent = group?.children[0]?.recent;
    assert.ok(recent);
    assert.ok(recent.milliseconds >= 20);
    assert.equal(Math.round((recent.requestsPerSecond * recent.milliseconds) / 1000), 4);
    assert.equal(Math.round(((recent.cpuPercent ?? 0) * recent.milliseconds) / 100), 10);
    // The slow answers were before.
    assert.equal(recent.answers?.mean, 0.15);
    assert.ok(recent.answers.p99 <= 0.1);
    assert.equal(group?.recent?.requestsPerSecond, recent.requestsPerSecond);
  });

  it('a child that is new counts from its beginning, one that has ended goes on to count for the group', () => {
    const sampler = new StatusSampler(fake());
    write({}, [{ pid: 41, startedTime: 7, requests: 10 }]);
    sampler.sample();
    pause();
    write({ requestsOfEnded: 12 }, [{ pid: 41, startedTime: Date.now() - 10, requests: 3 }]);
    const [group] = sampler.sample();
    const recent = group?.recent;
    assert.ok(recent);
    assert.equal(Math.round((recent.requestsPerSecond * recent.milliseconds) / 1000), 5);
    const child = group?.children[0]?.recent;
    assert.ok(child && child.milliseconds < recent.milliseconds);
    assert.equal(Math.round((child.requestsPerSecond * child.milliseconds) / 1000), 3);
  });

  it('another group that has got the same process id is not compared', () => {
    const sampler = new StatusSampler(fake());
    write({}, [{ pid: 41, startedTime: 7, requests: 10 }]);
    sampler.sample();
    write({ startedTime: 6 }, [{ pid: 41, startedTime: 7, requests: 1 }]);
    assert.equal(sampler.sample()[0]?.recent, null);
  });

  it('asks for memory, and looks at all processes, no more often than it was told to', () => {
    write({}, [{ pid: 41, startedTime: 7 }]);
    fake().setUsage(41, { userTicks: 0, systemTicks: 0, ...USAGE });
    const sampler = new StatusSampler({ ...fake(), proc: fake().proc, memoryAge: 60_000, listAge: 60_000 });
    sampler.sample();
    fake().setUsage(41, { userTicks: 0, systemTicks: 0, ...USAGE, rssKib: 9 });
    fake().addProcess(60, [fake().addScoreboard(scoreboardBytes({ parentPid: 60 }))]);
    const groups = sampler.sample();
    assert.deepEqual(
      groups.map(({ pid, children }) => [pid, children[0]?.memory.rss]),
      [[40, 1024]],
    );
  });

  it('notices at once that a group has gone', () => {
    write({}, []);
    const sampler = new StatusSampler({ ...fake(), proc: fake().proc, listAge: 60_000 });
    assert.equal(sampler.sample().length, 1);
    fake().end(40);
    assert.deepEqual(sampler.sample(), []);
  });

  it('names a target that has gone', () => {
    write({}, []);
    const sampler = new StatusSampler({ ...fake(), proc: fake().proc, target: 40 });
    sampler.sample();
    fake().end(40);
    assert.throws(() => sampler.sample(), isNoGroup);
  });
});
