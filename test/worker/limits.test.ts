import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { lsnodes, nodeApp, rawApp, type LsnodeOptions } from '../cli/support/lsnode.js';

const counting = { 'app.mjs': rawApp('response.send(200, null, "answer")') };

describe('LSAPI_MAX_REQS', () => {
  const start = lsnodes();

  for (const [style, files] of Object.entries({
    raw: counting,
    node: { 'app.js': nodeApp('res.end("answer")') },
  })) {
    it(`is exact on one connection; the last answer closes it (${style} style)`, async () => {
      const lsnode = start({ files, env: { LSAPI_MAX_REQS: '3' } });
      const client = await lsnode.connect();
      for (let n = 1; n <= 3; n++) {
        const { text, connectionClosed } = await client.request();
        assert.deepEqual([text, connectionClosed], ['answer', n === 3]);
      }
      await client.closed();
      assert.equal(await lsnode.exitCode(500), 0);
      assert.equal(lsnode.stderr, '');
    });
  }

  it('is exact over several connections, whose idle ones are closed in order', async () => {
    const lsnode = start({ files: counting, env: { PHP_LSAPI_MAX_REQUESTS: '5' } });
    const clients = [await lsnode.connect(), await lsnode.connect(), await lsnode.connect()];
    for (let n = 0; n < 5; n++) assert.equal((await clients[n % 3]?.request())?.text, 'answer');
    await Promise.all(clients.map((client) => client.closed()));
    assert.ok(clients.every(({ response }) => response.connectionClosed));
    assert.equal(await lsnode.exitCode(500), 0);
  });

  it('is exact when more requests than that come at once', async () => {
    const lsnode = start({
      // Busy at the first one, so that the others are all there when it looks again.
      files: {
        'app.mjs': rawApp(
          'if (request.url === "/busy") for (const end = Date.now() + 200; Date.now() < end;); response.send(200, null, "answer")',
        ),
      },
      env: { LSAPI_MAX_REQS: '4' },
    });
    const first = await lsnode.connect();
    await first.send({ url: '/busy' });
    await first.until(() => first.response.acknowledged);
    const others = await Promise.all(Array.from({ length: 10 }, () => lsnode.connect()));
    await Promise.all(others.map((client) => client.send()));
    assert.equal((await first.completed()).text, 'answer');
    assert.equal(await lsnode.exitCode(1000), 0);
    await delay(20);
    const answered = others.filter(({ response }) => response.complete);
    assert.equal(answered.length, 3);
    // The rest is untouched, so the server delivers it to the next process.
    assert.ok(others.every(({ response }) => response.complete || !response.acknowledged));
  });

  it('waits for requests that are still running', async () => {
    const lsnode = start({
      files: {
        'app.mjs': rawApp('await delay(Number(request.url.slice(1))); response.send(200, null, request.url)'),
      },
      env: { LSAPI_MAX_REQS: '2' },
    });
    const [slow, fast] = [await lsnode.connect(), await lsnode.connect()];
    await slow.send({ url: '/300' });
    await slow.until(() => slow.response.acknowledged);
    assert.equal((await fast.request({ url: '/0' })).connectionClosed, true);
    assert.equal((await slow.completed()).text, '/300');
    assert.equal(await lsnode.exitCode(500), 0);
  });

  it('of 0 is no limit', async () => {
    const lsnode = start({ files: counting, env: { LSAPI_MAX_REQS: '0' } });
    const client = await lsnode.connect();
    for (let n = 0; n < 20; n++) assert.equal((await client.request()).connectionClosed, false);
  });
});

describe('LSAPI_MAX_IDLE', () => {
  const start = lsnodes();

  it('ends a worker that gets no request for that long, and says CONN_CLOSE to the server', async () => {
    const lsnode = start({ files: counting, env: { LSAPI_MAX_IDLE: '1' } });
    const client = await lsnode.connect();
    for (let n = 0; n < 3; n++) {
      await client.request();
      await delay(600);
    }
    assert.equal(lsnode.alive, true);
    await client.closed();
    assert.equal(client.response.connectionClosed, true);
    assert.equal(await lsnode.exitCode(), 0);
  });

  it('ends a worker that never gets a request', async () => {
    assert.equal(await start({ files: counting, env: { LSAPI_MAX_IDLE: '1' } }).exitCode(4000), 0);
  });

  it('does not count while a request is running', async () => {
    const lsnode = start({
      files: { 'app.mjs': rawApp('await delay(2500); response.send(200, null, "slow")') },
      env: { LSAPI_MAX_IDLE: '1' },
    });
    assert.equal((await (await lsnode.connect()).request()).text, 'slow');
  });
});

describe('The process that started a worker', () => {
  const start = lsnodes();
  /** A shell that starts lsnode with its own descriptor 0 and stays until it is killed. */
  const launcher: LsnodeOptions = {
    wrap: (lsnode) => [
      'sh',
      '-c',
      `exec 3<&0; '${lsnode.join("' '")}' <&3 & echo "pid=$!"; exec sleep 60 3<&-`,
    ],
  };

  /** A process that has ended may stay as a zombie where nobody collects orphans. */
  function isRunning(pid: number): boolean {
    try {
      return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
    } catch {
      return false;
    }
  }

  async function isGone(pid: number, milliseconds: number): Promise<boolean> {
    for (const deadline = Date.now() + milliseconds; Date.now() < deadline; await delay(20)) {
      if (!isRunning(pid)) return true;
    }
    return false;
  }

  const slow = {
    'app.mjs': rawApp('if (request.url === "/slow") await delay(2500); response.send(200, null, "answer")'),
  };

  it('takes it along when it is gone, but not before its request is finished', async () => {
    const lsnode = start({ files: slow, ...launcher });
    const pid = Number((await lsnode.printed(/pid=(\d+)/))[1]);
    const client = await lsnode.connect();
    await client.request();
    await client.send({ url: '/slow' });
    await client.until(() => client.response.acknowledged);
    lsnode.child.kill('SIGKILL');
    const response = await client.completed();
    assert.deepEqual([response.text, response.connectionClosed], ['answer', true]);
    assert.ok(await isGone(pid, 2000));
    assert.match(lsnode.stderr, /the process that started this one is gone/);
  });

  it('takes an idle one along within some two seconds', async () => {
    const lsnode = start({ files: slow, ...launcher });
    const pid = Number((await lsnode.printed(/pid=(\d+)/))[1]);
    await (await lsnode.connect()).request();
    lsnode.child.kill('SIGKILL');
    assert.ok(await isGone(pid, 2500));
  });

  it('is noticed although it went while the app was loading', async () => {
    const files = {
      'app.mjs': `await new Promise((resolve) => setTimeout(resolve, 700));${rawApp('response.end()')}`,
    };
    const lsnode = start({ files, ...launcher });
    const pid = Number((await lsnode.printed(/pid=(\d+)/))[1]);
    await delay(400);
    lsnode.child.kill('SIGKILL');
    assert.ok(await isGone(pid, 4000));
  });

  it('is not missed with LSAPI_PPID_NO_CHECK, whatever its value', async () => {
    const lsnode = start({ files: slow, env: { LSAPI_PPID_NO_CHECK: '0' }, ...launcher });
    const pid = Number((await lsnode.printed(/pid=(\d+)/))[1]);
    const client = await lsnode.connect();
    await client.request();
    lsnode.child.kill('SIGKILL');
    assert.equal(await isGone(pid, 2500), false);
    assert.equal((await client.request()).text, 'answer');
    process.kill(pid, 'SIGTERM');
    assert.ok(await isGone(pid, 1000));
  });
});

describe('Limits of requests', () => {
  const start = lsnodes();
  const files = {
    'app.mjs': rawApp(`
      let size = 0;
      for await (const chunk of request.body) size += chunk.length;
      response.send(200, null, String(size));`),
  };

  it('LSNODE_MAX_PACKET: larger packets are refused, smaller ones served', async () => {
    const lsnode = start({ files, env: { LSNODE_MAX_PACKET: '8K' } });
    const client = await lsnode.connect();
    assert.equal((await client.request({ headers: { 'X-Long': 'x'.repeat(7000) } })).status, 200);
    await client.send({ headers: { 'X-Long': 'x'.repeat(9000) } });
    await client.closed();
    assert.equal(client.response.packets.length, 0);
    await lsnode.printed(/LSNODE_MAX_PACKET/);
    const larger = start({ files, env: { LSNODE_MAX_PACKET: '1M' } });
    const response = await (await larger.connect()).request({ headers: { 'X-Long': 'x'.repeat(60_000) } });
    assert.equal(response.status, 200);
  });

  it('LSNODE_PACKET_TIMEOUT: a packet that stalls closes its connection, an idle connection stays', async () => {
    const lsnode = start({ files, env: { LSNODE_PACKET_TIMEOUT: '1' } });
    const [idle, stalling] = [await lsnode.connect(), await lsnode.connect()];
    await idle.request();
    await stalling.write(Buffer.from([0x4c, 0x53, 1, 0, 0, 1]));
    await stalling.closed();
    await lsnode.printed(/a request packet stalled \(LSNODE_PACKET_TIMEOUT\)/);
    assert.equal((await idle.request()).status, 200);
  });

  for (const [style, app] of Object.entries({
    raw: files,
    node: { 'app.js': nodeApp('for await (const chunk of req); res.end("complete")') },
  })) {
    it(`LSNODE_BODY_TIMEOUT: a body that stalls is answered with 408 (${style} style)`, async () => {
      const lsnode = start({ files: app, env: { LSNODE_BODY_TIMEOUT: '1' } });
      const client = await lsnode.connect();
      await client.send({ method: 'POST', body: 'part', bodyLength: 100 });
      const response = await client.completed();
      assert.deepEqual([response.status, response.connectionClosed], [408, true]);
      assert.equal(lsnode.alive, true);
      assert.equal((await (await lsnode.connect()).request()).status, 200);
    });
  }

  it('values that make no sense: a warning each, and the default', async () => {
    const env = {
      LSAPI_MAX_REQS: 'many',
      LSAPI_MAX_IDLE: '5 minutes',
      LSNODE_GRACE: '-1',
      LSNODE_MAX_PACKET: 'huge',
      LSNODE_BODY_TIMEOUT: '1e3',
      LSNODE_GRAZE: '1',
    };
    const lsnode = start({ files, env });
    assert.equal((await (await lsnode.connect()).request()).status, 200);
    for (const name of Object.keys(env)) {
      assert.match(lsnode.stderr, new RegExp(`^lsapi\\[\\d+\\]: ${name}\\b.*$`, 'm'), name);
    }
    assert.equal(lsnode.stderr.trim().split('\n').length, Object.keys(env).length, lsnode.stderr);
  });
});
