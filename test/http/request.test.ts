import assert from 'node:assert/strict';
import http from 'node:http';
import { Socket, type AddressInfo } from 'node:net';
import { deferred, withServer } from './support/serve.js';
import type { RequestOptions } from '../support/lsapi-client.js';

/** What a handler sees of a request. */
async function seen<T>(options: RequestOptions, look: (request: http.IncomingMessage) => T): Promise<T> {
  const { promise, resolve } = deferred<T>();
  await withServer(
    (request, response) => {
      resolve(look(request));
      response.end();
    },
    async (served) => void (await served.request(options)),
  );
  return promise;
}

describe('Request', () => {
  it('has Node’s own class', async () => {
    assert.equal(await seen({}, (request) => request instanceof http.IncomingMessage), true);
  });

  for (const method of [
    'GET',
    'POST',
    'HEAD',
    'PUT',
    'DELETE',
    'PATCH',
    'OPTIONS',
    'PROPFIND',
    'REPORT',
    'PURGE',
  ]) {
    it(`has the method ${method}`, async () => {
      assert.equal(await seen({ method }, (request) => request.method), method);
    });
  }

  it('has its url from REQUEST_URI, as the client sent it', async () => {
    for (const url of ['/', '/a?b=c&d', '/%2e%2e/ä?x=%00', '*', '/a//b?', 'http://example.com/x']) {
      const latin1 = Buffer.from(url).toString('latin1');
      assert.equal(await seen({ url: latin1 }, (request) => request.url), latin1);
    }
  });

  it('has its HTTP version', async () => {
    const version = (request: http.IncomingMessage): unknown[] => [
      request.httpVersion,
      request.httpVersionMajor,
      request.httpVersionMinor,
    ];
    assert.deepEqual(await seen({ httpVersion: '1.0' }, version), ['1.0', 1, 0]);
    assert.deepEqual(await seen({ httpVersion: '1.1' }, version), ['1.1', 1, 1]);
    assert.deepEqual(await seen({ env: { SERVER_PROTOCOL: 'HTTP/2' } }, version), ['1.1', 1, 1]);
  });

  describe('headers', () => {
    const lines: [string, string][] = [
      ['hOsT', 'Example.COM'],
      ['X-First', '1'],
      ['Accept', 'text/html'],
      ['Cookie', 'a=1'],
      ['x-first', '2'],
      ['Set-Cookie', 'x=1'],
      ['cookie', 'b=2'],
      ['Set-Cookie', 'y=2'],
      ['Referer', 'one'],
      ['Referer', 'two'],
      ['User-Agent', 'Mozilla'],
      ['Accept', '*/*'],
      ['Content-Type', 'a/b'],
      ['Content-Type', 'c/d'],
      ['Empty', ''],
      ['X-Latin', 'caf\xe9'],
      ['__proto__', 'no'],
    ];

    it('keep order and case in rawHeaders', async () => {
      const raw = await seen({ headers: lines }, (request) => request.rawHeaders);
      assert.deepEqual(raw, lines.flat());
    });

    it('are joined or discarded as node:http does', async () => {
      const forms = (request: http.IncomingMessage): unknown => ({
        headers: { ...request.headers },
        distinct: { ...request.headersDistinct },
        trailers: { ...request.trailers },
        rawTrailers: request.rawTrailers,
      });
      const lsapi = await seen({ headers: lines }, forms);
      assert.deepEqual(lsapi, await overHttp(lines.flat(), forms));
    });

    it('are joined with joinDuplicateHeaders as node:http does', async () => {
      let lsapi: unknown;
      await withServer(
        (request, response) => {
          lsapi = { ...request.headers };
          response.end();
        },
        async (served) => void (await served.request({ headers: lines })),
        { joinDuplicateHeaders: true },
      );
      const expected = await overHttp(lines.flat(), (request) => ({ ...request.headers }), {
        joinDuplicateHeaders: true,
      });
      assert.deepEqual(lsapi, expected);
    });

    it('come in thousands', async () => {
      const many = Array.from({ length: 3000 }, (_, n): [string, string] => [`X-${n}`, String(n)]);
      const count = await seen({ headers: many }, (request) => Object.keys(request.headers).length);
      assert.equal(count, 3001); // and Host
    });

    it('are cut off at maxHeadersCount, as on node:http', async () => {
      const counts: number[] = [];
      await withServer(
        (request, response) => {
          counts.push(Object.keys(request.headers).length, request.rawHeaders.length);
          response.end();
        },
        async (served) => {
          for (const limit of [2, 0]) {
            served.server.maxHeadersCount = limit;
            await served.request({ headers: { a: '1', b: '2', c: '3' } });
          }
        },
      );
      assert.deepEqual(counts, [2, 8, 4, 8]); // with Host
    });

    it('may be replaced by the app', async () => {
      const value = await seen({}, (request) => {
        request.headers = { own: 'x' };
        return request.headers.own;
      });
      assert.equal(value, 'x');
    });
  });

  describe('socket', () => {
    const peer = (request: http.IncomingMessage): unknown => {
      const { remoteAddress, remotePort, remoteFamily, localAddress, localPort } = request.socket;
      const { encrypted } = request.socket as { encrypted?: boolean };
      return { remoteAddress, remotePort, remoteFamily, localAddress, localPort, encrypted };
    };

    it('tells the peer of the HTTP client', async () => {
      assert.deepEqual(await seen({}, peer), {
        remoteAddress: '203.0.113.7',
        remotePort: 50123,
        remoteFamily: 'IPv4',
        localAddress: '192.0.2.1',
        localPort: 80,
        encrypted: false,
      });
    });

    it('tells IPv6 and TLS', async () => {
      const env = {
        REMOTE_ADDR: '2001:db8::7',
        REMOTE_PORT: '1',
        SERVER_ADDR: '2001:db8::1',
        SERVER_PORT: '443',
        HTTPS: 'on',
      };
      assert.deepEqual(await seen({ env }, peer), {
        remoteAddress: '2001:db8::7',
        remotePort: 1,
        remoteFamily: 'IPv6',
        localAddress: '2001:db8::1',
        localPort: 443,
        encrypted: true,
      });
    });

    it('takes the word of an app that knows better than the server whether it was TLS', async () => {
      const encrypted = await seen({}, ({ socket }) => {
        (socket as { encrypted?: boolean }).encrypted = true;
        return (socket as { encrypted?: boolean }).encrypted;
      });
      assert.equal(encrypted, true);
    });

    it('tells nothing that the server did not', async () => {
      const env = {
        REMOTE_ADDR: undefined,
        REMOTE_PORT: undefined,
        SERVER_ADDR: undefined,
        SERVER_PORT: undefined,
        HTTPS: 'off',
      };
      assert.deepEqual(await seen({ env }, peer), {
        remoteAddress: undefined,
        remotePort: undefined,
        remoteFamily: undefined,
        localAddress: undefined,
        localPort: undefined,
        encrypted: false,
      });
    });

    it('is a net.Socket to those who ask', async () => {
      assert.equal(await seen({}, (request) => request.socket instanceof Socket), true);
    });

    it('is one for request and response, and answers what libraries ask a socket', async () => {
      const result = await seen({}, (request) => {
        const { socket } = request;
        socket.setNoDelay().setKeepAlive().ref().unref().pause().resume();
        return {
          same: request.connection === socket,
          address: socket.address() as AddressInfo,
          state: [socket.readyState, socket.destroyed, socket.readable, socket.writable, socket.connecting],
          counters: [socket.bytesRead, socket.bytesWritten],
          writable: [socket.writableLength, socket.writableCorked, socket.writableEnded, socket.errored],
        };
      });
      assert.deepEqual(result, {
        same: true,
        address: { address: '192.0.2.1', port: 80, family: 'IPv4' },
        state: ['open', false, true, true, false],
        counters: [0, 0],
        writable: [0, 0, false, null],
      });
    });
  });

  it('has the LSAPI environment, which survives an exchange of prototypes', async () => {
    const env = await seen({ url: '/x?y', env: { MY_VARIABLE: 'caf\xe9', EMPTY: '' } }, (request) => {
      Object.setPrototypeOf(request, Object.create(http.IncomingMessage.prototype) as object);
      return request.lsapi!.env;
    });
    assert.equal(env.REQUEST_URI, '/x?y');
    assert.equal(env.QUERY_STRING, 'y');
    assert.equal(env.MY_VARIABLE, 'caf\xe9');
    assert.equal(env.EMPTY, '');
    assert.equal(env.DOCUMENT_ROOT, '/srv/www');
    assert.equal(Object.getPrototypeOf(env), null);
  });

  for (const fragment of [1, 7, 100]) {
    it(`arrives in pieces of ${fragment} bytes`, async () => {
      await withServer(
        (request, response) => request.pipe(response),
        async (served) => {
          const response = await served.request({ method: 'POST', url: '/f', body: 'in pieces', fragment });
          assert.equal(response.text, 'in pieces');
        },
      );
    });
  }

  it('comes in either byte order, and is answered in its own', async () => {
    await withServer(
      (request, response) => response.end(request.url),
      async (served) => {
        const response = await served.request({ flag: 1, byteOrder: 'big', url: '/big' });
        assert.equal(response.text, '/big');
        assert.deepEqual([...new Set(response.packets.map(({ flag }) => flag))], [1]);
      },
    );
  });

  it('follows the previous one on its connection', async () => {
    await withServer(
      (request, response) => response.end(request.url),
      async (served) => {
        const client = await served.client();
        for (let n = 0; n < 50; n++) {
          const response = await client.request({
            url: `/${n}`,
            method: n % 2 ? 'POST' : 'GET',
            body: n % 2 ? 'b' : '',
          });
          assert.deepEqual([response.text, response.connectionClosed], [`/${n}`, false]);
        }
        assert.equal(served.server.listening, true);
      },
    );
  });
});

/** The same headers in a request to a real HTTP server. */
async function overHttp<T>(
  headers: readonly string[],
  look: (request: http.IncomingMessage) => T,
  options: http.ServerOptions = {},
): Promise<T> {
  const { promise, resolve } = deferred<T>();
  const server = http.createServer(options, (request, response) => {
    resolve(look(request));
    response.end();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const { connect } = await import('node:net');
  const lines = headers.reduce((text, part, at) => text + part + (at % 2 === 0 ? ': ' : '\r\n'), '');
  const socket = connect(port, '127.0.0.1');
  socket.end(Buffer.from(`GET / HTTP/1.1\r\n${lines}\r\n`, 'latin1'));
  try {
    return await promise;
  } finally {
    socket.destroy();
    server.close();
    server.closeAllConnections();
  }
}
