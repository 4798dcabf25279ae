import assert from 'node:assert/strict';
import { mkdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Lsnode } from '../cli/support/lsnode.js';
import {
  app,
  ask,
  askOnce,
  begin,
  change,
  connected,
  countLines,
  eventually,
  gone,
  groups,
  parseAnswer,
  serving,
  statusOf,
  type Answer,
} from './support/group.js';

/** The app without its version, which is in a file that nobody watches. */
const SPLIT_APP = `import { version } from './version.mjs';\n${app('${version}').replaceAll("'${version} '", "version + ' '")}`;
const version = (text: string): string => `export const version = '${text}';\n`;
const BROKEN = 'throw new Error("broken on purpose");\n';

/** What makes a group load its app again. */
const TRIGGERS: Record<string, (lsnode: Lsnode) => void> = {
  SIGHUP: (lsnode) => lsnode.child.kill('SIGHUP'),
  'tmp/restart.txt, touched': (lsnode) =>
    utimesSync(join(lsnode.directory, 'tmp/restart.txt'), new Date(), new Date()),
  'tmp/restart.txt, made': (lsnode) => {
    mkdirSync(join(lsnode.directory, 'tmp'));
    change(lsnode, 'tmp/restart.txt', '');
  },
  'the start file, changed': (lsnode) => change(lsnode, 'app.mjs', `${SPLIT_APP}// changed\n`),
};

describe('A reload', () => {
  const start = groups();

  it(`by ${Object.keys(TRIGGERS).join('; ')}: running requests are finished by the old code`, async () => {
    await Promise.all(Object.entries(TRIGGERS).map(([name, trigger]) => reloadBy(name, trigger)));
  }).timeout(60_000);

  /** At the same time for all triggers, because most of it is waiting. */
  async function reloadBy(name: string, trigger: (lsnode: Lsnode) => void): Promise<void> {
    const restartFile = name.endsWith('touched') ? { 'tmp/restart.txt': '' } : {};
    const lsnode = start(
      { LSAPI_CHILDREN: '3' },
      { files: { 'app.mjs': SPLIT_APP, 'version.mjs': version('v1'), ...restartFile } },
    );
    const busy = await begin(lsnode, '/sleep?4000');
    const idle = await connected(lsnode);
    assert.equal((await ask(idle.client)).version, 'v1');
    change(lsnode, 'version.mjs', version('v2'));
    trigger(lsnode);
    const { pid, generation, reloads } = await serving(lsnode, 2);
    assert.deepEqual([name, pid, generation, reloads], [name, lsnode.pid, 2, 1]);
    assert.equal((await askOnce(lsnode)).version, 'v2', name);
    await idle.client.closed();
    assert.ok(idle.client.response.connectionClosed, name);
    const { text } = await busy.client.completed();
    assert.equal(parseAnswer(text).version, 'v1', name);
    await busy.client.closed();
    assert.ok(busy.client.response.connectionClosed, name);
    await Promise.all([gone(busy.pid), gone(idle.pid)]);
  }

  it('fifty SIGHUPs in a second: the group lives, and serves the latest code', async () => {
    const lsnode = start({ LSAPI_CHILDREN: '2' });
    await askOnce(lsnode);
    for (let n = 1; n <= 50; ++n) {
      if (n % 10 === 0) change(lsnode, 'app.mjs', app(`v${n}`));
      lsnode.child.kill('SIGHUP');
      await delay(20);
    }
    await eventually('the latest code serves', async () => (await askOnce(lsnode)).version === 'v50');
    assert.ok(lsnode.alive);
    assert.equal(statusOf(lsnode).pid, lsnode.pid);
  });

  it('new code that does not load: the log says so, the old code goes on, the next good change is taken', async () => {
    const lsnode = start({ LSAPI_CHILDREN: '3' });
    const old = await connected(lsnode);
    await ask(old.client);
    change(lsnode, 'app.mjs', BROKEN);
    await lsnode.printed(/RELOAD FAILED: .* The present generation, 1, goes on serving/);
    assert.match(lsnode.stderr, /broken on purpose/);
    // Its connections, and new children too.
    assert.equal((await ask(old.client)).version, 'v1');
    const fresh = await connected(lsnode);
    assert.notEqual(fresh.pid, old.pid);
    assert.equal((await ask(fresh.client)).version, 'v1');
    const { state, generation, reloads, failedReloads } = statusOf(lsnode);
    assert.deepEqual([state, generation, reloads, failedReloads], ['serving', 1, 0, 1]);
    change(lsnode, 'app.mjs', app('v2'));
    await serving(lsnode, 2);
    assert.equal((await askOnce(lsnode)).version, 'v2');
    assert.equal(countLines(lsnode, /RELOAD FAILED/), 1);
  });

  it('connections that wait for a place get one', async () => {
    const lsnode = start({ LSAPI_CHILDREN: '2', LSAPI_EXTRA_CHILDREN: '0' });
    const busy = [await begin(lsnode, '/sleep?3000'), await begin(lsnode, '/sleep?3000')];
    const waiting = await Promise.all(Array.from({ length: 4 }, () => lsnode.connect()));
    const answers = Promise.all(waiting.map((client) => ask(client)));
    change(lsnode, 'app.mjs', app('v2'));
    lsnode.child.kill('SIGHUP');
    for (const { version } of await answers) assert.match(version, /^v[12]$/);
    for (const { client } of busy) assert.equal((await client.completed()).status, 200);
  });

  it('under load: no request fails', async () => {
    const lsnode = start({ LSAPI_CHILDREN: '8' });
    await serving(lsnode);
    let stopped = false;
    const versions = new Set<string>();
    const load = Array.from({ length: 8 }, async () => {
      while (!stopped)
        await askUntilClosed(
          lsnode,
          ({ version }) => versions.add(version),
          () => stopped,
        );
    });
    const failure = Promise.all(load);
    failure.catch(() => undefined);
    for (let generation = 2; generation <= 4; ++generation) {
      change(lsnode, 'app.mjs', app(`v${generation}`));
      lsnode.child.kill('SIGHUP');
      await Promise.race([serving(lsnode, generation), failure]);
      await eventually(`v${generation} answers`, () => versions.has(`v${generation}`));
    }
    stopped = true;
    await failure;
    const { refused, crashedChildren } = statusOf(lsnode);
    assert.deepEqual({ refused, crashedChildren }, { refused: 0, crashedChildren: 0 });
  }).timeout(60_000);

  it('limits stay in force, counters go on', async () => {
    const lsnode = start({ LSAPI_CHILDREN: '2', LSAPI_MAX_REQS: '2' });
    const first = await connected(lsnode);
    for (let n = 0; n < 2; ++n) await ask(first.client);
    const before = await eventually('the first child has ended', () => {
      const now = statusOf(lsnode);
      return now.endedChildren === 1 && now;
    });
    lsnode.child.kill('SIGHUP');
    await serving(lsnode, 2);
    const { client, pid } = await connected(lsnode);
    for (let n = 0; n < 2; ++n) assert.equal((await ask(client)).pid, pid);
    await client.closed();
    assert.ok(client.response.connectionClosed);
    await gone(pid);
    const after = await eventually('the child is counted', () => {
      const now = statusOf(lsnode);
      return now.children.length === 0 && now;
    });
    assert.equal(after.accepted, before.accepted + 1);
    assert.equal(after.requests, 4);
    assert.equal(after.startedChildren, before.startedChildren + 1);
    assert.equal(after.startedChildren, after.endedChildren);
    assert.equal(after.startedAt, before.startedAt);
    assert.ok((after.generationStartedAt ?? '') > (before.generationStartedAt ?? ''));
    assert.deepEqual(after.limits, before.limits);
  });

  it('with LSNODE_FORK=off and LSNODE_PRELOAD=off as well', async () => {
    const started = [{ LSNODE_FORK: 'off' }, { LSNODE_PRELOAD: 'off' }].map((env) =>
      start({ LSAPI_CHILDREN: '2', ...env }),
    );
    await Promise.all(
      started.map(async (lsnode) => {
        const old = await askOnce(lsnode);
        change(lsnode, 'app.mjs', app('v2'));
        lsnode.child.kill('SIGHUP');
        await serving(lsnode, 2);
        assert.equal((await askOnce(lsnode)).version, 'v2');
        await gone(old.pid);
      }),
    );
  });
});

/**
 * One request after the other, until the connection is closed or `enough`. As the server does it, a request for which
 * a used connection has ended without a byte is sent again on another one (protocol §2.9); only then.
 */
async function askUntilClosed(
  lsnode: Lsnode,
  answered: (answer: Answer) => void,
  enough: () => boolean,
): Promise<void> {
  const client = await lsnode.connect();
  try {
    for (let n = 0; !enough() && !client.ended && !client.response.connectionClosed; ++n) {
      try {
        answered(await ask(client, '/sleep?10'));
      } catch (error) {
        if (n > 0 && client.ended && client.response.packets.length === 0) break;
        throw error;
      }
    }
  } finally {
    client.close();
  }
}
