import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { plainUrl } from '#lib/fetch/plain-url.js';
import { isSecureText } from '#lib/fetch/request-texts.js';
import { requestUrl } from '#lib/fetch/request-url.js';
import { isSecure, parseEnvironment } from '#lib/http/request-environment.js';
import { buildRequest } from '../support/lsapi-request.js';
import { eventually, fetchServers } from './support/fetch-server.js';

describe('The Request of the fetch style', () => {
  const serve = fetchServers();

  it('is a Request with method, URL and headers', async () => {
    const server = serve((request) => {
      assert.ok(request instanceof Request);
      assert.equal(request.constructor, Request);
      assert.equal(Object.prototype.toString.call(request), '[object Request]');
      assert.ok(request.headers instanceof Headers);
      return Response.json([request.method, request.url, [...request.headers]]);
    });
    const response = await server.request({
      method: 'PUT',
      url: '/path?a=%20b',
      headers: [
        ['Host', 'Example.com:8080'],
        ['X-Two', 'one'],
        ['Cookie', 'a=1'],
        ['X-Two', 'two'],
        ['Cookie', 'b=2'],
      ],
    });
    assert.deepEqual(JSON.parse(response.text), [
      'PUT',
      'http://example.com:8080/path?a=%20b',
      [
        ['cookie', 'a=1; b=2'],
        ['host', 'Example.com:8080'],
        ['x-two', 'one, two'],
      ],
    ]);
  });

  it('costs no Request of the platform before something needs one', async () => {
    const server = serve(async (request) => {
      if (request.url.endsWith('/needed')) await request.text();
      const { method, headers, signal, bodyUsed, body } = request;
      return Response.json([method, headers.get('host'), signal.aborted, bodyUsed, body]);
    });
    await server.request();
    const platform = globalThis.Request;
    let built = 0;
    globalThis.Request = new Proxy(platform, {
      construct(target, parameters, newTarget) {
        built++;
        return Reflect.construct(target, parameters, newTarget) as object;
      },
    });
    try {
      const response = await server.request();
      assert.deepEqual([response.text, built], ['["GET","example.com",false,false,null]', 0]);
      await server.request({ url: '/needed' });
      assert.equal(built, 1);
    } finally {
      globalThis.Request = platform;
    }
  });

  it('has all that a Request has', async () => {
    let seen: Request | undefined;
    await serve((request) => {
      seen = request;
      return new Response();
    }).request({ url: '/a' });
    const request = seen!;
    const plain = new Request('http://example.com/a', { headers: { host: 'example.com' } });
    for (const key of Object.keys(Object.getOwnPropertyDescriptors(Request.prototype))) {
      const [ours, theirs] = [request, plain].map((value) => Reflect.get(value, key) as unknown);
      if (typeof theirs === 'function') assert.equal(typeof ours, 'function', key);
      else if (key === 'signal' || key === 'headers') assert.equal(typeof ours, 'object', key);
      else assert.deepEqual(ours, theirs, key);
    }
    assert.match(inspect(request), /^Request \{/);
  });

  const ways: Record<string, (request: Request) => Request> = {
    'the Request itself': (request) => request,
    'clone()': (request) => request.clone(),
    'new Request(request)': (request) => new Request(request),
    'new Request(request) where headers were looked at before': (request) => {
      request.headers.get('x-a');
      return new Request(request);
    },
    'new Request(request, {})': (request) => new Request(request, {}),
    'a class derived from Request': (request) => new (class Derived extends Request {})(request),
  };
  for (const [name, derive] of Object.entries(ways)) {
    it(`keeps method, URL, headers, body and signal: ${name}`, async () => {
      let signal: AbortSignal | undefined;
      const server = serve(async (request) => {
        const derived = derive(request);
        assert.ok(derived instanceof Request);
        signal = derived.signal;
        const { method, url, headers } = derived;
        return Response.json([method, url, headers.get('x-a'), await derived.text(), derived.bodyUsed]);
      });
      const response = await server.request({
        method: 'POST',
        url: '/x',
        headers: { 'X-A': 'a' },
        body: 'text',
      });
      assert.deepEqual(JSON.parse(response.text), ['POST', 'http://example.com/x', 'a', 'text', true]);
      assert.equal(signal?.aborted, false);
    });
  }

  it('can be fetched, its body with it', async () => {
    const upstream = http.createServer((req, res) => {
      res.setHeader('X-Seen', `${req.method} ${req.url} ${String(req.headers['x-a'])}`);
      req.pipe(res);
    });
    upstream.listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    const host = `127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    try {
      const server = serve((request) => fetch(request));
      const response = await server.request({
        method: 'POST',
        url: '/up',
        headers: { Host: host, 'X-A': 'a' },
        body: 'passed on',
      });
      assert.deepEqual([response.text, response.header('x-seen')], ['passed on', ['POST /up a']]);
    } finally {
      upstream.close();
      upstream.closeAllConnections();
    }
  });

  it('has headers that can be changed, and passes the change on to its clones', async () => {
    const server = serve((request) => {
      request.headers.set('x-a', 'changed');
      assert.equal(request.headers, request.headers);
      return new Response(request.clone().headers.get('x-a'));
    });
    assert.equal((await server.request({ headers: { 'X-A': 'a' } })).text, 'changed');
  });

  it('leaves out what Headers refuses, and keeps the rest', async () => {
    const server = serve((request) => Response.json([...request.headers.keys()]));
    const client = await server.connect();
    const { packet } = buildRequest({ headers: { 'X-Bad': 'a\x01b', 'X-Good': 'caf\xe9' } });
    packet[packet.indexOf('a\x01b', 0, 'latin1') + 1] = 0; // no tool of the tests would send that
    await client.write(packet);
    assert.deepEqual(JSON.parse((await client.completed()).text), ['host', 'x-good']);
  });

  it('has headers of which one costs no Headers, with the answers of a Headers', async () => {
    const headers: [string, string][] = [
      ['Host', 'example.com'],
      ['X-Two', 'one'],
      ['Cookie', 'a=1'],
      ['x-two', 'two'],
      ['Cookie', 'b=2'],
      ['X-Latin', 'caf\xe9'],
      ['X-Empty', ''],
      ['X-Other', 'with\ttab'],
    ];
    let seen: Request | undefined;
    const server = serve((request) => {
      seen = request;
      return new Response();
    });
    await server.request({ headers });
    const plain = new Headers([...seen!.headers]);
    const ask = (headers: Headers, method: 'get' | 'has', name: unknown): unknown => {
      try {
        return headers[method](name as string);
      } catch (error) {
        return String(error);
      }
    };
    for (const name of [
      'host',
      'X-TWO',
      'cookie',
      'x-latin',
      'x-empty',
      'x-other',
      'none',
      '',
      'a b',
      7,
      null,
    ]) {
      for (const method of ['get', 'has'] as const) {
        await server.request({ headers });
        assert.deepEqual(ask(seen!.headers, method, name), ask(plain, method, name), `${method} ${name}`);
        seen!.headers.delete('x-two');
        assert.equal(seen!.headers.has('x-two'), false);
      }
    }
    const { headers: ours } = seen!;
    assert.deepEqual([...new Headers(ours)], [...ours]);
    assert.equal(new Request('http://localhost/', { headers: ours }).headers.get('cookie'), 'a=1; b=2');
    assert.equal(new Response(null, { headers: ours }).headers.get('cookie'), 'a=1; b=2');
    assert.match(inspect(ours), /^Headers \{/);
    assert.equal(ours.constructor, Headers);
    assert.equal(Object.prototype.toString.call(ours), '[object Headers]');
  });

  it('and its context stay readable after the response', async () => {
    let later: Promise<unknown> | undefined;
    const server = serve((request, context) => {
      later = new Promise((resolve) => setTimeout(resolve, 5)).then(() => [
        request.url,
        request.headers.get('x-a'),
        request.clone().method,
        context.client.address,
      ]);
      return new Response('done');
    });
    await server.request({ headers: { 'X-A': 'a' } });
    assert.deepEqual(await later, ['http://example.com/', 'a', 'GET', '203.0.113.7']);
  });

  for (const method of ['TRACE', 'TRACK', 'CONNECT']) {
    it(`cannot have the method ${method}: 501, the handler is not called`, async () => {
      const server = serve(() => new Response('called'));
      const response = await server.request({ method });
      assert.deepEqual([response.status, server.log], [501, []]);
    });
  }

  it('may have a method of its own', async () => {
    const server = serve((request) => new Response(request.method + request.clone().method));
    assert.equal((await server.request({ method: 'PROPFIND' })).text, 'PROPFINDPROPFIND');
    assert.equal((await server.request({ method: 'X-OWN' })).text, 'X-OWNX-OWN');
  });
});

describe('The URL of a Request', () => {
  const env = { SERVER_NAME: 'server.example', SERVER_PORT: '8080', SERVER_ADDR: '192.0.2.1' };
  const cases: [string, string, string | undefined, Record<string, string>, string][] = [
    ['host and target', '/a?b=c', 'example.com', env, 'http://example.com/a?b=c'],
    ['https', '/', 'example.com', { ...env, HTTPS: 'on' }, 'https://example.com/'],
    ['no https', '/', 'example.com', { ...env, HTTPS: 'off' }, 'http://example.com/'],
    ['a port', '/', 'example.com:8443', env, 'http://example.com:8443/'],
    ['the port of the scheme', '/', 'example.com:80', env, 'http://example.com/'],
    ['an IPv6 address', '/', '[2001:db8::1]:81', env, 'http://[2001:db8::1]:81/'],
    ['upper case', '/A', 'EXAMPLE.com', env, 'http://example.com/A'],
    [
      'a path that looks like an authority',
      '//evil.example/a',
      'example.com',
      env,
      'http://example.com//evil.example/a',
    ],
    ['dots in the path', '/a/../b', 'example.com', env, 'http://example.com/b'],
    ['what paths cannot have', '/a b"<', 'example.com', env, 'http://example.com/a%20b%22%3C'],
    ['escapes as they are', '/%2F%zz', 'example.com', env, 'http://example.com/%2F%zz'],
    ['OPTIONS *', '*', 'example.com', env, 'http://example.com/*'],
    ['a whole URL', 'http://other.example/a', 'example.com', env, 'http://other.example/a'],
    ['no Host', '/a', undefined, env, 'http://server.example:8080/a'],
    ['an empty Host', '/a', '', env, 'http://server.example:8080/a'],
    ['a Host with a path', '/a', 'x.example/b', env, 'http://server.example:8080/a'],
    ['a Host with a user', '/a', 'u@x.example', env, 'http://server.example:8080/a'],
    ['a Host with a bad port', '/a', 'x.example:99999', env, 'http://server.example:8080/a'],
    ['no name at all', '/a', undefined, { SERVER_NAME: '', SERVER_ADDR: '192.0.2.1' }, 'http://192.0.2.1/a'],
    ['nothing', '/a', undefined, {}, 'http://localhost/a'],
  ];
  for (const [name, target, host, variables, url] of cases) {
    it(`${name}: ${url}`, () => assert.equal(requestUrl(target, host, variables), url));
  }
});

describe('A URL that needs no parser', () => {
  it('is what the parser would make of it', () => {
    const parts = (...odd: string[]): fc.Arbitrary<string> =>
      fc.string({
        unit: fc.constantFrom(...odd, ...'aZ09-._~', 'x', '%2e', '%2F', '%zz', '%C3'),
        maxLength: 8,
      });
    const host = fc.oneof(
      parts('.', ':80', ':443', ':8080', 'xn--', '0x1', '1', 'é', 'A', '[::1]', '_', ' '),
      fc.stringMatching(/^[a-z\d]{1,3}([.-][a-z\d]{1,3}){0,2}(:\d{1,5})?$/),
    );
    const target = parts(
      '/',
      '.',
      '..',
      '/./',
      '?',
      '#',
      '\\',
      '"',
      "'",
      '<',
      ' ',
      '\t',
      'é',
      '|',
      '^',
      '&',
      '=',
      '@',
    );
    let plain = 0;
    fc.assert(
      fc.property(host, target, fc.boolean(), (host, target, secure) => {
        const url = plainUrl(`/${target}`, host, secure);
        if (url === undefined) return;
        plain++;
        assert.equal(url, new URL(`${secure ? 'https' : 'http'}://${host}/${target}`).href);
      }),
      { numRuns: 5000 },
    );
    assert.ok(plain > 100, String(plain));
  });

  it('is that of most requests', () => {
    for (const target of ['/', '/a/b.html?c=d&e=%20f', '//a', '/a;b=c,d', '/a%7Eb', '/x?y=/../z?']) {
      assert.equal(plainUrl(target, 'www.example.com:8080', true), `https://www.example.com:8080${target}`);
    }
  });

  it('knows the scheme from the last HTTPS of the environment, whatever is in other variables', () => {
    const text = (...variables: [string, string][]): string =>
      variables
        .map(
          ([name, value]) =>
            `\0${String.fromCharCode(name.length + 1)}\0${String.fromCharCode(value.length + 1)}${name}\0${value}\0`,
        )
        .join('') + '\0\0\0\0';
    const cases: [string, boolean][] = [
      [text(), false],
      ['', false],
      [text(['A', 'b'], ['HTTPS', 'on']), true],
      [text(['HTTPS', 'ON'], ['A', 'b']), true],
      [text(['HTTPS', 'off']), false],
      [text(['HTTPS', 'on'], ['HTTPS', 'off']), false],
      [text(['HTTPS', 'on\0x']), true],
      [text(['A', '\0\x06\0\x03HTTPS\0on\0']), false],
      [text(['HTTPS_', 'on'], ['XHTTPS', 'on']), false],
    ];
    for (const [list, secure] of cases) {
      assert.equal(isSecureText(list), secure, JSON.stringify(list));
      assert.equal(isSecure(parseEnvironment(list)), secure, JSON.stringify(list));
    }
  });
});

describe('A client that leaves a fetch request', () => {
  const serve = fetchServers();

  it('aborts its signal, and that of its clones', async () => {
    const signals: AbortSignal[] = [];
    const server = serve(async (request) => {
      signals.push(request.signal, request.clone().signal, new Request(request).signal);
      await new Promise((resolve) => request.signal.addEventListener('abort', resolve));
      return new Response('to nobody');
    });
    const client = await server.connect();
    await client.send();
    await eventually(() => signals.length === 3, 'the handler has begun');
    assert.deepEqual(
      signals.map(({ aborted }) => aborted),
      [false, false, false],
    );
    await client.abort();
    await eventually(() => signals.every(({ aborted }) => aborted), 'the signals are aborted');
    assert.deepEqual(server.log, []);
  });

  it('does not abort the signal of a request that was answered', async () => {
    let signal: AbortSignal | undefined;
    const server = serve((request) => {
      signal = request.signal;
      return new Response('complete');
    });
    await server.request();
    assert.equal((await server.request()).text, 'complete');
    assert.equal(signal?.aborted, false);
  });

  it('a fetch() with its signal is given up: nothing is logged', async () => {
    const upstream = http.createServer().listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    const { port } = upstream.address() as AddressInfo;
    let left = false;
    upstream.on('request', (_, res) => res.on('close', () => (left = true)));
    const server = serve((request) => fetch(`http://127.0.0.1:${port}/`, { signal: request.signal }));
    const client = await server.connect();
    await client.send();
    await once(upstream, 'request');
    await client.abort();
    await eventually(() => left, 'the upstream request has ended');
    assert.deepEqual(server.log, []);
    upstream.close();
    upstream.closeAllConnections();
  });
});
