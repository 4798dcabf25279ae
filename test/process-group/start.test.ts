import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { PacketType } from '#lib/codec/index.js';
import { nodeApp } from '../cli/support/lsnode.js';
import {
  app,
  ask,
  askOnce,
  change,
  childrenOf,
  commandLine,
  connected,
  countLines,
  eventually,
  groups,
  serving,
  statusOf,
} from './support/group.js';

const THROWS = 'throw new Error("the reason");\n';

describe('The start of a process group', () => {
  const start = groups();

  for (const variable of ['LSAPI_CHILDREN', 'PHP_LSAPI_CHILDREN']) {
    it(`${variable} above 1 and a listening socket: a group, in the process that was started`, async () => {
      const lsnode = start({ [variable]: '3' });
      const { pid, generation, mode, limits, children } = await serving(lsnode);
      assert.deepEqual(
        { pid, generation, mode, children: limits.children },
        { pid: lsnode.pid, generation: 1, mode: 'preloaded', children: 3 },
      );
      // None before it is needed.
      assert.deepEqual([children, childrenOf(lsnode.pid)], [[], []]);
      const answer = await askOnce(lsnode);
      assert.notEqual(answer.pid, lsnode.pid);
      assert.deepEqual(childrenOf(lsnode.pid), [answer.pid]);
      assert.equal(lsnode.stderr, '');
    });
  }

  it("PHP_LSAPI_CHILDREN wins, as in LiteSpeed's library", async () => {
    const { limits } = await serving(start({ LSAPI_CHILDREN: '3', PHP_LSAPI_CHILDREN: '5' }));
    assert.equal(limits.children, 5);
  });

  for (const [what, env, stdin] of [
    ['LSAPI_CHILDREN=1', { LSAPI_CHILDREN: '1' }, 'listening'],
    ['LSAPI_CHILDREN=0', { LSAPI_CHILDREN: '0' }, 'listening'],
    ['a connected socket, whatever LSAPI_CHILDREN says', { LSAPI_CHILDREN: '4' }, 'connected'],
  ] as const) {
    it(`${what}: no group, but a worker`, async () => {
      const lsnode = start(env, { stdin });
      const client = stdin === 'connected' ? lsnode.connection : await lsnode.connect();
      assert.equal((await ask(client)).pid, lsnode.pid);
      assert.ok(client.response.acknowledged);
      assert.equal(statusOf(lsnode).mode, 'worker');
      assert.deepEqual(childrenOf(lsnode.pid), []);
    });
  }

  it('descriptor 0 is no socket: says so, exit status 1', async () => {
    const lsnode = start({ LSAPI_CHILDREN: '3' }, { stdin: 'none' });
    assert.equal(await lsnode.exitCode(), 1);
    assert.match(lsnode.stderr, /^lsapi\[\d+\]: cannot start: .*socket.*--bind.* \[LSAPI_ERR_\w+\]\n$/);
  });

  it('--bind: the group has a socket of its own', async () => {
    const args = ['--bind', './own.sock'];
    const lsnode = start({ LSAPI_CHILDREN: '3' }, { stdin: 'none', args });
    await lsnode.printed(/serving .*app\.mjs on .*own\.sock \(LSAPI\)\n/);
    await serving(lsnode);
    const client = await lsnode.connect(join(lsnode.directory, 'own.sock'));
    const { pid } = await ask(client);
    assert.deepEqual(childrenOf(lsnode.pid), [pid]);
  });

  it('the process gets the V8 flags that forking needs, beside those that it had', async () => {
    const lsnode = start(
      { LSAPI_CHILDREN: '3', NODE_OPTIONS: '--max-semi-space-size=4' },
      { wrap: ([node = '', ...rest]) => [node, '--stack-trace-limit=7', ...rest] },
    );
    const client = await lsnode.connect();
    const flags = JSON.parse((await client.request({ url: '/flags' })).text) as string[];
    for (const flag of ['--single-threaded', '--v8-pool-size=0', '--stack-trace-limit=7']) {
      assert.ok(flags.includes(flag), flags.join(' '));
    }
    // A given one is not overruled.
    assert.ok(!flags.some((flag) => flag.startsWith('--max-semi-space-size')));
    assert.equal(statusOf(lsnode).pid, lsnode.pid);
  });

  it('the app sees nothing of LSAPI in its environment, after a reload neither', async () => {
    const lsnode = start({
      LSAPI_CHILDREN: '2',
      PHP_LSAPI_MAX_REQUESTS: '100',
      LSAPI_AVOID_FORK: '1',
      LSNODE_ROOT: undefined,
      OWN: 'value',
    });
    for (const generation of [1, 2]) {
      await serving(lsnode, generation);
      const client = await lsnode.connect();
      const environment = JSON.parse((await client.request({ url: '/environment' })).text) as object;
      client.close();
      assert.deepEqual(Object.keys(environment).sort(), ['OWN', 'PATH']);
      if (generation === 1) lsnode.child.kill('SIGHUP');
    }
  });

  describe('a connection', () => {
    it('begins with the PID notice of its child; requests after the first are acknowledged', async () => {
      const lsnode = start({ LSAPI_CHILDREN: '2' });
      const { client, pid } = await connected(lsnode);
      assert.equal((await ask(client)).pid, pid);
      const { ReqReceived, RespHeader, RespStream, RespEnd } = PacketType;
      assert.deepEqual(
        client.response.packets.map(({ type }) => type),
        [RespHeader, RespStream, RespEnd],
      );
      await ask(client);
      assert.deepEqual(
        client.response.packets.map(({ type }) => type),
        [ReqReceived, RespHeader, RespStream, RespEnd],
      );
      // One that is handed to a child that is there already looks the same.
      client.close();
      await eventually('the child is free', () => statusOf(lsnode).children[0]?.connections === 0);
      const next = await connected(lsnode);
      assert.equal((await ask(next.client)).pid, next.pid);
      assert.equal(next.pid, pid);
      assert.equal(next.client.response.acknowledged, false);
    });

    it('LSAPI_ACCEPT_NOTIFY=1: requests are never acknowledged', async () => {
      const lsnode = start({ LSAPI_CHILDREN: '2', LSAPI_ACCEPT_NOTIFY: '1' });
      const { client } = await connected(lsnode);
      for (let n = 0; n < 3; ++n) {
        await ask(client);
        assert.equal(client.response.acknowledged, false);
      }
    });
  });

  it("'listening' is emitted in the children, not in the parent", async () => {
    const files = {
      'app.js': `${nodeApp('res.end(String(process.pid))')}
        server.on('listening', () => console.log('listening in ' + process.pid));`,
    };
    const lsnode = start({ LSAPI_CHILDREN: '2' }, { files });
    const pids = [];
    for (let n = 0; n < 2; ++n) pids.push(Number((await (await lsnode.connect()).request()).text));
    await eventually('both have said so', () => countLines(lsnode, /^listening/) === 2);
    assert.deepEqual(
      lsnode.stderr
        .match(/(?<=listening in )\d+/g)
        ?.map(Number)
        .sort(),
      [...pids].sort(),
    );
  });

  describe('who loads the app', () => {
    it('the parent', async () => {
      const lsnode = start({ LSAPI_CHILDREN: '2' });
      const client = await lsnode.connect();
      assert.equal(Number((await client.request({ url: '/loader' })).text), lsnode.pid);
    });

    it('LSNODE_PRELOAD=off: each child', async () => {
      const lsnode = start({ LSAPI_CHILDREN: '2', LSNODE_PRELOAD: 'off' });
      for (let n = 0; n < 2; ++n) {
        const { client, pid } = await connected(lsnode);
        assert.equal(Number((await client.request({ url: '/loader' })).text), pid);
      }
      assert.equal(statusOf(lsnode).mode, 'lazy');
    });

    it('an app with an open socket cannot be forked: each child, and the log names the resource', async () => {
      const files = {
        'app.js': `require('node:dgram').createSocket('udp4').bind(0, '127.0.0.1');
          const loader = process.pid;
          ${nodeApp('res.end(process.pid === loader ? "own" : "shared")')}`,
      };
      const lsnode = start({ LSAPI_CHILDREN: '2' }, { files });
      for (let n = 0; n < 2; ++n) assert.equal((await (await lsnode.connect()).request()).text, 'own');
      assert.deepEqual([statusOf(lsnode).mode, statusOf(lsnode).pid], ['lazy', lsnode.pid]);
      assert.match(
        lsnode.stderr,
        /must not be forked once it is loaded, because it has .*(UDP|socket).*\. .*onAfterFork/i,
      );
    });
  });

  describe('LSNODE_FORK=off', () => {
    it('children are programs of their own behind the same supervisor, with the same limits', async () => {
      const lsnode = start({ LSAPI_CHILDREN: '2', LSNODE_FORK: 'off', LSAPI_MAX_REQS: '2' });
      const clients = [await lsnode.connect(), await lsnode.connect()];
      const pids = [];
      for (const client of clients) {
        const { pid } = await ask(client);
        assert.ok(!commandLine(pid).includes('--single-threaded'));
        assert.equal(Number((await client.request({ url: '/loader' })).text), pid);
        // LSAPI_MAX_REQS
        assert.ok(client.response.connectionClosed);
        pids.push(pid);
      }
      assert.equal(new Set(pids).size, 2);
      assert.equal(statusOf(lsnode).mode, 'spawned');
      assert.equal(
        lsnode.stderr,
        `lsapi[${lsnode.pid}]: LSNODE_FORK=off: children are started as programs of their own\n`,
      );
      // The limit: an idle connection is closed for one that waits.
      const [first, second] = [await lsnode.connect(), await lsnode.connect()];
      await Promise.all([ask(first), ask(second)]);
      await askOnce(lsnode);
      await Promise.race([first.closed(), second.closed()]);
      assert.ok(statusOf(lsnode).children.length <= 2);
      lsnode.child.kill('SIGTERM');
      assert.equal(await lsnode.exitCode(), 0);
    });
  });

  describe('--http', () => {
    const http = { stdin: 'none', args: ['--http', '0'] } as const;
    const url = async (lsnode: ReturnType<typeof start>): Promise<string> =>
      (await lsnode.printed(/^(http:\/\/127\.0\.0\.1:\d+\/)$/m))[1] ?? '';

    it('a group behind the development gateway', async () => {
      const lsnode = start({ LSAPI_CHILDREN: '2' }, http);
      const address = await url(lsnode);
      assert.match(await (await fetch(address)).text(), /^v1 \d+ 1$/);
      const [group = 0] = childrenOf(lsnode.pid);
      assert.equal(childrenOf(group).length, 1);
      lsnode.child.kill('SIGTERM');
      await once(lsnode.child, 'exit');
      assert.deepEqual([lsnode.child.exitCode, childrenOf(group)], [0, []]);
    });

    it('an app that does not load: a page with the stack, until the file is repaired', async () => {
      const lsnode = start({ LSAPI_CHILDREN: '2' }, { ...http, files: { 'app.mjs': THROWS } });
      const address = await url(lsnode);
      const page = await fetch(address);
      assert.equal(page.status, 503);
      assert.match(page.headers.get('content-type') ?? '', /^text\/html/);
      assert.match(await page.text(), /the reason[^]*at [^]*app\.mjs:1/);
      change(lsnode, 'app.mjs', app());
      await eventually('the repaired app answers', async () => (await fetch(address)).status === 200);
    });
  });
});
