import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { listGroups, type GroupStatus } from '#lib/status/index.js';
import { main } from '../cli/support/lsnode.js';
import { ask, begin, connected, eventually, groups, statusOf } from './support/group.js';

function lsnodeStatus(...args: string[]): string {
  const { stdout, stderr, status } = spawnSync(process.execPath, [main, 'status', ...args], {
    encoding: 'utf8',
  });
  assert.deepEqual([stderr, status], ['', 0]);
  return stdout;
}

const json = (target: number | string): GroupStatus =>
  JSON.parse(lsnodeStatus('--json', String(target))) as GroupStatus;

describe('The status of a running group', () => {
  const start = groups();

  it('is found by the process id of the parent or of a child, and by the path of the socket', async () => {
    const lsnode = start({ LSAPI_CHILDREN: '3' });
    const { client, pid } = await connected(lsnode);
    await ask(client);
    for (const target of [lsnode.pid, pid, lsnode.socketPath]) {
      const found = json(target);
      assert.deepEqual([target, found.pid, found.children[0]?.pid], [target, lsnode.pid, pid]);
    }
    assert.ok(listGroups().some((group) => group.pid === lsnode.pid));
    const table = lsnodeStatus(String(lsnode.pid));
    assert.match(table, new RegExp(`^Process group ${lsnode.pid}: ${lsnode.directory}\n`));
    assert.match(table, new RegExp(`^ *${pid} `, 'm'));
  });

  it('agrees with what was sent', async () => {
    const lsnode = start({ LSAPI_CHILDREN: '4', LSNODE_CONCURRENCY: '2', LSAPI_EXTRA_CHILDREN: '1' });
    const used = await connected(lsnode);
    for (let n = 0; n < 3; ++n) await ask(used.client, '/?used');
    const crashed = await connected(lsnode);
    await ask(crashed.client);
    await crashed.client.send({ url: '/signal?SIGKILL' });
    await crashed.client.closed();
    await eventually('its end is noticed', () => statusOf(lsnode).endedChildren === 1);
    const busy = await begin(lsnode, '/sleep?60000');

    const status = json(lsnode.pid);
    assert.deepEqual(
      {
        root: status.root,
        state: status.state,
        generation: status.generation,
        limits: status.limits,
        busy: status.busy,
        accepted: status.accepted,
        requests: status.requests,
        startedChildren: status.startedChildren,
        endedChildren: status.endedChildren,
        crashedChildren: status.crashedChildren,
        refused: status.refused,
      },
      {
        root: lsnode.directory,
        state: 'serving',
        generation: 1,
        limits: { children: 2, extraChildren: 1, concurrency: 2 },
        busy: 2,
        accepted: 3,
        requests: 6,
        startedChildren: 3,
        endedChildren: 1,
        crashedChildren: 1,
        refused: 0,
      },
    );
    const child = (pid: number): GroupStatus['children'][number] | undefined =>
      status.children.find((candidate) => candidate.pid === pid);
    const idle = child(used.pid);
    assert.deepEqual(
      [idle?.state, idle?.connections, idle?.active, idle?.requests, idle?.responses, idle?.lastRequest],
      ['idle', 1, 0, 3, 3, { method: 'GET', url: '/?used' }],
    );
    const working = child(busy.pid);
    assert.deepEqual(
      [working?.state, working?.connections, working?.active, working?.requests, working?.responses],
      ['busy', 1, 1, 1, 0],
    );
    assert.deepEqual(
      [working?.currentRequest?.method, working?.currentRequest?.url],
      ['GET', '/sleep?60000'],
    );
    assert.equal(working?.threads, 1);
    assert.ok((working.memory.rss ?? 0) > 10_000_000);
    assert.equal(status.children.length, 2);
  });
});
