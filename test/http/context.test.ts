import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import diagnosticsChannel from 'node:diagnostics_channel';
import http from 'node:http';
import { PerformanceObserver } from 'node:perf_hooks';
import { later, withServer } from './support/serve.js';
import { same } from './support/same.js';

describe('Asynchronous context', () => {
  it('of a request is its own, though requests come in one batch', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: Record<string, unknown[]> = {};
    const connections = 20;
    await withServer(
      async (request, response) => {
        const url = request.url!;
        const notes = (seen[url] = [storage.getStore()]);
        storage.enterWith(url);
        response.on('finish', () => notes.push(storage.getStore()));
        process.nextTick(() => notes.push(storage.getStore()));
        await later(5);
        notes.push(storage.getStore());
        response.end();
      },
      async (served) => {
        const clients = await Promise.all(Array.from({ length: connections }, () => served.client()));
        for (let round = 0; round < 2; round++) {
          await Promise.all(clients.map((client, n) => client.request({ url: `/${round}-${n}` })));
        }
      },
    );
    assert.equal(Object.keys(seen).length, 2 * connections);
    for (const [url, notes] of Object.entries(seen)) assert.deepEqual(notes, [undefined, url, url, url]);
  });

  it('is that of node:http in the events of a request, with run() and with enterWith()', async () => {
    for (const enter of [true, false]) {
      const storage = new AsyncLocalStorage<string>();
      await same({
        client: async (peer) => {
          await peer.send({ method: 'POST', body: 'first', bodyLength: 10 });
          await later(20);
          await peer.write('again');
          return peer.answer();
        },
        handler: (request, response, note) => {
          const work = (): void => {
            const where = (event: string): void => note(`${event} in ${storage.getStore()}`);
            request
              .on('data', () => where('data'))
              .on('end', () => {
                where('end');
                response.write('x', () => where('written'));
                setTimeout(() => response.end('y', () => where('ended')), 5);
              });
            response.on('finish', () => where('finish')).on('close', () => where('close'));
          };
          if (enter) {
            storage.enterWith('store');
            work();
          } else {
            storage.run('store', work);
          }
        },
      });
    }
  });

  it('leaves ticks and microtasks of one request before the next one', async () => {
    const order: string[] = [];
    await withServer(
      (request, response) => {
        const url = request.url!;
        order.push(url);
        process.nextTick(() => order.push(`${url} tick`));
        void Promise.resolve().then(() => order.push(`${url} microtask`));
        response.end();
      },
      async (served) => {
        const clients = await Promise.all(Array.from({ length: 5 }, () => served.client()));
        await Promise.all(clients.map((client, n) => client.request({ url: `/${n}` })));
      },
    );
    for (let at = 0; at < order.length; at += 3) {
      const url = order[at];
      assert.deepEqual(order.slice(at, at + 3), [url, `${url} tick`, `${url} microtask`]);
    }
    assert.equal(order.length, 15);
  });
});

describe('Tracing', () => {
  it('has the diagnostics channels of node:http, with the same messages in the same order', async () => {
    const names = [
      'http.server.request.start',
      'http.server.response.finish',
      'http.server.response.created',
    ];
    let note: (text: string) => void = () => undefined;
    const subscribers = names.map((name) => {
      const subscriber = (message: unknown): void => {
        const { request, response, socket, server } = message as Record<
          string,
          { constructor: unknown } | undefined
        >;
        note(
          `${name} ${request instanceof http.IncomingMessage} ${response instanceof http.ServerResponse} ` +
            `${socket !== undefined} ${server instanceof http.Server}`,
        );
      };
      diagnosticsChannel.subscribe(name, subscriber);
      return [name, subscriber] as const;
    });
    try {
      for (const parts of [1, 2]) {
        await same({
          prepare: (_server, noteIt) => (note = noteIt),
          handler: (_request, response, noteIt) => {
            noteIt('handler');
            if (parts === 2) response.write('x');
            response.end('y');
          },
        });
      }
    } finally {
      for (const [name, subscriber] of subscribers) diagnosticsChannel.unsubscribe(name, subscriber);
    }
  });

  it('has the performance entries of node:http', async () => {
    const entries: string[] = [];
    const observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const { req, res } = (
          entry as unknown as { detail: { req: { url: string }; res: { statusCode: number } } }
        ).detail;
        entries.push(`${entry.name} ${req.url} ${res.statusCode}`);
      }
    });
    observer.observe({ entryTypes: ['http'] });
    try {
      await withServer(
        (_request, response) => response.writeHead(201).end(),
        async (served) => void (await served.request({ url: '/measured' })),
      );
      await later(20);
    } finally {
      observer.disconnect();
    }
    assert.deepEqual(entries, ['HttpRequest /measured 201']);
  });
});
