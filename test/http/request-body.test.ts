import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { captureLog, deferred, heldBytes, later, readAll, withServer } from './support/serve.js';

const MiB = 1024 * 1024;

describe('Request body', () => {
  it('is read in flowing mode, paused mode, by pipe and by iterator alike', async () => {
    const readers: Record<string, (request: IncomingMessage) => Promise<string>> = {
      '/flow': async (request) => {
        let text = '';
        request.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
        await once(request, 'end');
        return text;
      },
      '/paused': async (request) => {
        let text = '';
        request.on('readable', () => {
          const next = (): Buffer | null => (request.read(3) ?? request.read()) as Buffer | null;
          for (let chunk = next(); chunk !== null; chunk = next()) text += chunk.toString();
        });
        await once(request, 'end');
        return text;
      },
      '/iterator': async (request) => String(await readAll(request)),
    };
    await withServer(
      async (request, response) => response.end(await readers[request.url!]!(request)),
      async (served) => {
        const client = await served.client();
        for (const url of Object.keys(readers)) {
          for (const fragment of [3, 10_000]) {
            const response = await client.request({ method: 'POST', url, body: 'some body text', fragment });
            assert.equal(response.text, 'some body text', `${url} ${fragment}`);
          }
        }
      },
    );
  });

  it('keeps characters whole that are cut by packets, with setEncoding()', async () => {
    await withServer(
      async (request, response) => {
        const parts: string[] = [];
        request.setEncoding('utf8');
        for await (const part of request) parts.push(part as string);
        response.end(parts.join(''));
      },
      async (served) => {
        const response = await served.request({ method: 'POST', body: 'äöü€😀'.repeat(20), fragment: 1 });
        assert.equal(response.text, 'äöü€😀'.repeat(20));
      },
    );
  });

  it('of 50 MB waits in the kernel while its reader is slow', async function () {
    this.timeout(60_000);
    const size = 50 * MiB;
    const start = deferred();
    let received = 0;
    let growth = 0;
    await withServer(
      async (request, response) => {
        request.pause();
        await start.promise;
        const before = heldBytes();
        for await (const chunk of request) {
          const step = Math.floor(received / (8 * MiB));
          received += (chunk as Buffer).length;
          if (Math.floor(received / (8 * MiB)) > step) growth = Math.max(growth, heldBytes() - before);
        }
        response.end(String(received));
      },
      async (served) => {
        const client = await served.client();
        await client.send({ method: 'POST', bodyLength: size });
        let sent = 0;
        const chunk = Buffer.alloc(MiB);
        const sending = (async () => {
          for (; sent < size; sent += chunk.length) await client.write(chunk);
        })();
        await later(300);
        assert.ok(sent < 4 * MiB, `${sent} bytes were taken although nobody reads`);
        start.resolve();
        await sending;
        assert.equal((await client.completed()).text, String(size));
        assert.ok(growth < 8 * MiB, `${growth} bytes were held`);
      },
    );
  });

  it('lets other requests have their turn while a fast one comes in', async function () {
    this.timeout(60_000);
    await withServer(
      (request, response) => {
        if (request.url === '/quick') return void response.end('quick');
        request.resume().on('end', () => response.end('done'));
      },
      async (served) => {
        const large = await served.client();
        const quick = await served.client();
        const upload = large.request({ method: 'POST', body: Buffer.alloc(30 * MiB) });
        let during = 0;
        while (!large.response.complete) {
          await quick.request({ url: '/quick' });
          during++;
        }
        assert.equal((await upload).text, 'done');
        assert.ok(during > 0);
      },
    );
  });

  it('that nobody reads is thrown away, and the connection goes on', async () => {
    const events: string[] = [];
    await withServer(
      (request, response) => {
        request.on('end', () => events.push('end')).on('close', () => events.push('close'));
        response.end('not read');
      },
      async (served) => {
        const client = await served.client();
        const body = Buffer.alloc(100_000);
        const first = await client.request({ method: 'POST', body });
        assert.deepEqual([first.text, first.connectionClosed], ['not read', false]);
        const second = await client.request({ method: 'POST', body });
        assert.deepEqual([second.text, second.connectionClosed], ['not read', false]);
      },
    );
    assert.deepEqual(events, ['end', 'close', 'end', 'close']);
  });

  it('that has not arrived when the response ends closes the connection', async () => {
    await withServer(
      (_request, response) => response.end('early'),
      async (served) => {
        const client = await served.client();
        const response = await client.request({ method: 'POST', body: 'some', bodyLength: 1000 });
        assert.equal(response.text, 'early');
        await client.closed();
        assert.equal(response.connectionClosed, true);
      },
    );
  });

  it('is read to its end although the response has ended', async () => {
    let text = '';
    const ended = deferred();
    await withServer(
      (request, response) => {
        request.on('data', (chunk) => (text += String(chunk))).on('end', ended.resolve);
        response.end('early');
      },
      async (served) => {
        const client = await served.client();
        await client.send({ method: 'POST', body: 'first ', bodyLength: 10 });
        await client.until(() => client.bodyReceived === 5);
        await later(30);
        assert.equal(client.response.complete, false, 'the end waits for the body');
        await client.write('last');
        assert.equal((await client.completed()).text, 'early');
        await ended.promise;
        assert.equal(text, 'first last');
        assert.equal((await client.request({ method: 'POST', body: 'again' })).connectionClosed, false);
      },
    );
  });

  it('does not hold up the response when its reader has paused it', async () => {
    await withServer(
      (request, response) => {
        request.once('data', () => {
          request.pause();
          response.end('enough');
        });
      },
      async (served) => {
        const client = await served.client();
        const response = await client.request({ method: 'POST', body: 'some', bodyLength: 100 });
        assert.equal(response.text, 'enough');
        assert.equal((await served.request({ method: 'POST', body: 'x' })).text, 'enough');
      },
    );
  });

  it('does not hold up the response when its reader stops taking', async function () {
    this.timeout(10_000);
    await withServer(
      (request, response) => {
        request.once('readable', () => {
          request.on('readable', () => undefined);
          response.end('enough');
        });
      },
      async (served) => {
        const response = await served.request({ method: 'POST', body: 'some', bodyLength: 100 });
        assert.equal(response.text, 'enough');
      },
    );
  });

  it('of unknown length is refused with 411', async () => {
    await withServer(
      (_request, response) => response.end('never'),
      async (served) => {
        const client = await served.client();
        const response = await client.request({
          method: 'POST',
          bodyLength: -1,
          headers: { 'Transfer-Encoding': 'chunked' },
        });
        assert.equal(response.status, 411);
        await client.closed();
        assert.equal(response.connectionClosed, true);
      },
    );
  });

  it('that stalls is given up with 408', async () => {
    const errors: string[] = [];
    await withServer(
      (request, response) => {
        request.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code!));
        request.resume().on('end', () => response.end('never'));
      },
      async (served) => {
        const response = await served.request({ method: 'POST', body: 'some', bodyLength: 100 });
        assert.equal(response.status, 408);
      },
      { lsapi: { bodyTimeout: 300 } },
    );
    assert.deepEqual(errors, ['LSAPI_ERR_BODY_TIMEOUT']);
  });

  it('ends the loop over it when the client leaves', async () => {
    const caught = deferred<string>();
    await withServer(
      async (request) => {
        try {
          await readAll(request);
        } catch (error) {
          caught.resolve((error as NodeJS.ErrnoException).code!);
        }
      },
      async (served) => {
        const client = await served.client();
        await client.send({ method: 'POST', body: 'some', bodyLength: 100 });
        await later(20);
        await client.abort();
        assert.equal(await caught.promise, 'ECONNRESET');
      },
    );
  });

  it('that is given up does not fill the log', async () => {
    const log = await captureLog(() =>
      withServer(
        (request) => void request.resume(),
        async (served) => {
          const client = await served.client();
          await client.send({ method: 'POST', body: 'some', bodyLength: 100 });
          await later(20);
          await client.abort();
          await later(20);
        },
      ),
    );
    assert.equal(log, '');
  });

  describe('signal', () => {
    it('is aborted when the client leaves', async () => {
      const aborted = deferred();
      await withServer(
        (request) => request.signal!.addEventListener('abort', () => aborted.resolve()),
        async (served) => {
          const client = await served.client();
          await client.send();
          await later(20);
          client.close();
          await aborted.promise;
        },
      );
    });

    it('is not aborted by the end of the response', async () => {
      let signal: AbortSignal | undefined;
      await withServer(
        (request, response) => {
          signal = request.signal!;
          response.end();
        },
        async (served) => {
          const client = await served.client();
          await client.request();
          client.close();
          await later(30);
          assert.equal(signal!.aborted, false);
        },
      );
    });

    it('is aborted from the start where the client had left', async () => {
      const aborted = deferred<boolean>();
      await withServer(
        (request, response) => response.on('close', () => aborted.resolve(request.signal!.aborted)),
        async (served) => {
          const client = await served.client();
          await client.send();
          await later(20);
          client.close();
          assert.equal(await aborted.promise, true);
        },
      );
    });
  });
});
