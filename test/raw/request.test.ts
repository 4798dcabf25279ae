import assert from 'node:assert/strict';
import { PacketType } from '#lib/codec/index.js';
import { METHODS, native } from '#lib/native/binding.js';
import type { RawRequest } from '#lib/raw/raw-request.js';
import type { RequestOptions } from '../support/lsapi-client.js';
import { buildRequest } from '../support/lsapi-request.js';
import { requestVectors } from '../support/vectors.js';
import { rawServers, thrownBy } from './support/raw-server.js';

describe('A raw request', () => {
  const serve = rawServers();

  /** What `look` sees in a request. */
  async function see<T>(options: RequestOptions, look: (request: RawRequest) => T): Promise<T> {
    let seen: T | undefined;
    const server = serve((request, response) => {
      seen = look(request);
      response.send(204);
    });
    const response = await server.request(options);
    assert.equal(response.status, 204, server.log.join('\n'));
    return seen as T;
  }

  for (const method of [...METHODS, 'MKCOL', 'M-SEARCH', 'get', 'X']) {
    it(`has the method ${method}`, async () => {
      assert.equal(await see({ method }, (request) => request.method), method);
    });
  }

  for (const url of [
    '/',
    '/a/b?c=d&e',
    '/%41%20?%',
    '/?',
    '//double/',
    '/\xe4\xff',
    '*',
    `/${'long/'.repeat(5000)}`,
  ]) {
    it(`has the url ${JSON.stringify(url.slice(0, 40))} as it was sent`, async () => {
      assert.equal(await see({ url }, (request) => request.url), url);
    });
  }

  it('has a url where the server sends no REQUEST_URI', async () => {
    const options = { url: '/script?q=1', env: { REQUEST_URI: undefined, PATH_INFO: '/more' } };
    assert.equal(await see(options, (request) => request.url), '/script/more?q=1');
  });

  it('finds headers in any case of their names', async () => {
    const headers = { Accept: 'a/b', 'X-Own': 'mine', 'content-type': 'text/plain' };
    for (const spell of [
      (name: string) => name,
      (name: string) => name.toUpperCase(),
      (name: string) => name.toLowerCase(),
    ]) {
      const seen = await see({ headers }, (request) =>
        ['Accept', 'X-Own', 'Content-Type', 'Missing', 'Referer', ''].map((name) =>
          request.header(spell(name)),
        ),
      );
      assert.deepEqual(seen, ['a/b', 'mine', 'text/plain', undefined, undefined, undefined]);
    }
  });

  it('tells an empty header from one that is missing', async () => {
    const seen = await see({ headers: { 'X-Empty': '', Accept: '' } }, (request) => [
      request.header('x-empty'),
      request.header('accept'),
      request.headers['x-empty'],
      request.headers.accept,
    ]);
    assert.deepEqual(seen, ['', '', '', '']);
  });

  it('joins what was sent repeatedly, cookies with a semicolon', async () => {
    const headers: [string, string][] = [
      ['Accept', 'one'],
      ['X-List', 'a'],
      ['Cookie', 'c=1'],
      ['accept', 'two'],
      ['x-list', 'b'],
      ['COOKIE', 'd=2'],
      ['X-LIST', 'c'],
    ];
    const { headers: all, ...single } = await see({ headers }, (request) => ({
      headers: request.headers,
      accept: request.header('accept'),
      list: request.header('X-List'),
      cookie: request.header('cookie'),
    }));
    assert.deepEqual(single, { accept: 'one, two', list: 'a, b, c', cookie: 'c=1; d=2' });
    assert.deepEqual(
      { ...all },
      { accept: 'one, two', 'x-list': 'a, b, c', cookie: 'c=1; d=2', host: 'example.com' },
    );
  });

  it('has all headers in an object without prototype', async () => {
    const headers = { constructor: 'c', __proto__: 'p', toString: 't' };
    const seen = await see(
      { headers: Object.entries({ ...headers, ['__proto__']: 'p' }) },
      (request) => request.headers,
    );
    assert.equal(Object.getPrototypeOf(seen), null);
    assert.deepEqual(Object.entries(seen).sort(), [
      ['__proto__', 'p'],
      ['constructor', 'c'],
      ['host', 'example.com'],
      ['tostring', 't'],
    ]);
  });

  it('has header values in latin1', async () => {
    assert.equal(
      await see({ headers: { 'X-Name': 'J\xfcrgen' } }, (request) => request.header('x-name')),
      'J\xfcrgen',
    );
  });

  it('has a Content-Length that is the length of the body, whatever the header says', async () => {
    const options = { method: 'POST', headers: { 'Content-Length': '99' }, body: 'four' };
    const seen = await see(options, (request) => [
      request.header('content-length'),
      request.headers['content-length'],
      request.bodyLength,
    ]);
    assert.deepEqual(seen, ['4', '4', 4]);
    const empty = await see({ headers: { 'Content-Length': '99' }, bodyLength: 0 }, (request) => [
      request.header('content-length'),
      request.headers['content-length'],
    ]);
    assert.deepEqual(empty, ['0', '0']);
  });

  it('has the environment, single variables and all of them', async () => {
    const env = { REMOTE_ADDR: '2001:db8::1', 'X-LSCACHE': 'on', EMPTY: '' };
    const seen = await see({ url: '/x?y=z', env }, (request) => ({
      remote: request.env('REMOTE_ADDR'),
      cache: request.env('X-LSCACHE'),
      empty: request.env('EMPTY'),
      query: request.env('QUERY_STRING'),
      otherCase: request.env('remote_addr'),
      missing: request.env('MISSING'),
      all: request.environment,
    }));
    const { all, ...single } = seen;
    assert.deepEqual(single, {
      remote: '2001:db8::1',
      cache: 'on',
      empty: '',
      query: 'y=z',
      otherCase: undefined,
      missing: undefined,
    });
    assert.equal(Object.getPrototypeOf(all), null);
    assert.equal(all.REMOTE_ADDR, '2001:db8::1');
    assert.equal(all.REQUEST_METHOD, 'GET');
    assert.equal(all.EMPTY, '');
  });

  it('cannot be read after the response has ended, but method and url can', async () => {
    let kept: RawRequest | undefined;
    const server = serve((request, response) => {
      kept = request;
      response.send(200, null, 'x');
    });
    await server.request({ url: '/kept' });
    assert.ok(kept !== undefined);
    const request = kept;
    for (const read of [
      () => request.header('host'),
      () => request.headers,
      () => request.env('REMOTE_ADDR'),
      () => request.environment,
    ]) {
      assert.equal(thrownBy(read).code, 'LSAPI_ERR_REQUEST_ENDED');
    }
    assert.deepEqual([request.method, request.url, request.bodyLength], ['GET', '/kept', 0]);
  });

  it('does not read another request that has taken its place', async () => {
    const kept: RawRequest[] = [];
    const server = serve((request, response) => {
      kept.push(request);
      response.send(200, null, request.header('x-n'));
    });
    const client = await server.connect();
    for (const n of ['1', '2', '3']) assert.equal((await client.request({ headers: { 'X-N': n } })).text, n);
    server.handler = (_, response) => {
      assert.equal(thrownBy(() => kept[1]?.header('x-n')).code, 'LSAPI_ERR_REQUEST_ENDED');
      response.send(204);
    };
    assert.equal((await client.request()).status, 204, server.log.join());
  });

  it('is the same in every byte order, and so is the answer', async () => {
    const server = serve((request, response) => {
      response.send(200, { 'X-Url': request.url }, request.header('x-n'));
    });
    for (const flag of [0, 1] as const) {
      for (const byteOrder of ['little', 'big'] as const) {
        const order = { flag, byteOrder };
        const { packet } = buildRequest({ url: '/u', headers: { 'X-N': 'n' }, ...order });
        const packets = await server.exchange(packet, order);
        assert.deepEqual(packets, [
          { type: PacketType.ReqReceived, ...order, payload: Buffer.alloc(0) },
          {
            type: PacketType.RespHeader,
            ...order,
            status: 200,
            lines: ['X-Url: /u', 'Content-Length: 1'],
            truncated: false,
          },
          { type: PacketType.RespStream, ...order, payload: Buffer.from('n') },
          { type: PacketType.RespEnd, ...order },
        ]);
      }
    }
  });
});

describe('Recorded requests in raw style', () => {
  const serve = rawServers();

  it('have the same value of each header by name and among all', async () => {
    let checked = 0;
    const server = serve((request, response) => {
      for (const [name, value] of Object.entries(request.headers)) {
        assert.equal(request.header(name), value, name);
        checked++;
      }
      for (const [name, value] of Object.entries(request.environment)) {
        assert.equal(request.env(name), value, name);
      }
      response.send(204);
    });
    for (const { id, requests } of requestVectors()) {
      for (const { packet, decoded } of requests) {
        if (typeof native.decodeRequest(packet) === 'string') continue; // larger than the default limit
        if (decoded.reqBodyLen !== 0) continue;
        const { flag, byteOrder } = decoded;
        const packets = await server.exchange(packet, { flag, byteOrder });
        const header = packets.find(({ type }) => type === PacketType.RespHeader);
        assert.ok(header !== undefined && 'status' in header);
        assert.equal(header.status, 204, `${id}: ${server.log.join('\n')}`);
      }
    }
    assert.ok(checked > 500, String(checked));
  });
});
