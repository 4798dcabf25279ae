import assert from 'node:assert/strict';
import { pipeline } from 'node:stream';
import { later, withServer } from './support/serve.js';
import { same } from './support/same.js';

/**
 * The same handler on node:http and on LSAPI: events, their order, the state seen in them and the answer must be
 * equal. Where they may differ the scenario says so with `ignore`.
 */
describe('Events as on node:http', () => {
  it('of res.end(text)', async () => {
    await same({ handler: (_request, response) => response.end('hello') });
  });

  it('of res.end() without a body', async () => {
    await same({ handler: (_request, response) => response.end() });
  });

  it('of writeHead() and end()', async () => {
    await same({
      handler: (_request, response) => {
        response.writeHead(201, { 'X-A': 'b' });
        response.end();
      },
    });
  });

  it('of end() with a callback', async () => {
    await same({
      handler: (_request, response, note) =>
        response.end('x', (...parameters: unknown[]) => note(`end callback ${JSON.stringify(parameters)}`)),
    });
  });

  it('of write() with callbacks, and end()', async () => {
    await same({
      handler: (_request, response, note) => {
        note(`write ${response.write('a', () => note('a written'))}`);
        note(`write ${response.write('b', 'utf8', () => note('b written'))}`);
        response.end('c', () => note('ended'));
      },
    });
  });

  it('of write() and end() in different ticks', async () => {
    await same({
      // After everything has been flushed Node emits 'finish' from a tick that is not ours to order.
      handler: async (_request, response, note) => {
        response.write('a', () => note('a written'));
        await later(20);
        response.write('b', () => note('b written'));
        await later(20);
        response.end(() => note('ended'));
      },
    });
  });

  it('of a large body at once', async () => {
    await same({
      handler: (_request, response, note) => {
        note(`write ${response.write('x'.repeat(200_000), () => note('written'))}`);
        response.once('drain', () => response.end());
      },
    });
  });

  it('of a body over the high-water mark in small writes', async () => {
    await same({
      handler: (_request, response, note) => {
        let returned = true;
        for (let n = 0; n < 40; n++) returned = response.write('y'.repeat(4096));
        note(`last write ${returned}, needs drain ${response.writableNeedDrain}`);
        response.once('drain', () => {
          note(`drained, needs drain ${response.writableNeedDrain}`);
          response.end('z');
        });
      },
    });
  });

  it('of a body that is read by data events', async () => {
    await same({
      client: { method: 'POST', body: 'hello body' },
      handler: (request, response, note) => {
        request.setEncoding('utf8');
        request.on('data', (chunk: string) => note(`data ${chunk}`));
        request.on('end', () => response.end('read'));
      },
    });
  });

  it('of a body that nobody reads', async () => {
    await same({
      // Node 26 takes a tick more to throw it away.
      ignore: ['req end'],
      client: { method: 'POST', body: 'hello body' },
      handler: (request, response, note) => {
        request.setEncoding('utf8');
        response.on('finish', () => note(`detached ${response.socket === null}`));
        response.end('early');
      },
    });
  });

  it('of a body that is read by an async iterator', async () => {
    await same({
      client: { method: 'POST', body: 'hello body' },
      handler: async (request, response, note) => {
        for await (const chunk of request) note(`chunk ${String(chunk)}`);
        note('loop left');
        response.end('read');
      },
    });
  });

  it('of an echo by pipeline()', async () => {
    await same({
      client: { method: 'POST', body: 'z'.repeat(1000) },
      handler: (request, response, note) =>
        pipeline(request, response, (error) => note(`pipeline ${error?.code ?? 'done'}`)),
    });
  });

  it('of a HEAD request', async () => {
    await same({
      client: { method: 'HEAD' },
      handler: (_request, response, note) => {
        note(`write ${response.write('ignored', () => note('written'))}`);
        response.end('ignored too', () => note('ended'));
      },
    });
  });

  for (const status of [204, 304]) {
    it(`of a ${status}`, async () => {
      await same({
        handler: (_request, response, note) => {
          response.writeHead(status, { 'X-A': 'b' });
          response.end('ignored', () => note('ended'));
        },
      });
    });
  }

  it('of write after end', async () => {
    await same({
      handler: (_request, response, note) => {
        response.end('x');
        note(
          `write ${response.write('y', (error) => note(`callback ${(error as NodeJS.ErrnoException).code}`))}`,
        );
        response.end(() => note('second end called back'));
      },
    });
  });

  it('of write after end, to a listener of errors alone', async () => {
    const codes: unknown[] = [];
    await withServer(
      (_request, response) => {
        response.on('error', (error: NodeJS.ErrnoException) => codes.push(error.code));
        response.write('x');
        response.end();
        response.write('y');
      },
      async (served) => void (await served.request()),
    );
    assert.deepEqual(codes, ['ERR_STREAM_WRITE_AFTER_END']);
  });

  it('of end(chunk) after end', async () => {
    await same({
      handler: (_request, response, note) => {
        response.end('x');
        response.end('y', () => note('called back'));
      },
    });
  });

  it('of a client that leaves before the answer', async () => {
    await same({
      client: async (peer) => {
        await peer.send();
        await later(30);
        await peer.leave();
      },
      settle: 60,
      handler: (request, _response, note) => {
        request.socket.on('close', () => note('socket close'));
      },
    });
  });

  it('of a client that leaves in the middle of the answer', async () => {
    await same({
      client: async (peer) => {
        await peer.send();
        await peer.begun();
        await peer.leave();
      },
      settle: 60,
      handler: (request, response, note) => {
        request.socket.on('close', () => note('socket close'));
        response.write('part');
      },
    });
  });

  it('of a client that leaves in the middle of its body', async () => {
    await same({
      client: async (peer) => {
        await peer.send({ method: 'POST', body: 'some', bodyLength: 100 });
        await later(30);
        await peer.leave();
      },
      settle: 60,
      handler: (request, _response, note) => {
        request.on('data', (chunk) => note(`data ${String(chunk)}`));
      },
    });
  });

  it('of a client that leaves while an async iterator waits for its body', async () => {
    await same({
      client: async (peer) => {
        await peer.send({ method: 'POST', body: 'some', bodyLength: 100 });
        await later(30);
        await peer.leave();
      },
      settle: 60,
      handler: async (request, _response, note) => {
        try {
          for await (const chunk of request) note(`chunk ${String(chunk)}`);
        } catch (error) {
          note(`loop threw ${(error as NodeJS.ErrnoException).code}`);
        }
      },
    });
  });

  it('of writing to a client that has left', async () => {
    await same({
      client: async (peer) => {
        await peer.send();
        await later(20);
        await peer.leave();
      },
      settle: 80,
      handler: (_request, response, note) => {
        response.on('close', () => {
          note(
            `write ${response.write('x', (error) => note(`callback ${(error as NodeJS.ErrnoException).code}`))}`,
          );
        });
      },
    });
  });

  it('of corking over several ticks', async () => {
    await same({
      handler: async (_request, response, note) => {
        response.cork();
        response.write('a', () => note('a written'));
        note(`corked ${response.writableCorked}`);
        await later(10);
        note('uncork');
        response.uncork();
        await later(10);
        response.end('b');
      },
    });
  });

  it('of flushHeaders()', async () => {
    await same({
      handler: async (_request, response, note) => {
        response.setHeader('X-A', 'b');
        response.flushHeaders();
        note(`sent ${response.headersSent} finished ${response.finished}`);
        await later(10);
        response.end('late');
      },
    });
  });

  it('of ticks and microtasks around a handler', async () => {
    await same({
      handler: (_request, response, note) => {
        process.nextTick(() => note('tick'));
        void Promise.resolve().then(() => note('microtask'));
        queueMicrotask(() => {
          note('queued microtask');
          process.nextTick(() => note('tick of a microtask'));
        });
        response.on('finish', () => process.nextTick(() => note('tick of finish')));
        response.end('x');
        note('handler left');
      },
    });
  });
});
