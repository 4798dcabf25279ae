import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { LsapiClient } from '../support/lsapi-client.js';
import type { Lsnode } from '../cli/support/lsnode.js';
import { DIFFERENCES, expected, FOREIGN_COMMAND } from './support/differences.js';
import {
  applications,
  ask,
  askOnce,
  begin,
  childrenOf,
  connected,
  countDescriptors,
  eventually,
  gone,
  groups,
  isAlive,
  parseAnswer,
  requestOf,
  serving,
  statusOf,
  stays,
} from './support/group.js';

const LIMIT_LINE =
  /Reached max children process limit: \d+, extra: \d+, current: \d+, busy: \d+, please increase LSAPI_CHILDREN\./;

async function connections(lsnode: Lsnode, count: number): Promise<{ client: LsapiClient; pid: number }[]> {
  const opened = [];
  for (let n = 0; n < count; ++n) opened.push(await connected(lsnode));
  return opened;
}

const pidsOf = (opened: readonly { pid: number }[]): number[] =>
  opened.map(({ pid }) => pid).sort((a, b) => a - b);

describe('The number of children', () => {
  const start = applications();

  it('grows by one with each connection; a free child is used again', async () => {
    const lsnode = start({ LSAPI_CHILDREN: '3', LSAPI_EXTRA_CHILDREN: '0' });
    const opened = [];
    for (let n = 1; n <= 3; ++n) {
      const connection = await connected(lsnode);
      opened.push(connection);
      assert.equal((await ask(connection.client)).pid, connection.pid);
      assert.deepEqual(childrenOf(lsnode.pid), pidsOf(opened));
    }
    // The limit is reached, but there is no need for another one.
    opened[1]?.client.close();
    await delay(200);
    assert.equal((await askOnce(lsnode)).pid, opened[1]?.pid);
    assert.deepEqual(childrenOf(lsnode.pid), pidsOf(opened));
  });

  it('has a limit: further connections wait until one ends, and the log says so', async () => {
    const lsnode = start({ LSAPI_CHILDREN: '3' });
    const limit = expected(DIFFERENCES.childrenAtLimitOfThree);
    const busy = await connections(lsnode, limit);
    for (const { client } of busy) await client.send(requestOf('/sleep?1500'));
    const waiting = await lsnode.connect();
    const answered = ask(waiting);
    await lsnode.printed(LIMIT_LINE);
    assert.deepEqual(childrenOf(lsnode.pid), pidsOf(busy));
    assert.equal(waiting.response.packets.length, 0);
    for (const { client } of busy) await client.completed();
    busy[0]?.client.close();
    assert.ok(pidsOf(busy).includes((await answered).pid));
    assert.equal(childrenOf(lsnode.pid).length, limit);
  });

  it('LSAPI_MAX_IDLE_CHILDREN: so many idle ones are kept, exactly', async () => {
    const lsnode = start({
      LSAPI_CHILDREN: '5',
      LSAPI_EXTRA_CHILDREN: '0',
      LSAPI_MAX_IDLE_CHILDREN: '1',
      LSAPI_KEEP_LISTEN: '2',
    });
    const opened = await connections(lsnode, 4);
    for (const { client } of opened) await ask(client);
    assert.equal(childrenOf(lsnode.pid).length, 4);
    for (const { client } of opened) client.close();
    const kept = expected(DIFFERENCES.idleChildrenKeptOfOne);
    await eventually('surplus children end', () => childrenOf(lsnode.pid).length === kept);
    await stays('the others stay', 1500, () => childrenOf(lsnode.pid).length === kept);
  });

  it('LSAPI_MAX_IDLE: a child without a request for that long ends, with its connection', async () => {
    const lsnode = start({ LSAPI_CHILDREN: '3', LSAPI_MAX_IDLE: '1' });
    const { client, pid } = await connected(lsnode);
    await ask(client);
    await client.closed();
    assert.equal(client.response.connectionClosed, expected(DIFFERENCES.endIsAnnounced));
    await gone(pid);
    // The group goes on.
    assert.notEqual((await askOnce(lsnode)).pid, pid);
  });

  it('LSAPI_KEEP_LISTEN: 0 ends a child with its connection; with 1 and 2 it stays for a while', async () => {
    const started = ['0', '1', '2'].map((keep) => start({ LSAPI_CHILDREN: '4', LSAPI_KEEP_LISTEN: keep }));
    const [pid0 = 0, pid1 = 0, pid2 = 0] = await Promise.all(
      started.map(async (lsnode) => (await askOnce(lsnode)).pid),
    );
    await gone(pid0);
    await stays('1 and 2 keep the child', 2000, () => isAlive(pid1) && isAlive(pid2));
  });

  it('LSAPI_AVOID_FORK: children are kept, where otherwise a third of them would be', async () => {
    const kept = start({ LSAPI_CHILDREN: '3', LSAPI_AVOID_FORK: '1' });
    const opened = await connections(kept, 3);
    for (const { client } of opened) await ask(client);
    for (const { client } of opened) client.close();
    await stays('all children stay', 2000, () => childrenOf(kept.pid).length === 3);
    assert.deepEqual(childrenOf(kept.pid), pidsOf(opened));
  });

  it('LSAPI_MAX_REQS: a child ends after exactly so many requests, over several connections', async () => {
    const lsnode = start({ LSAPI_CHILDREN: '3', LSAPI_MAX_REQS: '3' });
    const first = await connected(lsnode);
    for (const n of [1, 2, 3]) {
      const { status } = await first.client.request(requestOf('/'));
      assert.deepEqual([n, status], [n, 200]);
      if (n < 3) assert.equal(first.client.response.connectionClosed, false);
    }
    await first.client.closed();
    assert.equal(first.client.response.connectionClosed, expected(DIFFERENCES.endIsAnnounced));
    await gone(first.pid);

    const second = await askOnce(lsnode);
    assert.notEqual(second.pid, first.pid);
    await delay(200);
    const last = await lsnode.connect();
    for (let n = 0; n < 2; ++n) assert.equal((await ask(last)).pid, second.pid);
    await last.closed();
    await gone(second.pid);
  });

  it('LSAPI_MAX_BUSY_WORKER: from so many busy children on, a request ends its connection', async () => {
    const lsnode = start({ LSAPI_CHILDREN: '4', LSAPI_MAX_BUSY_WORKER: '2' });
    const first = await connected(lsnode);
    await ask(first.client);
    assert.equal(first.client.response.connectionClosed, false);
    const second = await connected(lsnode);
    await ask(second.client);
    await second.client.closed();
    assert.ok(second.client.response.connectionClosed);
    assert.ok(isAlive(second.pid));
    // Now there is one again.
    await ask(first.client);
    assert.equal(first.client.response.connectionClosed, false);
  });

  it('LSAPI_PGRP_MAX_IDLE: a group without children for that long ends', async () => {
    const env = { LSAPI_CHILDREN: '3', LSAPI_PGRP_MAX_IDLE: '1' };
    const [never, served] = [start(env), start({ ...env, LSAPI_KEEP_LISTEN: '0' })];
    const { client, pid } = await connected(served);
    await ask(client);
    assert.equal(await never.exitCode(), 0);
    assert.ok(served.alive);
    client.close();
    assert.equal(await served.exitCode(), 0);
    assert.ok(!isAlive(pid));
  });
});

if (FOREIGN_COMMAND === undefined) {
  describe('Children of lsnode', () => {
    const start = groups();

    it('idle connections give way to those that wait: the one that has been idle for longest', async () => {
      const lsnode = start({ LSAPI_CHILDREN: '4', LSAPI_EXTRA_CHILDREN: '0' });
      // In the order of their last request.
      let open = await connections(lsnode, 4);
      for (const { client } of open) {
        await ask(client);
        await delay(15); // times are as coarse as the kernel's tick
      }
      const rounds = 5;
      let longest = 0;
      for (let round = 0; round < rounds; ++round) {
        const next = await connected(lsnode);
        await ask(next.client);
        await delay(15);
        const closed = await Promise.race(open.map((one) => one.client.closed().then(() => one)));
        assert.ok(closed.client.response.connectionClosed);
        assert.equal(next.pid, closed.pid);
        if (closed === open[0]) ++longest;
        open = [...open.filter((one) => one !== closed), next];
      }
      // A child that the machine gives no time seems to hang, and is passed over.
      assert.ok(longest >= 3, `${longest} of ${rounds}`);
      assert.equal(childrenOf(lsnode.pid).length, 4);
    });

    it('a burst of connections beyond the limit: each is served in the end', async () => {
      const lsnode = start({ LSAPI_CHILDREN: '3' });
      const clients = await Promise.all(Array.from({ length: 24 }, () => lsnode.connect()));
      const answers = await Promise.all(clients.map((client) => client.request({ url: '/sleep?20' })));
      assert.ok(answers.every(({ status }) => status === 200));
      assert.ok(new Set(answers.map(({ text }) => parseAnswer(text).pid)).size <= 3);
      assert.equal(statusOf(lsnode).accepted, 24);
    });

    it('LSNODE_CONCURRENCY: LSAPI_CHILDREN counts connections, so many of which share a process', async () => {
      const lsnode = start({ LSAPI_CHILDREN: '6', LSNODE_CONCURRENCY: '3', LSAPI_EXTRA_CHILDREN: '0' });
      const opened = await connections(lsnode, 6);
      const shares = new Map<number, number>();
      for (const { pid } of opened) shares.set(pid, (shares.get(pid) ?? 0) + 1);
      assert.deepEqual([...shares.values()], [3, 3]);
      assert.deepEqual(
        childrenOf(lsnode.pid),
        [...shares.keys()].sort((a, b) => a - b),
      );
      const answers = await Promise.all(opened.map(({ client }) => ask(client, '/sleep?100')));
      assert.deepEqual(
        answers.map(({ pid }) => pid),
        opened.map(({ pid }) => pid),
      );
      const { children, concurrency } = statusOf(lsnode).limits;
      assert.deepEqual({ children, concurrency }, { children: 2, concurrency: 3 });
    });

    it('LSAPI_EXTRA_CHILDREN: above the limit only in place of children that hang', async () => {
      const lsnode = start({ LSAPI_CHILDREN: '2', LSAPI_EXTRA_CHILDREN: '1' });
      const busy = await connections(lsnode, 2);
      for (const { client } of busy) await client.send({ url: '/sleep?2500' });
      const waiting = await lsnode.connect();
      const answered = ask(waiting);
      await stays(
        'children that are only busy have no substitute',
        2000,
        () => childrenOf(lsnode.pid).length === 2,
      );
      await answered;
      waiting.close();
      for (const { client } of busy) client.close();
      await eventually('all connections are closed', () => statusOf(lsnode).busy === 0);

      const hanging = [await begin(lsnode, '/loop'), await begin(lsnode, '/loop')];
      const substitute = await connected(lsnode);
      const { pid } = await ask(substitute.client);
      assert.ok(!pidsOf(hanging).includes(pid));
      assert.equal(childrenOf(lsnode.pid).length, 3);
    });

    it('LSNODE_MAX_MEMORY: a child that has grown above it ends after its request', async () => {
      const lsnode = start({ LSAPI_CHILDREN: '2', LSNODE_MAX_MEMORY: '100M' });
      const modest = await connected(lsnode);
      await ask(modest.client, '/memory?20');
      const greedy = await connected(lsnode);
      await ask(greedy.client, '/memory?150');
      assert.equal((await greedy.client.completed()).status, 200);
      await greedy.client.closed();
      assert.ok(greedy.client.response.connectionClosed);
      await gone(greedy.pid);
      await lsnode.printed(
        new RegExp(`child ${greedy.pid} uses \\d+ MiB \\(LSNODE_MAX_MEMORY\\); it ends after its request\n`),
      );
      assert.equal((await ask(modest.client)).pid, modest.pid);
    });

    it('a limit of requests ends 50 children one after the other, and leaves nothing in the parent', async () => {
      const lsnode = start({ LSAPI_CHILDREN: '2', LSAPI_MAX_REQS: '1' });
      await serving(lsnode);
      await askOnce(lsnode);
      await eventually('the first has gone', () => childrenOf(lsnode.pid, { zombies: true }).length === 0);
      const before = countDescriptors(lsnode.pid);
      const pids = new Set<number>();
      for (let n = 0; n < 50; ++n) pids.add((await askOnce(lsnode)).pid);
      assert.equal(pids.size, 50);
      await eventually('all have gone', () => childrenOf(lsnode.pid, { zombies: true }).length === 0);
      assert.equal(countDescriptors(lsnode.pid), before);
      const { startedChildren, endedChildren, crashedChildren } = statusOf(lsnode);
      assert.deepEqual([startedChildren, endedChildren, crashedChildren], [51, 51, 0]);
    });
  });
}
