import assert from 'node:assert/strict';
import { AsyncLocalStorage, executionAsyncResource } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { RawRequest } from '#lib/raw/raw-request.js';
import { isRawHandler, raw } from '#lib/raw/raw.js';
import { rawServers } from './support/raw-server.js';

describe('The asynchronous context of raw requests', () => {
  const serve = rawServers();
  const CONNECTIONS = 8;

  /** Requests that are ready in one turn of the event loop, and so handed over in one batch. */
  async function batch(server: ReturnType<typeof serve>, rounds: number): Promise<string[]> {
    const clients = await Promise.all(Array.from({ length: CONNECTIONS }, () => server.connect()));
    const texts: string[] = [];
    for (let round = 0; round < rounds; round++) {
      const urls = clients.map((_, n) => `/${round}-${n}`);
      await Promise.all(clients.map((client, n) => client.send({ url: urls[n] ?? '/' })));
      const responses = await Promise.all(clients.map((client) => client.completed()));
      texts.push(...responses.map(({ text }, n) => (text === urls[n] ? '' : `${urls[n]} got ${text}`)));
    }
    return texts.filter((text) => text !== '');
  }

  it('is one of its own with run()', async () => {
    const storage = new AsyncLocalStorage<string>();
    const server = serve((request, response) =>
      storage.run(request.url, async () => {
        await delay(1);
        response.send(200, null, storage.getStore());
      }),
    );
    assert.deepEqual(await batch(server, 3), []);
  });

  it('is one of its own with enterWith(), which does not reach the next request', async () => {
    const storage = new AsyncLocalStorage<string>();
    const leaked: string[] = [];
    const server = serve(async (request, response) => {
      const before = storage.getStore();
      if (before !== undefined) leaked.push(`${request.url} found ${before}`);
      storage.enterWith(request.url);
      await Promise.resolve();
      await delay(1);
      response.send(200, null, storage.getStore());
    });
    assert.deepEqual(await batch(server, 3), []);
    assert.deepEqual(leaked, []);
    assert.equal(storage.getStore(), undefined);
  });

  it('is kept by handlers that answer within the call', async () => {
    const storage = new AsyncLocalStorage<string>();
    const found: unknown[] = [];
    const server = serve((request, response) => {
      found.push(storage.getStore());
      storage.enterWith(request.url);
      response.send(200, null, storage.getStore());
    });
    assert.deepEqual(await batch(server, 3), []);
    assert.deepEqual([...new Set(found)], [undefined]);
  });

  it('is kept while a body is read and a drain awaited', async () => {
    const storage = new AsyncLocalStorage<string>();
    const server = serve((request, response) =>
      storage.run(request.url, async () => {
        for await (const chunk of request.body) {
          assert.deepEqual([chunk.length, storage.getStore()], [3, request.url]);
        }
        for (let n = 0; n < 20; n++) await response.write(Buffer.alloc(64 * 1024));
        response.end(storage.getStore());
      }),
    );
    const clients = await Promise.all(Array.from({ length: CONNECTIONS }, () => server.connect()));
    await Promise.all(
      clients.map((client, n) => client.send({ method: 'POST', url: `/${n}`, bodyLength: 6 })),
    );
    for (const part of ['one', 'two']) {
      await delay(2);
      await Promise.all(clients.map((client) => client.write(part)));
    }
    const responses = await Promise.all(clients.map((client) => client.completed()));
    assert.deepEqual(
      responses.map(({ body }) => body.subarray(20 * 64 * 1024).toString()),
      clients.map((_, n) => `/${n}`),
    );
  });

  it('has a resource of its own for each request', async () => {
    const resources = new Set<object>();
    const server = serve((request, response) => {
      resources.add(executionAsyncResource());
      response.send(200, null, request.url);
    });
    assert.deepEqual(await batch(server, 2), []);
    assert.equal(resources.size, 2 * CONNECTIONS);
  });

  it('runs ticks and microtasks of one request before the next one begins', async () => {
    const order: string[] = [];
    const server = serve((request, response) => {
      order.push(`${request.url} call`);
      process.nextTick(() => order.push(`${request.url} tick`));
      void Promise.resolve().then(() => order.push(`${request.url} microtask`));
      response.send(200, null, request.url);
    });
    assert.deepEqual(await batch(server, 1), []);
    for (let at = 0; at < order.length; at += 3) {
      const url = order[at]?.split(' ')[0] ?? '';
      assert.deepEqual(order.slice(at, at + 3), [`${url} call`, `${url} tick`, `${url} microtask`]);
    }
  });
});

describe('raw()', () => {
  it('returns the handler itself, marked', () => {
    const handler = (_: RawRequest): void => undefined;
    assert.equal(isRawHandler(handler), false);
    assert.equal(raw(handler), handler);
    assert.equal(isRawHandler(handler), true);
    assert.deepEqual(Object.keys(handler), []);
    assert.equal(raw(handler), handler);
  });

  it('marks for every copy of the package that a process holds', () => {
    const handler = Object.defineProperty(() => undefined, Symbol.for('lsapi.raw'), { value: true });
    assert.equal(isRawHandler(handler), true);
  });

  it('does not take anything else for a handler', () => {
    for (const value of [undefined, null, {}, 'raw', () => undefined, { [Symbol.for('lsapi.raw')]: true }]) {
      assert.equal(isRawHandler(value), false);
    }
  });
});
