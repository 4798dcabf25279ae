import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { RawHandler } from '#lib/raw/raw.js';
import type { RawHeaders, RawResponse } from '#lib/raw/raw-response.js';
import { rawServers, thrownBy } from './support/raw-server.js';

describe('What a raw response refuses', () => {
  const serve = rawServers();

  interface Refusal {
    status?: number;
    headers?: RawHeaders;
    body?: unknown;
    code: string;
    message: RegExp;
  }
  const long = 'v'.repeat(16_380);
  const refusals: Record<string, Refusal> = {
    'a line break in a value': {
      headers: { 'X-A': 'a', 'X-Bad': 'a\r\nSet-Cookie: x=y', 'X-C': 'c' },
      code: 'LSAPI_ERR_HEADER_INVALID',
      message: /"X-Bad" holds a line break/,
    },
    'a bare LF in a value': {
      headers: { 'X-A': 'a', 'X-Bad': 'a\nb', 'X-C': 'c' },
      code: 'LSAPI_ERR_HEADER_INVALID',
      message: /"X-Bad" holds a line break/,
    },
    'a bare CR in a value': {
      headers: { 'X-Bad': 'a\rb' },
      code: 'LSAPI_ERR_HEADER_INVALID',
      message: /"X-Bad"/,
    },
    'a NUL in a value': {
      headers: { 'X-Bad': 'a\0b' },
      code: 'LSAPI_ERR_HEADER_INVALID',
      message: /"X-Bad"/,
    },
    'DEL in a value': {
      headers: { 'X-Bad': 'a\x7fb' },
      code: 'LSAPI_ERR_HEADER_INVALID',
      message: /"X-Bad"/,
    },
    'a value that the wire has no bytes for': {
      headers: { 'X-A': 'a', 'X-Bad': '日' },
      code: 'LSAPI_ERR_HEADER_INVALID',
      message: /"X-Bad" holds characters beyond latin1/,
    },
    'a code point that would be cut to a line break': {
      headers: { 'X-Bad': 'a\u010ab\u010dc' },
      code: 'LSAPI_ERR_HEADER_INVALID',
      message: /"X-Bad" holds characters beyond latin1/,
    },
    'an empty name': { headers: { '': 'x' }, code: 'LSAPI_ERR_HEADER_INVALID', message: /""/ },
    'a name with a blank': {
      headers: { 'X Bad': 'x' },
      code: 'LSAPI_ERR_HEADER_INVALID',
      message: /"X Bad"/,
    },
    'a name with a colon': {
      headers: { ':status': 'x' },
      code: 'LSAPI_ERR_HEADER_INVALID',
      message: /valid/,
    },
    'a name with a line break': { headers: { 'X\nY': 'x' }, code: 'LSAPI_ERR_HEADER_INVALID', message: /./ },
    'a name beyond ASCII': { headers: { 'X-\xfc': 'x' }, code: 'LSAPI_ERR_HEADER_INVALID', message: /"X-ü"/ },
    'a line that is too long': {
      headers: { 'X-Long': long },
      code: 'LSAPI_ERR_HEADER_TOO_LARGE',
      message: /"X-Long" has 16388 bytes .* at most 16380/,
    },
    'more lines than the server takes': {
      headers: Array.from({ length: 1001 }, (_, n): [string, string] => [`X-${n}`, 'x']),
      code: 'LSAPI_ERR_HEADER_TOO_LARGE',
      message: /1000 lines/,
    },
    'more bytes than the server takes': {
      headers: Array.from({ length: 5 }, (_, n): [string, string] => [`X-${n}`, long.slice(5)]),
      code: 'LSAPI_ERR_HEADER_TOO_LARGE',
      message: /65535 bytes/,
    },
    'a Content-Length that is no number': {
      headers: { 'Content-Length': '5 bytes' },
      code: 'LSAPI_ERR_CONTENT_LENGTH',
      message: /not "5 bytes"/,
    },
    'a negative Content-Length': {
      headers: { 'Content-Length': -1 },
      code: 'LSAPI_ERR_CONTENT_LENGTH',
      message: /digits only/,
    },
    'a status below 100': { status: 99, code: 'LSAPI_ERR_STATUS', message: /^99 / },
    'an informational status': { status: 103, code: 'LSAPI_ERR_STATUS', message: /1xx is never sent/ },
    'a status above 999': { status: 1000, code: 'LSAPI_ERR_STATUS', message: /^1000 / },
    'a status that is no whole number': { status: 200.5, code: 'LSAPI_ERR_STATUS', message: /^200.5 / },
    'a status that is no number': { status: NaN, code: 'LSAPI_ERR_STATUS', message: /^NaN / },
    'a status that is text': { status: '200' as unknown as number, code: 'LSAPI_ERR_STATUS', message: /200/ },
    'a body that is a number': { body: 5, code: 'ERR_INVALID_ARG_TYPE', message: /not 5/ },
    'a body that is an object': { body: { a: 1 }, code: 'ERR_INVALID_ARG_TYPE', message: /not \{ a: 1 \}/ },
    'a body that is an array': { body: [1, 2], code: 'ERR_INVALID_ARG_TYPE', message: /not \[/ },
    'a body that is an ArrayBuffer': {
      body: new ArrayBuffer(4),
      code: 'ERR_INVALID_ARG_TYPE',
      message: /not ArrayBuffer/,
    },
  };

  const ways: Record<
    string,
    (response: RawResponse, status: number, headers: RawHeaders, body: never) => unknown
  > = {
    'send()': (response, status, headers, body) => response.send(status, headers, body),
    'writeHead() and end()': (response, status, headers, body) =>
      response.writeHead(status, headers).end(body),
    'writeHead() and write()': (response, status, headers, body) =>
      response.writeHead(status, headers).write(body),
  };

  for (const [name, { status = 200, headers = {}, body = 'x', code, message }] of Object.entries(refusals)) {
    for (const [way, send] of Object.entries(ways)) {
      it(`${name}, by ${way}; another answer can be given`, async () => {
        const server = serve((_, response) => {
          const error = thrownBy(() => send(response, status, headers, body as never));
          assert.equal(error.code, code);
          assert.match(error.message, message);
          assert.deepEqual([response.headersSent, response.ended], [false, false]);
          if (code === 'ERR_INVALID_ARG_TYPE' && way !== 'send()') response.end('good');
          else response.send(202, { 'X-Good': 'g' }, 'good');
        });
        const client = await server.connect();
        for (let n = 0; n < 2; n++) {
          const response = await client.request();
          assert.equal(response.text, 'good', server.log.join('\n'));
          assert.deepEqual(response.header('x-bad'), []);
          assert.equal(response.connectionClosed, false);
        }
      });
    }
  }

  it('a header that was refused is not sent by a later end() without one', async () => {
    const server = serve((_, response) => {
      response.writeHead(404, { 'X-Bad': 'a\nb' });
      assert.equal(thrownBy(() => response.flush()).code, 'LSAPI_ERR_HEADER_INVALID');
      response.end('plain');
    });
    const response = await server.request();
    assert.deepEqual([response.status, response.headers], [200, [['Content-Length', '5']]]);
  });

  for (const way of ['send()', 'writeHead() and end()'] as const) {
    it(`a Content-Length that is not the length of the body, by ${way}; another answer can be given`, async () => {
      const server = serve((_, response) => {
        const error = thrownBy(() => ways[way]!(response, 200, { 'Content-Length': 6 }, 'seven!!' as never));
        assert.equal(error.code, 'LSAPI_ERR_CONTENT_LENGTH');
        assert.match(error.message, /not the length of the body/);
        response.send(200, { 'Content-Length': 4 }, 'good');
      });
      const response = await server.request();
      assert.deepEqual([response.text, response.header('content-length')], ['good', ['4']]);
    });
  }

  it('a Content-Length of its own stands in the answer to HEAD', async () => {
    const server = serve((_, response) => response.send(200, { 'Content-Length': 1000 }));
    const response = await server.request({ method: 'HEAD' });
    assert.deepEqual([response.status, response.header('content-length')], [200, ['1000']]);
  });

  it('a refusal that nobody catches becomes a 500', async () => {
    const server = serve((_, response) => {
      response.send(200, { 'X-Bad': 'a\nb' }, 'x');
    });
    const response = await server.request();
    assert.deepEqual([response.status, response.connectionClosed], [500, false]);
    assert.match(server.log.join(), /"X-Bad" holds a line break/);
  });

  it('a second header', async () => {
    const server = serve((_, response) => {
      response.writeHead(200);
      assert.equal(thrownBy(() => response.writeHead(201)).code, 'LSAPI_ERR_HEADERS_SENT');
      assert.equal(thrownBy(() => response.send(201)).code, 'LSAPI_ERR_HEADERS_SENT');
      void response.write('a');
      assert.equal(thrownBy(() => response.writeHead(201)).code, 'LSAPI_ERR_HEADERS_SENT');
      assert.equal(thrownBy(() => response.send(201)).code, 'LSAPI_ERR_HEADERS_SENT');
      response.end('b');
    });
    const response = await server.request();
    assert.deepEqual([response.status, response.text], [200, 'ab'], server.log.join('\n'));
  });

  it('anything after its end', async () => {
    let codes: (string | undefined)[] = [];
    const server = serve((_, response) => {
      response.send(200, null, 'x');
      codes = [
        () => response.send(200),
        () => response.writeHead(200),
        () => response.write('y'),
        () => response.end(),
      ].map((action) => thrownBy(action).code);
      response.flush();
    });
    const client = await server.connect();
    for (let n = 0; n < 2; n++) {
      assert.equal((await client.request()).text, 'x');
      assert.deepEqual(codes, Array(4).fill('LSAPI_ERR_RESPONSE_ENDED'));
    }
  });
});

describe('A raw handler that fails', () => {
  const serve = rawServers();

  /** Settles as a promise of another library would. */
  function thenable(reason: Error): PromiseLike<void> {
    return {
      then(_: unknown, onRejected?: ((reason: unknown) => unknown) | null) {
        setTimeout(() => onRejected?.(reason), 1);
        return this as never;
      },
    };
  }

  const failures: Record<string, RawHandler> = {
    throws: () => {
      throw new Error('the reason');
    },
    'rejects at once': () => Promise.reject(new Error('the reason')),
    'rejects later': async () => {
      await delay(5);
      throw new Error('the reason');
    },
    'returns a thenable that rejects': () => thenable(new Error('the reason')),
    'throws after writeHead()': (_, response) => {
      response.writeHead(200, { 'X-A': 'a' });
      throw new Error('the reason');
    },
    'throws what is no error': () => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- apps do
      throw 'the reason';
    },
  };
  for (const [name, handler] of Object.entries(failures)) {
    it(`${name}: 500, a line in the log, the connection stays usable`, async () => {
      const server = serve(handler);
      const client = await server.connect();
      for (let n = 0; n < 2; n++) {
        const response = await client.request({ url: '/failing' });
        assert.deepEqual([response.status, response.connectionClosed], [500, false]);
        assert.equal(response.text, 'Internal Server Error\n');
        assert.deepEqual(response.header('content-type'), ['text/plain; charset=utf-8']);
        assert.deepEqual(response.header('x-a'), []);
      }
      assert.equal(server.log.length, 2);
      assert.match(server.log[0] ?? '', /^error in the handler of GET \/failing: .*the reason/);
      server.handler = (_, response) => response.send(200, null, 'fine');
      assert.equal((await client.request()).text, 'fine');
    });
  }

  it('tells the stack in development', async () => {
    const server = serve(failures.throws as RawHandler, { development: true });
    assert.match((await server.request()).text, /Error: the reason\n {4}at /);
  });

  it('in the middle of the body: the response ends as it is, so that it is not delivered again', async () => {
    const server = serve(async (_, response) => {
      await response.write('half');
      await delay(1);
      throw new Error('the reason');
    });
    const client = await server.connect();
    for (let n = 0; n < 2; n++) {
      const response = await client.request();
      assert.deepEqual([response.status, response.text, response.complete], [200, 'half', true]);
    }
    assert.match(server.log.join(), /the reason/);
  });

  it('after the end: a line in the log', async () => {
    const server = serve(async (_, response) => {
      response.send(200, null, 'complete');
      await delay(1);
      throw new Error('the reason');
    });
    const client = await server.connect();
    assert.equal((await client.request()).text, 'complete');
    await delay(10);
    assert.match(server.log.join(), /the reason/);
    assert.equal((await client.request()).text, 'complete');
  });

  it('with a body that nobody read: the connection is closed', async () => {
    const server = serve(failures.throws as RawHandler);
    const client = await server.connect();
    await client.send({ method: 'POST', body: 'part', bodyLength: 1000 });
    const response = await client.completed();
    assert.deepEqual([response.status, response.connectionClosed], [500, true]);
  });
});

describe('Raw connections at the end of the process', () => {
  const serve = rawServers();

  it('answer every request in progress', async () => {
    const server = serve((request, response) => {
      if (request.url === '/begun') void response.write('begun');
    });
    const clients = await Promise.all(['/', '/begun', '/'].map(() => server.connect()));
    for (const [n, client] of clients.entries()) await client.send({ url: n === 1 ? '/begun' : '/' });
    await Promise.all(clients.map((client) => client.until(() => client.response.acknowledged)));
    server.connections.set.drain();
    server.connections.failRequests(new Error('the end'));
    const responses = await Promise.all(clients.map((client) => client.completed()));
    assert.deepEqual(
      responses.map(({ status, text, connectionClosed }) => [status, text, connectionClosed]),
      [
        [500, 'Internal Server Error\n', true],
        [200, 'begun', true],
        [500, 'Internal Server Error\n', true],
      ],
    );
    await server.drained;
  });

  it('drain: requests in progress are finished, idle connections closed', async () => {
    let finish = (): void => undefined;
    const server = serve((_, response) => {
      finish = () => response.send(200, null, 'finished');
    });
    const [busy, idle] = [await server.connect(), await server.connect()];
    await busy.send();
    await busy.until(() => busy.response.acknowledged);
    server.connections.set.drain();
    await idle.closed();
    assert.equal(idle.response.connectionClosed, true);
    finish();
    const response = await busy.completed();
    assert.deepEqual([response.text, response.connectionClosed], ['finished', true]);
    await server.drained;
  });
});
