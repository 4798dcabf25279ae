import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { RawHandler } from '#lib/raw/raw.js';
import type { RawRequest } from '#lib/raw/raw-request.js';
import { isLsapiError, LsapiError } from '#lib/errors.js';
import { rawServers, thrownBy } from './support/raw-server.js';

async function readAll(request: RawRequest): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request.body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const echo: RawHandler = async (request, response) => {
  response.send(200, null, await readAll(request));
};

describe('The body of a raw request', () => {
  const serve = rawServers();

  for (const size of [0, 1, 100, 8191, 8192, 16_384, 65_536, 65_537, 1_000_000]) {
    it(`of ${size} bytes is read whole`, async () => {
      const body = Buffer.alloc(size, 'The body. ');
      const response = await serve(echo).request({ method: 'POST', body });
      assert.ok(response.body.equals(body));
      assert.equal(response.connectionClosed, false);
    });
  }

  it('is read in any fragmentation, and the connection stays usable', async () => {
    const client = await serve(echo).connect();
    for (const fragment of [1, 3, 7, 100, 399, 1000]) {
      const body = Buffer.from(`in pieces of ${fragment}`);
      assert.equal((await client.request({ method: 'POST', body, fragment })).text, body.toString());
    }
  });

  it('may trickle in', async () => {
    const client = await serve(echo).connect();
    await client.send({ method: 'POST', body: 'a', bodyLength: 5 });
    for (const byte of 'bcde') {
      await delay(5);
      await client.write(byte);
    }
    assert.equal((await client.completed()).text, 'abcde');
    assert.equal((await client.request({ method: 'POST', body: 'next' })).text, 'next');
  });

  it('is handed out as it arrives', async () => {
    const seen: string[] = [];
    let arrived = (): void => undefined;
    const server = serve(async (request, response) => {
      for await (const chunk of request.body) {
        seen.push(chunk.toString());
        arrived();
      }
      response.send(200, null, 'done');
    });
    const client = await server.connect();
    await client.send({ method: 'POST', bodyLength: 9 });
    for (const part of ['one', 'two', 'six']) {
      const seenNow = new Promise<void>((resolve) => (arrived = resolve));
      await client.write(part);
      await seenNow;
      assert.equal(seen.at(-1), part);
    }
    assert.equal((await client.completed()).text, 'done');
    assert.deepEqual(seen, ['one', 'two', 'six']);
  });

  it('keeps chunks that were handed out as they were', async () => {
    const chunks: Buffer[] = [];
    const server = serve(async (request, response) => {
      for await (const chunk of request.body) chunks.push(chunk);
      response.send(204);
    });
    const client = await server.connect();
    const parts = Array.from({ length: 50 }, (_, n) => Buffer.alloc(3000, n));
    await client.send({ method: 'POST', bodyLength: 150_000 });
    for (const part of parts) await client.write(part);
    await client.completed();
    assert.ok(Buffer.concat(chunks).equals(Buffer.concat(parts)));
  });

  it('of 100 MB streams with little memory', async function () {
    this.timeout(60_000);
    const size = 100 * 1024 * 1024;
    let peak = 0;
    const server = serve(async (request, response) => {
      const hash = createHash('sha1');
      for await (const chunk of request.body) {
        hash.update(chunk);
        peak = Math.max(peak, process.memoryUsage.rss());
      }
      response.send(200, null, hash.digest('hex'));
    });
    const client = await server.connect();
    const before = process.memoryUsage.rss();
    await client.send({ method: 'POST', bodyLength: size });
    const hash = createHash('sha1');
    const block = Buffer.alloc(256 * 1024, 'x');
    for (let sent = 0; sent < size; sent += block.length) {
      hash.update(block);
      await client.write(block);
    }
    assert.equal((await client.completed()).text, hash.digest('hex'));
    assert.ok(peak - before < 64 * 1024 * 1024, `${(peak - before) >> 20} MB`);
  });

  it('exerts back-pressure while nobody reads it', async () => {
    let read: (() => void) | undefined;
    const server = serve(async (request, response) => {
      await new Promise<void>((resolve) => (read = resolve));
      response.send(200, null, String((await readAll(request)).length));
    });
    const client = await server.connect();
    const size = 8 * 1024 * 1024;
    let written = false;
    void client.send({ method: 'POST', body: Buffer.alloc(size) }).then(() => (written = true));
    await delay(50);
    assert.equal(written, false);
    read?.();
    assert.equal((await client.completed()).text, String(size));
  });

  it('can be asked for once', async () => {
    const server = serve(async (request, response) => {
      const { body } = request;
      const error = thrownBy(() => request.body);
      assert.ok(isLsapiError(error, 'LSAPI_ERR_BODY_USED'));
      for await (const chunk of body) void chunk;
      response.send(200, null, thrownBy(() => request.body).code);
    });
    assert.equal((await server.request({ method: 'POST', body: 'x' })).text, 'LSAPI_ERR_BODY_USED');
  });

  it('is empty where there is none', async () => {
    assert.equal((await serve(echo).request()).bodyLength, 0);
  });

  it('may be left unread: the connection stays usable where all of it has arrived', async () => {
    const client = await serve((_, response) => {
      response.send(200, null, 'unread');
    }).connect();
    for (let n = 0; n < 3; n++) {
      const response = await client.request({ method: 'POST', body: Buffer.alloc(50_000) });
      assert.deepEqual([response.text, response.connectionClosed], ['unread', false]);
    }
  });

  it('may be left unread: the connection is closed where the rest has not arrived', async () => {
    const client = await serve((_, response) => {
      response.send(200, null, 'early');
    }).connect();
    await client.send({ method: 'POST', body: 'five', bodyLength: 100 });
    const response = await client.completed();
    assert.deepEqual([response.text, response.connectionClosed], ['early', true]);
    await client.closed();
  });

  it('may be left in the middle', async () => {
    const server = serve(async (request, response) => {
      for await (const chunk of request.body) {
        response.send(413, null, chunk.subarray(0, 5));
        break;
      }
    });
    const client = await server.connect();
    await client.send({ method: 'POST', body: 'first', bodyLength: 10_000_000 });
    const response = await client.completed();
    assert.deepEqual([response.status, response.text, response.connectionClosed], [413, 'first', true]);
    assert.deepEqual(server.log, []);
  });

  it('cannot be read on once the response has ended', async () => {
    let failure: unknown;
    const server = serve(async (request, response) => {
      try {
        for await (const chunk of request.body) response.send(200, null, `${chunk.length} bytes`);
      } catch (error) {
        failure = error;
      }
    });
    const client = await server.connect();
    await client.send({ method: 'POST', body: 'part', bodyLength: 100 });
    assert.equal((await client.completed()).text, '4 bytes');
    assert.ok(isLsapiError(failure, 'LSAPI_ERR_REQUEST_ENDED'), String(failure));
  });

  it('wakes whoever waits for it when the response ends elsewhere', async () => {
    let failure: unknown;
    const server = serve((request, response) => {
      void readAll(request).catch((error: unknown) => (failure = error));
      setTimeout(() => response.send(200, null, 'without it'), 10);
    });
    const client = await server.connect();
    await client.send({ method: 'POST', bodyLength: 100 });
    assert.equal((await client.completed()).text, 'without it');
    await delay(1);
    assert.ok(isLsapiError(failure, 'LSAPI_ERR_REQUEST_ENDED'), String(failure));
  });

  for (const how of ['abort', 'close'] as const) {
    it(`fails with LSAPI_ERR_REQUEST_ABORTED when the client leaves in the middle (${how})`, async () => {
      let failure: unknown;
      let aborted: boolean | undefined;
      const server = serve(async (request) => {
        try {
          for await (const chunk of request.body) void chunk;
        } catch (error) {
          failure = error;
          aborted = request.signal.aborted;
          throw error;
        }
      });
      const client = await server.connect();
      await client.send({ method: 'POST', body: 'part', bodyLength: 100 });
      await delay(10);
      if (how === 'abort') await client.abort();
      else client.close();
      await delay(10);
      assert.ok(failure instanceof LsapiError);
      assert.deepEqual([failure.code, aborted], ['LSAPI_ERR_REQUEST_ABORTED', true]);
      // Nothing is wrong with the handler that passes it on.
      assert.deepEqual(server.log, []);
    });
  }

  it('that stalls for too long is answered with 408', async () => {
    let failure: unknown;
    const server = serve(
      async (request) => {
        try {
          for await (const chunk of request.body) void chunk;
        } catch (error) {
          failure = error;
          throw error;
        }
      },
      { limits: { bodyTimeout: 200 } },
    );
    const client = await server.connect();
    await client.send({ method: 'POST', body: 'part', bodyLength: 100 });
    const response = await client.completed();
    assert.deepEqual([response.status, response.connectionClosed], [408, true]);
    assert.match(response.text, /^Request Timeout/);
    assert.ok(isLsapiError(failure, 'LSAPI_ERR_BODY_TIMEOUT'), String(failure));
    assert.deepEqual(server.log, []);
    await client.closed();
  });

  it('that stalls for too long ends a response that has begun', async () => {
    const server = serve(
      async (request, response) => {
        void response.write('begun');
        for await (const chunk of request.body) void chunk;
      },
      { limits: { bodyTimeout: 200 } },
    );
    const client = await server.connect();
    await client.send({ method: 'POST', bodyLength: 100 });
    const response = await client.completed();
    assert.deepEqual([response.status, response.text, response.connectionClosed], [200, 'begun', true]);
  });

  it('of unknown length is answered with 411, and the connection closed', async () => {
    let called = false;
    const server = serve(() => {
      called = true;
    });
    const client = await server.connect();
    await client.send({
      method: 'POST',
      bodyLength: -1,
      body: 'chunks',
      headers: { 'Transfer-Encoding': 'chunked' },
    });
    const response = await client.completed();
    assert.deepEqual([response.status, response.connectionClosed, called], [411, true, false]);
    await client.closed();
  });

  it('has its length from Content-Length where the packet does not tell it', async () => {
    const client = await serve(echo).connect();
    await client.send({ method: 'POST', bodyLength: -2, body: 'five!', headers: { 'Content-Length': '5' } });
    assert.equal((await client.completed()).text, 'five!');
  });
});
