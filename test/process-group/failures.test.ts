import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rawApp, type Lsnode } from '../cli/support/lsnode.js';
import {
  app,
  ask,
  askOnce,
  begin,
  change,
  childrenOf,
  connected,
  countDescriptors,
  countLines,
  eventually,
  groups,
  kill,
  serving,
  statusOf,
} from './support/group.js';

const DEVELOPMENT = { NODE_ENV: 'development' };

/** Start files that do not load, and what the log says of them. */
const BROKEN: Record<string, readonly [text: string, log: RegExp]> = {
  'throws an error': ['throw new Error("the reason");\n', /the reason[^]*at [^]*app\.mjs:1/],
  'has a syntax error': ['const = 1;\n', /SyntaxError/],
  'ends the process': ['process.exit(7);\n', /ended the process with status 7 while it was loaded/],
  'throws while it waits': [
    'setTimeout(() => { throw new Error("the late reason"); }, 20);\nawait new Promise(() => {});\n',
    /the late reason/,
  ],
  'rejects at its top level': ['await Promise.reject(new Error("the rejection"));\n', /the rejection/],
};

async function get(lsnode: Lsnode, url = '/'): Promise<{ status: number; type: string; text: string }> {
  const client = await lsnode.connect();
  try {
    const response = await client.request({ url });
    return { status: response.status, type: response.header('content-type')[0] ?? '', text: response.text };
  } finally {
    client.close();
  }
}

describe('An app that does not load', () => {
  const start = groups();

  for (const [what, [text, log]] of Object.entries(BROKEN)) {
    it(`because it ${what}: 503 and a log line; it is loaded again once it is repaired`, async () => {
      const lsnode = start({ LSAPI_CHILDREN: '2' }, { files: { 'app.mjs': text } });
      const { status, text: page } = await get(lsnode);
      assert.equal(status, 503);
      // Strangers are told nothing more.
      assert.match(page, /could not be loaded.*log/);
      assert.match(lsnode.stderr, log);
      change(lsnode, 'app.mjs', app('repaired'));
      await eventually('the repaired app answers', async () =>
        (await get(lsnode)).text.startsWith('repaired '),
      );
      assert.deepEqual([statusOf(lsnode).pid, lsnode.alive], [lsnode.pid, true]);
    });
  }

  it('in development: a page with the stack', async () => {
    const lsnode = start(
      { LSAPI_CHILDREN: '2', ...DEVELOPMENT },
      { files: { 'app.mjs': 'throw new Error("<the reason>");\n' } },
    );
    const { status, type, text } = await get(lsnode);
    assert.deepEqual([status, type], [503, 'text/html; charset=utf-8']);
    assert.match(text, /&lt;the reason&gt;[^]*at [^]*app\.mjs:1/);
  });

  it('at a reload: the log has the reason, whatever it is', async () => {
    const lsnode = start({ LSAPI_CHILDREN: '2' });
    assert.equal((await askOnce(lsnode)).version, 'v1');
    for (const [n, what] of ['ends the process', 'throws while it waits'].entries()) {
      const [text = '', log = /^$/] = BROKEN[what] ?? [];
      change(lsnode, 'app.mjs', text);
      await eventually('it has been tried', () => statusOf(lsnode).failedReloads === n + 1);
      await lsnode.printed(log);
      assert.equal((await askOnce(lsnode)).version, 'v1');
    }
  });
});

describe('Children that end before their first answer', () => {
  const start = groups();

  it('are started ever more slowly, requests get a 503 with the reason meanwhile; it recovers', async () => {
    const files = {
      'app.mjs': `import { existsSync } from 'node:fs';
${rawApp(`
  if (existsSync('broken')) process.kill(process.pid, 'SIGKILL');
  response.send(200, null, 'v1 ' + process.pid + ' 1');`)}`,
      broken: '',
    };
    const lsnode = start({ LSAPI_CHILDREN: '3' }, { files });
    const pattern =
      /(\d+) children in a row ended before their first answer; the next is started in ([\d.]+) s/g;
    let refusal = '';
    await eventually('the third delay', async () => {
      const answer = await get(lsnode).catch(() => undefined);
      if (answer?.status === 503) refusal = answer.text;
      return countLines(lsnode, new RegExp(pattern.source)) >= 3;
    });
    assert.match(refusal, /processes end before they answer \(ended by signal 9 \(SIGKILL\)\)/);
    const told = [...lsnode.stderr.matchAll(pattern)].map(([, count, seconds]) => [
      Number(count),
      Number(seconds),
    ]);
    assert.deepEqual(told.slice(0, 3), [
      [2, 0.2],
      [3, 0.4],
      [4, 0.8],
    ]);
    const { startedChildren, crashedChildren } = statusOf(lsnode);
    assert.deepEqual([startedChildren, crashedChildren], [told.length + 1, told.length + 1]);
    rmSync(join(lsnode.directory, 'broken'));
    await eventually('it answers', async () => (await get(lsnode)).status === 200);
    assert.ok(statusOf(lsnode).refused > 0);
  });
});

describe('A child that hangs', () => {
  const start = groups();

  it('delays nobody else', async () => {
    const lsnode = start({ LSAPI_CHILDREN: '3' });
    const hanging = await begin(lsnode, '/loop');
    const { client } = await connected(lsnode);
    for (let n = 0; n < 20; ++n) await ask(client);
    for (let n = 0; n < 20; ++n) assert.notEqual((await askOnce(lsnode)).pid, hanging.pid);
    assert.equal(hanging.client.response.complete, false);
  });

  it('gives back the connection that it was handed meanwhile', async () => {
    const lsnode = start({ LSAPI_CHILDREN: '4', LSNODE_CONCURRENCY: '2', LSAPI_EXTRA_CHILDREN: '0' });
    const hanging = await connected(lsnode);
    await ask(hanging.client, '/loop-later');
    const other = await connected(lsnode);
    await ask(other.client);
    // Two children have a connection each, so the next one could go to either.
    for (let n = 0; n < 4; ++n) assert.equal((await askOnce(lsnode)).pid, other.pid);
    assert.equal(childrenOf(lsnode.pid).length, 2);
  });

  it('SIGSTOP: others serve in its stead; it serves again after SIGCONT', async () => {
    const lsnode = start({ LSAPI_CHILDREN: '2' });
    const { pid } = await askOnce(lsnode);
    await eventually('it is free', () => statusOf(lsnode).busy === 0);
    kill(pid, 'SIGSTOP');
    const { client, pid: first } = await connected(lsnode);
    assert.equal(first, pid);
    const other = await ask(client);
    assert.notEqual(other.pid, pid);
    kill(pid, 'SIGCONT');
    await eventually('it serves again', async () => (await askOnce(lsnode)).pid === pid);
    assert.deepEqual(statusOf(lsnode).endedChildren, 0);
  });
});

describe('A system without room for another process', () => {
  const start = groups();
  /** To root the limit on processes does not apply. Another user may not be able to read the files of this one. */
  const asUser = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
  const asReader = [...asUser, '--inh-caps=+dac_override', '--ambient-caps=+dac_override'];
  const isRoot = process.getuid?.() === 0;
  const wrap = (command: readonly string[]): readonly string[] =>
    isRoot ? [...asReader, ...command] : command;

  /** Sets a soft limit of the parent: to a number, or to what the hard limit allows. */
  function limit(lsnode: Lsnode, resource: 'nproc' | 'nofile', soft: number | 'hard'): void {
    const user = isRoot && resource === 'nproc' ? asUser : [];
    const row = resource === 'nproc' ? 'Max processes' : 'Max open files';
    const limits = readFileSync(`/proc/${lsnode.pid}/limits`, 'latin1');
    const hard = new RegExp(`^${row} +\\S+ +(\\S+)`, 'm').exec(limits)?.[1] ?? '';
    const value = soft === 'hard' ? hard : String(soft);
    const [file = '', ...args] = [...user, 'prlimit', '--pid', String(lsnode.pid), `--${resource}=${value}:`];
    const { stderr, status } = spawnSync(file, args, { encoding: 'utf8' });
    assert.deepEqual([stderr, status], ['', 0]);
  }

  it('fork fails: the children that are there go on, one log line a second; it recovers', async () => {
    const lsnode = start({ LSAPI_CHILDREN: '3' }, { wrap });
    const old = await begin(lsnode, '/sleep?3000');
    limit(lsnode, 'nproc', 1);
    const waiting = await lsnode.connect();
    const answered = ask(waiting);
    await lsnode.printed(
      /cannot start a child: Resource temporarily unavailable; 1 children go on.*ulimit -u/,
    );
    const began = Date.now();
    await eventually('it was tried again and again', () => statusOf(lsnode).forkFailures >= 4);
    const lines = countLines(lsnode, /cannot start a child/);
    assert.ok(lines <= 2 + (Date.now() - began) / 1000, lsnode.stderr);
    limit(lsnode, 'nproc', 'hard');
    assert.notEqual((await answered).pid, old.pid);
    assert.equal((await old.client.completed()).status, 200);
  });

  it('nobody is there, and nobody can be made: 503, after some patience', async () => {
    const lsnode = start({ LSAPI_CHILDREN: '3' }, { wrap });
    await serving(lsnode);
    limit(lsnode, 'nproc', 1);
    const { status, text } = await get(lsnode);
    assert.equal(status, 503);
    assert.match(text, /No process can be started/);
    limit(lsnode, 'nproc', 'hard');
    await eventually('it answers', async () => (await get(lsnode)).status === 200);
  });

  it('the parent has no descriptor left: it says so, and goes on once it has', async () => {
    const lsnode = start({ LSAPI_CHILDREN: '3' });
    await serving(lsnode);
    limit(lsnode, 'nofile', countDescriptors(lsnode.pid) + 1);
    const answered = askOnce(lsnode);
    await lsnode.printed(/(cannot start a child|cannot accept a connection): Too many open files/);
    limit(lsnode, 'nofile', 'hard');
    assert.ok((await answered).pid > 0);
  });
});

describe('A log that nobody reads', () => {
  const start = groups();

  it('does not block the parent: only children that write to it wait', async () => {
    const lsnode = start({ LSAPI_CHILDREN: '3' });
    await serving(lsnode);
    lsnode.child.stderr?.pause();
    const size = 4_000_000;
    const writing = await connected(lsnode);
    await writing.client.send({ url: `/print?${size}` });
    // Each of these ends gives a line in the log of the parent, or would.
    for (let n = 0; n < 5; ++n) {
      const { client } = await connected(lsnode);
      await ask(client);
      await client.send({ url: '/signal?SIGKILL' });
      await client.closed();
    }
    assert.equal(statusOf(lsnode).children.find(({ pid }) => pid === writing.pid)?.active, 1);
    lsnode.child.stderr?.resume();
    assert.equal((await writing.client.completed()).status, 200);
  });

  it('closed for good: the group serves, and reloads', async () => {
    const lsnode = start({ LSAPI_CHILDREN: '3' });
    await askOnce(lsnode);
    lsnode.child.stderr?.destroy();
    const { client } = await connected(lsnode);
    await ask(client);
    await client.send({ url: '/signal?SIGKILL' });
    await client.closed();
    writeFileSync(join(lsnode.directory, 'app.mjs'), app('v2'));
    lsnode.child.kill('SIGHUP');
    await serving(lsnode, 2);
    assert.equal((await askOnce(lsnode)).version, 'v2');
  });
});
