import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { eventually, fetchServers } from './support/fetch-server.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('The Response of a fetch handler', () => {
  const serve = fetchServers();

  const form = new FormData();
  form.set('a', 'b');
  const bodies: Record<string, [() => Response, string | RegExp, string | undefined, string | undefined]> = {
    'a string': [() => new Response('Grüße'), 'Grüße', 'text/plain;charset=UTF-8', '7'],
    'an empty string': [() => new Response(''), '', 'text/plain;charset=UTF-8', '0'],
    'no body': [() => new Response(), '', undefined, '0'],
    'an ArrayBuffer': [() => new Response(bytes('abc').buffer as ArrayBuffer), 'abc', undefined, '3'],
    'a typed array': [() => new Response(bytes('abc')), 'abc', undefined, '3'],
    'a Blob': [() => new Response(new Blob(['abc'], { type: 'text/x' })), 'abc', 'text/x', undefined],
    URLSearchParams: [
      () => new Response(new URLSearchParams('a=b')),
      'a=b',
      'application/x-www-form-urlencoded;charset=UTF-8',
      '3',
    ],
    FormData: [() => new Response(form), /name="a"\r\n\r\nb\r\n/, undefined, undefined],
    'Response.json()': [() => Response.json({ a: 1 }), '{"a":1}', 'application/json', '7'],
    'a stream': [
      () =>
        new Response(
          new ReadableStream({
            start(controller) {
              for (const text of ['one ', 'two ', 'three']) controller.enqueue(bytes(text));
              controller.close();
            },
          }),
        ),
      'one two three',
      undefined,
      undefined,
    ],
    'an empty stream': [
      () => new Response(new ReadableStream({ start: (controller) => controller.close() })),
      '',
      undefined,
      '0',
    ],
  };
  for (const [name, [make, text, type, length]] of Object.entries(bodies)) {
    it(`sends ${name}`, async () => {
      const client = await serve(() => make()).connect();
      for (let n = 0; n < 2; n++) {
        const response = await client.request();
        assert.equal(response.status, 200);
        if (typeof text === 'string') assert.equal(response.text, text);
        else assert.match(response.text, text);
        if (type !== undefined) assert.deepEqual(response.header('content-type'), [type]);
        if (length !== undefined) assert.deepEqual(response.header('content-length'), [length]);
      }
    });
  }

  it('sends status and headers, each Set-Cookie on a line of its own', async () => {
    const server = serve(() => {
      const response = new Response('x', { status: 418, headers: { 'X-A': 'a' } });
      response.headers.append('Set-Cookie', 'a=1; Path=/');
      response.headers.append('Set-Cookie', 'b=2, c');
      response.headers.append('X-A', 'b');
      return response;
    });
    const response = await server.request();
    assert.equal(response.status, 418);
    assert.deepEqual(response.header('set-cookie'), ['a=1; Path=/', 'b=2, c']);
    assert.deepEqual(response.header('x-a'), ['a, b']);
  });

  it('may come at once or as a promise, from a method that uses its object', async () => {
    class App {
      readonly #text = 'mine';
      fetch(): Response {
        return new Response(this.#text);
      }
    }
    assert.equal((await serve(new App()).request()).text, 'mine');
    assert.equal((await serve(() => delay(1).then(() => new Response('later'))).request()).text, 'later');
  });

  it('Response.redirect()', async () => {
    const response = await serve(() => Response.redirect('http://example.com/b', 303)).request();
    assert.deepEqual([response.status, response.header('location')], [303, ['http://example.com/b']]);
  });

  for (const status of [204, 304]) {
    it(`of status ${status} has no body and no length`, async () => {
      const server = serve(() => new Response(null, { status, headers: { 'X-A': 'a' } }));
      const response = await server.request();
      assert.deepEqual([response.status, response.bodyLength], [status, 0]);
      assert.deepEqual(response.headers, [['x-a', 'a']]);
    });
  }

  it('to HEAD has no body, but the length that is known', async () => {
    let cancelled = false;
    const answers: Record<string, () => Response> = {
      '/text': () => new Response('five!'),
      '/none': () => new Response(null),
      '/own': () => new Response(null, { headers: { 'Content-Length': '1000' } }),
      '/stream': () =>
        new Response(
          new ReadableStream({
            pull: (controller) => controller.enqueue(bytes('for ever')),
            cancel: () => void (cancelled = true),
          }),
        ),
    };
    const client = await serve((request) => answers[new URL(request.url).pathname]!()).connect();
    for (const [url, length] of Object.entries({
      '/text': ['5'],
      '/none': [],
      '/own': ['1000'],
      '/stream': [],
    })) {
      const response = await client.request({ method: 'HEAD', url });
      assert.deepEqual([response.bodyLength, response.header('content-length')], [0, length], url);
    }
    await eventually(() => cancelled, 'the stream is cancelled');
  });

  it('of another implementation is taken too', async () => {
    const real = new Response('foreign', { status: 201 });
    const foreign = {
      status: 201,
      headers: real.headers,
      body: real.body,
      bodyUsed: false,
      type: 'default',
      url: '',
      [Symbol.toStringTag]: 'Response',
    };
    const response = await serve(() => foreign as unknown as Response).request();
    assert.deepEqual([response.status, response.text], [201, 'foreign']);
  });

  it('of fetch() is passed on decoded', async () => {
    const upstream = http.createServer((_, res) => {
      res.writeHead(200, { 'Content-Encoding': 'gzip', 'X-A': 'a' });
      res.end(gzipSync('unpacked'));
    });
    upstream.listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    const { port } = upstream.address() as AddressInfo;
    try {
      const response = await serve(() => fetch(`http://127.0.0.1:${port}/`)).request();
      assert.deepEqual([response.text, response.header('x-a')], ['unpacked', ['a']]);
      assert.deepEqual(response.header('content-encoding'), []);
    } finally {
      upstream.close();
      upstream.closeAllConnections();
    }
  });
});

describe('A streamed Response', () => {
  const serve = fetchServers();

  it('sends its header before the first part is there, and each part at once', async () => {
    let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
    const stream = new ReadableStream<Uint8Array>({ start: (given) => void (controller = given) });
    const client = await serve(() => new Response(stream, { headers: { 'X-A': 'a' } })).connect();
    await client.send();
    const response = await client.headerReceived();
    assert.deepEqual([response.header('x-a'), response.bodyLength], [['a'], 0]);
    let text = '';
    for (const part of ['first', 'second', 'third']) {
      controller?.enqueue(bytes(part));
      text += part;
      await client.until(() => client.response.text === text);
    }
    controller?.close();
    assert.equal((await client.completed()).text, 'firstsecondthird');
  });

  it('is produced no faster than the client reads', async () => {
    const parts = 200;
    let produced = 0;
    const stream = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          controller.enqueue(new Uint8Array(64 * 1024).fill(produced));
          if (++produced === parts) controller.close();
        },
      },
      { highWaterMark: 0 },
    );
    const client = await serve(() => new Response(stream)).connect();
    client.pause();
    await client.send();
    await eventually(() => produced > 0, 'the stream has begun');
    // It stands still once the buffers on the way are full.
    for (let before = -1; before !== produced; await delay(50)) before = produced;
    assert.ok(produced < 60, `${produced} parts were produced for nobody`);
    client.resume();
    const { body } = await client.completed();
    assert.equal(body.length, parts * 64 * 1024);
    for (let n = 0; n < parts; n++) assert.equal(body[n * 64 * 1024], n);
  });

  for (const how of ['abort', 'close'] as const) {
    it(`is cancelled when the client leaves (${how}), also while a part is waited for`, async () => {
      let cancelled: unknown;
      const server = serve(
        () =>
          new Response(
            new ReadableStream({
              start: (controller) => controller.enqueue(bytes('first')),
              cancel: (reason) => void (cancelled = reason),
            }),
          ),
      );
      const client = await server.connect();
      await client.send();
      await client.until(() => client.response.text === 'first');
      if (how === 'abort') await client.abort();
      else client.close();
      await eventually(() => cancelled !== undefined, 'the stream is cancelled');
      assert.equal((cancelled as Error).name, 'AbortError');
      assert.equal((await server.request({ method: 'HEAD' })).status, 200);
      assert.deepEqual(server.log, []);
    });
  }

  it('that fails before its first part is a 500', async () => {
    const server = serve(
      () => new Response(new ReadableStream({ pull: () => Promise.reject(new Error('the reason')) })),
    );
    const client = await server.connect();
    for (let n = 0; n < 2; n++) assert.equal((await client.request()).status, 500);
    assert.match(server.log.join(), /the reason/);
  });

  it('that fails later ends as it is, and the log has the reason', async () => {
    const server = serve(
      () =>
        new Response(
          new ReadableStream({
            async pull(controller) {
              controller.enqueue(bytes('half'));
              await delay(1);
              throw new Error('the reason');
            },
          }),
        ),
    );
    const client = await server.connect();
    for (let n = 0; n < 2; n++) {
      const response = await client.request();
      assert.deepEqual([response.status, response.text, response.complete], [200, 'half', true]);
    }
    assert.match(server.log.join(), /the reason/);
  });

  it('of parts that are no bytes fails', async () => {
    const server = serve(
      () => new Response(new ReadableStream({ start: (controller) => controller.enqueue(7) }) as never),
    );
    assert.equal((await server.request()).status, 500);
    assert.match(server.log.join(), /must be a string or a Uint8Array/);
  });
});

describe('A fetch handler that fails', () => {
  const serve = fetchServers();

  const failures: Record<string, [() => unknown, RegExp]> = {
    throws: [
      () => {
        throw new Error('the reason');
      },
      /the reason/,
    ],
    rejects: [() => delay(1).then(() => Promise.reject(new Error('the reason'))), /the reason/],
    'returns nothing': [() => undefined, /fetch\(\) must return a Response for GET \/failing, not undefined/],
    'returns text': [() => 'text', /must return a Response .* not 'text'/],
    'returns an object': [() => ({ status: 200 }), /must return a Response .* not \{ status: 200 \}/],
    'returns Response.error()': [() => Response.error(), /Response\.error\(\)/],
    'returns a Response that was read': [
      async () => {
        const response = new Response('text');
        await response.text();
        return response;
      },
      /LSAPI_ERR_BODY_USED|whose body has been read/,
    ],
    'returns a Response that is being read': [
      () => {
        const response = new Response('text');
        response.body?.getReader();
        return response;
      },
      /is being read/,
    ],
    'returns a header that the server would refuse': [
      () => new Response('x', { headers: { 'X-A': 'a'.repeat(17_000) } }),
      /at most 16380/,
    ],
  };
  for (const [name, [handler, reason]] of Object.entries(failures)) {
    it(`${name}: 500, a line in the log, the connection stays usable`, async () => {
      const server = serve(handler as never);
      const client = await server.connect();
      for (let n = 0; n < 2; n++) {
        const response = await client.request({ url: '/failing' });
        assert.deepEqual([response.status, response.text], [500, 'Internal Server Error\n']);
        assert.equal(response.connectionClosed, false);
      }
      assert.equal(server.log.length, 2);
      assert.match(server.log[0] ?? '', /^error in the handler of GET \/failing: /);
      assert.match(server.log[0] ?? '', reason);
    });
  }

  it('tells the stack in development', async () => {
    const server = serve(failures.throws![0] as never, { development: true });
    assert.match((await server.request()).text, /Error: the reason\n {4}at /);
  });
});
