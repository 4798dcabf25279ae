import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { rawServers } from './support/raw-server.js';

describe('A raw response in parts', () => {
  const serve = rawServers();

  it('is writeHead(), write()s and end()', async () => {
    const client = await serve((_, response) => {
      assert.equal(response.writeHead(201, { 'X-A': 'a' }), response);
      assert.equal(response.headersSent, false);
      assert.equal(response.write('one '), true);
      assert.deepEqual([response.headersSent, response.ended], [true, false]);
      assert.equal(response.write(Buffer.from('two ')), true);
      response.end('three');
      assert.equal(response.ended, true);
    }).connect();
    for (let n = 0; n < 2; n++) {
      const response = await client.request();
      assert.deepEqual([response.status, response.text], [201, 'one two three']);
      // Its length is not known when the header leaves: the server frames it.
      assert.deepEqual(response.headers, [['X-A', 'a']]);
    }
  });

  it('is status 200 without writeHead()', async () => {
    const server = serve((_, response) => {
      void response.write('a');
      response.end();
    });
    assert.deepEqual([(await server.request()).status, (await server.request()).text], [200, 'a']);
  });

  it('has a Content-Length where nothing was sent before end()', async () => {
    const server = serve((_, response) => {
      response.writeHead(200, { 'X-A': 'a' }).end('whole');
    });
    const response = await server.request();
    assert.deepEqual(response.headers, [
      ['X-A', 'a'],
      ['Content-Length', '5'],
    ]);
    server.handler = (_, response) => response.end();
    const empty = await server.request();
    assert.deepEqual([empty.status, empty.headers], [200, [['Content-Length', '0']]]);
  });

  it('sends its header alone with flush(), once', async () => {
    let finish = (): void => undefined;
    const client = await serve((_, response) => {
      response.writeHead(200, { 'X-A': 'a' });
      response.flush();
      response.flush();
      assert.equal(response.headersSent, true);
      finish = () => response.end('rest');
    }).connect();
    await client.send();
    const response = await client.headerReceived();
    assert.deepEqual([response.headers, response.bodyLength, response.complete], [[['X-A', 'a']], 0, false]);
    finish();
    assert.equal((await client.completed()).text, 'rest');
  });

  it('sends each part at once', async () => {
    let next = (): void => undefined;
    const client = await serve(async (_, response) => {
      for (const part of ['first', 'second', 'third']) {
        await response.write(part);
        await new Promise<void>((resolve) => (next = resolve));
      }
      response.end();
    }).connect();
    await client.send();
    for (const text of ['first', 'firstsecond', 'firstsecondthird']) {
      await client.until(() => client.response.text === text);
      next();
    }
    await client.completed();
  });

  it('sends empty parts as nothing, but the header with the first', async () => {
    const client = await serve((_, response) => {
      assert.equal(response.write(''), true);
      assert.equal(response.headersSent, true);
      assert.equal(response.write(Buffer.alloc(0)), true);
      response.end('');
    }).connect();
    const response = await client.request();
    assert.deepEqual([response.status, response.bodyLength], [200, 0]);
  });

  for (const [what, method, status] of [
    ['to HEAD', 'HEAD', 200],
    ['of status 204', 'GET', 204],
    ['of status 304', 'GET', 304],
  ] as const) {
    it(`${what} has no body`, async () => {
      const client = await serve((_, response) => {
        response.writeHead(status, { 'X-A': 'a' });
        void response.write('one');
        void response.write(Buffer.from('two'));
        response.end('three');
      }).connect();
      for (let n = 0; n < 2; n++) {
        const response = await client.request({ method });
        assert.deepEqual(
          [response.status, response.bodyLength, response.headers],
          [status, 0, [['X-A', 'a']]],
        );
      }
    });
  }

  it('waits for a slow reader', async () => {
    const parts = 200;
    let written = 0;
    let waits = 0;
    const server = serve(async (_, response) => {
      for (; written < parts; written++) {
        const taken = response.write(Buffer.alloc(64 * 1024, written));
        if (taken !== true) waits++;
        await taken;
      }
      response.end();
    });
    const client = await server.connect();
    client.pause();
    await client.send();
    await delay(100);
    assert.ok(written < 50, `${written} parts were taken from nobody`);
    client.resume();
    const response = await client.completed();
    assert.equal(response.bodyLength, parts * 64 * 1024);
    assert.ok(waits > 10, String(waits));
    for (let n = 0; n < parts; n++) assert.equal(response.body[n * 64 * 1024], n);
  });

  it('keeps what a handler writes without waiting', async () => {
    const server = serve((_, response) => {
      for (let n = 0; n < 100; n++) void response.write(Buffer.alloc(100_000, n));
      void response.write('text ');
      response.end('and the end');
    });
    const client = await server.connect();
    client.pause();
    await client.send();
    await delay(50);
    client.resume();
    const { body } = await client.completed();
    assert.equal(body.length, 10_000_016);
    for (let n = 0; n < 100; n++) assert.equal(body[n * 100_000 + 50_000], n);
    assert.equal(body.subarray(-16).toString(), 'text and the end');
    assert.equal((await client.request()).bodyLength, 10_000_016);
  });

  it('takes memory that the handler does not touch until it is sent: send() as well', async () => {
    const body = Buffer.alloc(3_000_000, 'a');
    const server = serve((_, response) => {
      response.send(200, null, body);
    });
    const client = await server.connect();
    client.pause();
    await client.send();
    await delay(20);
    globalThis.gc?.();
    client.resume();
    assert.ok((await client.completed()).body.equals(body));
  });
});

describe('A client that leaves a raw request', () => {
  const serve = rawServers();

  for (const how of ['abort', 'close'] as const) {
    it(`aborts its signal (${how})`, async () => {
      let aborted = false;
      let abortedAfterwards: boolean | undefined;
      let resolve = (): void => undefined;
      const done = new Promise<void>((resolved) => (resolve = resolved));
      const server = serve(async (request, response) => {
        assert.equal(request.signal.aborted, false);
        await new Promise<void>((resolve) => request.signal.addEventListener('abort', () => resolve()));
        aborted = request.signal.aborted;
        // Whatever is sent goes nowhere.
        response.writeHead(200);
        assert.equal(response.write('to nobody'), true);
        response.flush();
        response.end('to nobody');
        response.send(200, null, 'to nobody');
        abortedAfterwards = response.ended;
        resolve();
      });
      const client = await server.connect();
      await client.send();
      await client.until(() => client.response.acknowledged);
      if (how === 'abort') await client.abort();
      else client.close();
      await done;
      assert.deepEqual([aborted, abortedAfterwards], [true, true]);
      await delay(1);
      assert.deepEqual(server.log, []);
      assert.equal(server.connections.set.statistics().open, 0);
    });
  }

  it('is told to a handler that asks for the signal afterwards', async () => {
    let aborted: boolean | undefined;
    const server = serve(async (request) => {
      await delay(30);
      aborted = request.signal.aborted;
    });
    const client = await server.connect();
    await client.send();
    await client.until(() => client.response.acknowledged);
    client.close();
    await delay(50);
    assert.equal(aborted, true);
  });

  it('is told to a handler that writes without a pause meanwhile', async () => {
    const many = 100_000;
    let leave = (): void => undefined;
    let writes = 0;
    let finish = (): void => undefined;
    const done = new Promise<void>((resolve) => (finish = resolve));
    const server = serve(async (request, response) => {
      leave();
      // Only promises: the event loop does not turn until one of them waits for it.
      while (writes < many && !request.signal.aborted) {
        writes++;
        await response.write('x'.repeat(100));
      }
      finish();
    });
    const client = await server.connect();
    leave = () => client.close();
    await client.send();
    await done;
    assert.ok(writes < many, `${writes} parts were taken from the handler`);
  });

  it('frees a handler that waits for it to take bytes', async () => {
    let freed = false;
    let writes = 0;
    const server = serve(async (request, response) => {
      while (!request.signal.aborted) {
        writes++;
        await response.write(Buffer.alloc(100_000));
      }
      freed = true;
    });
    const client = await server.connect();
    client.pause();
    await client.send();
    await delay(30);
    const before = writes;
    client.close();
    await delay(30);
    assert.equal(freed, true);
    assert.ok(writes <= before + 1, `${writes - before} writes to nobody`);
  });

  it('cannot have its headers read any more', async () => {
    let code: string | undefined;
    const server = serve(async (request) => {
      await delay(30);
      try {
        request.header('host');
      } catch (error) {
        ({ code } = error as { code?: string });
        throw error;
      }
    });
    const client = await server.connect();
    await client.send();
    await client.until(() => client.response.acknowledged);
    client.close();
    await delay(50);
    assert.equal(code, 'LSAPI_ERR_REQUEST_ABORTED');
    assert.deepEqual(server.log, []);
  });

  it('does not hide what is wrong with the handler', async () => {
    const server = serve(async () => {
      await delay(30);
      throw new TypeError('a bug');
    });
    const client = await server.connect();
    await client.send();
    await client.until(() => client.response.acknowledged);
    client.close();
    await delay(50);
    assert.match(server.log.join(), /TypeError: a bug/);
  });

  it('does not disturb the others', async () => {
    const server = serve(async (request, response) => {
      await delay(request.url === '/long' ? 50 : 0);
      response.send(200, null, 'fine');
    });
    const [leaving, staying] = [await server.connect(), await server.connect()];
    await Promise.all([leaving.send({ url: '/long' }), staying.send({ url: '/long' })]);
    leaving.close();
    assert.equal((await staying.completed()).text, 'fine');
    assert.equal((await staying.request()).text, 'fine');
  });
});
