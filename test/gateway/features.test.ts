import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { encodeEmpty, encodeRespHeader, encodeStream, PacketType } from '#lib/codec/index.js';
import { isLsapiError } from '#lib/errors.js';
import { createGateway, formatAccessLog, type GatewayOptions } from '#lib/gateway/index.js';
import { renderErrorPage } from '#lib/gateway/error-page.js';
import { header, ok, Setup } from './support/setup.js';
import { Site } from './support/site.js';

const END = encodeEmpty(PacketType.RespEnd);
const request = (path: string, ...lines: string[]): string =>
  `GET ${path} HTTP/1.1\r\n${['Host: h', ...lines].join('\r\n')}\r\n\r\n`;

describe('gateway: files that a response names', () => {
  const site = new Site();
  let setup: Setup;

  before(async () => {
    site.add('data/big.bin', Buffer.alloc(3_000_000, 'z'));
    site.add('empty.txt', '');
    site.add('ž.html', '<p>');
    setup = await Setup.start(
      (delivery) => {
        const target = decodeURIComponent(delivery.request.queryString ?? '');
        delivery.answer(
          200,
          [`X-LiteSpeed-Location: ${target}`, 'Content-Disposition: inline', 'X-Own: 1', 'ETag: "own"'],
          'unused',
        );
      },
      { documentRoot: site.root, contexts: [{ uri: '/app/' }] },
    );
  });

  after(async () => {
    await setup.stop();
    site.remove();
  });

  it('are delivered for a URI', async () => {
    const response = await setup.get('/app/?/file.txt');
    assert.deepEqual([response.status, response.body.toString()], [200, 'hello-static\n']);
    assert.equal(header(response, 'content-type'), 'text/plain');
    assert.equal(header(response, 'accept-ranges'), 'bytes');
    assert.equal(header(response, 'content-disposition'), 'inline');
    assert.equal(header(response, 'x-own'), '1');
    assert.match(header(response, 'etag') ?? '', /^"[0-9a-f-]+"$/);
  });

  it('are delivered for their absolute path', async () => {
    assert.equal((await setup.get(`/app/?${site.root}/file.txt`)).body.toString(), 'hello-static\n');
  });

  it('may be large or empty or have a name beyond ASCII', async () => {
    assert.equal((await setup.get('/app/?/data/big.bin')).body.length, 3_000_000);
    assert.equal((await setup.get('/app/?/empty.txt')).body.length, 0);
    assert.equal((await setup.get('/app/?/%25C5%25BE.html')).body.toString(), '<p>');
  });

  it('answer conditional requests', async () => {
    const tag = header(await setup.get('/app/?/file.txt'), 'etag') ?? '';
    assert.equal((await setup.request(request('/app/?/file.txt', `If-None-Match: W/${tag}`))).status, 304);
    assert.equal((await setup.request(request('/app/?/file.txt', 'If-None-Match: "other"'))).status, 200);
    const later = new Date(Date.now() + 60_000).toUTCString();
    assert.equal(
      (await setup.request(request('/app/?/file.txt', `If-Modified-Since: ${later}`))).status,
      304,
    );
  });

  it('answer requests for one range', async () => {
    for (const [range, status, body, contentRange] of [
      ['bytes=0-4', 206, 'hello', 'bytes 0-4/13'],
      ['bytes=6-', 206, 'static\n', 'bytes 6-12/13'],
      ['bytes=-3', 206, 'ic\n', 'bytes 10-12/13'],
      ['bytes=5-500', 206, '-static\n', 'bytes 5-12/13'],
      ['bytes=99-', 416, '', 'bytes */13'],
      ['bytes=1-2,4-5', 200, 'hello-static\n', undefined],
    ] as const) {
      const response = await setup.request(request('/app/?/file.txt', `Range: ${range}`));
      assert.deepEqual(
        [response.status, response.body.toString(), header(response, 'content-range')],
        [status, body, contentRange],
      );
    }
  });

  it('carry the headers of the app only as a whole, and then what the server does not know better', async () => {
    const whole = await setup.get('/app/?/file.txt');
    assert.notEqual(header(whole, 'etag'), '"own"');
    assert.equal(whole.headers.filter(([name]) => name === 'etag').length, 1);
    assert.equal(header(whole, 'content-type'), 'text/plain');
    for (const line of ['Range: bytes=0-1', `If-None-Match: ${header(whole, 'etag')}`]) {
      const response = await setup.request(request('/app/?/file.txt', line));
      assert.deepEqual(
        ['x-own', 'content-disposition'].map((name) => header(response, name)),
        [undefined, undefined],
      );
    }
  });

  it('send a range only of the version that If-Range names', async () => {
    const tag = header(await setup.get('/app/?/file.txt'), 'etag') ?? '';
    for (const [condition, status] of [
      [tag, 206],
      ['"another"', 200],
      ['Sat, 01 Jan 2050 00:00:00 GMT', 206],
      ['Sat, 01 Jan 2000 00:00:00 GMT', 200],
    ] as const) {
      const response = await setup.request(
        request('/app/?/file.txt', 'Range: bytes=0-4', `If-Range: ${condition}`),
      );
      assert.equal(response.status, status, condition);
    }
  });

  it('cannot lie outside the document root', async () => {
    for (const [target, status] of [
      ['/../etc/hostname', 500],
      ['/data/../../etc/hostname', 500],
      ['/%252e%252e/etc/hostname', 500],
      ['/etc/hostname', 404],
      [`${site.root}x/file.txt`, 404],
    ] as const) {
      assert.equal((await setup.get(`/app/?${target}`)).status, status, target);
    }
  });
});

describe('gateway: encoded bodies', () => {
  let setup: Setup;
  const text = 'compressible '.repeat(5000);
  afterEach(() => setup.stop());

  for (const [name, encoding, bytes] of [
    ['gzip', 'gzip', gzipSync(text)],
    ['deflate', 'deflate', deflateSync(text)],
    ['deflate without zlib header', 'deflate', deflateRawSync(text)],
  ] as const) {
    it(`are decoded for a client that does not accept them: ${name}`, async () => {
      setup = await Setup.start((delivery) =>
        delivery.answer(200, [`Content-Encoding: ${encoding}`, `Content-Length: ${bytes.length}`], bytes),
      );
      for (const accept of ['identity', 'br', `${encoding};q=0`]) {
        const plain = await setup.request(request('/', `Accept-Encoding: ${accept}`));
        assert.equal(plain.body.toString(), text);
        assert.equal(header(plain, 'content-encoding'), undefined);
      }
      for (const accept of [encoding, `br, ${encoding};q=0.5`, '*']) {
        const encoded = await setup.request(request('/', `Accept-Encoding: ${accept}`));
        assert.deepEqual(encoded.body, bytes);
        assert.equal(header(encoded, 'content-encoding'), encoding);
      }
    });
  }

  it('are decoded as they come', async () => {
    const bytes = gzipSync(text);
    setup = await Setup.start((delivery) => {
      delivery.write(encodeRespHeader(200, ['Content-Encoding: gzip']), encodeStream(bytes.subarray(0, 150)));
      setTimeout(() => delivery.write(encodeStream(bytes.subarray(150)), END), 300);
    });
    const client = setup.client();
    client.send(request('/'));
    assert.ok(await client.until(() => client.received.includes('compressible'), 250));
    assert.equal((await client.finals(['GET']))[0]?.body.toString(), text);
  });

  it('cut the client off if they are damaged', async () => {
    setup = await Setup.start((delivery) => delivery.answer(200, ['Content-Encoding: gzip'], 'not gzip'));
    const client = setup.client();
    client.send(request('/'));
    await client.finals(['GET'], 1000);
    assert.ok(client.ended);
  });
});

describe('gateway: environment', () => {
  it('has the entries of the option env, which may replace standard ones', async () => {
    const setup = await Setup.start(ok, { env: { SERVER_ADMIN: 'root@example.com', APP_ŽIVOT: 'ž' } });
    await setup.get('/');
    const env = setup.app.deliveries[0]?.request.env ?? [];
    assert.deepEqual(
      env.filter(([name]) => name === 'SERVER_ADMIN'),
      [['SERVER_ADMIN', 'root@example.com']],
    );
    const own = env.findIndex(([name]) => name.startsWith('APP_'));
    assert.deepEqual(
      env[own]?.map((text) => Buffer.from(text, 'latin1').toString()),
      ['APP_ŽIVOT', 'ž'],
    );
    assert.ok(own < env.findIndex(([name]) => name === 'LSWS_EDITION'));
    await setup.stop();
  });

  it('maps the context "/" with the whole path as PATH_INFO', async () => {
    const setup = await Setup.start(ok);
    await setup.get('/a/b');
    await setup.get('/');
    const [first, second] = setup.app.deliveries.map(({ request: { env } }) => Object.fromEntries(env));
    assert.deepEqual([first?.SCRIPT_NAME, first?.PATH_INFO], ['/', '/a/b']);
    assert.deepEqual([second?.SCRIPT_NAME, second?.PATH_INFO], ['/', undefined]);
    await setup.stop();
  });

  it('gives the longest matching context', async () => {
    const setup = await Setup.start(ok, { contexts: [{ uri: '/' }, { uri: '/a/b' }, { uri: '/a/' }] });
    for (const path of ['/x', '/a/x', '/a/b/x']) await setup.get(path);
    assert.deepEqual(
      setup.app.deliveries.map(({ request }) => request.scriptName),
      ['/', '/a/', '/a/b/'],
    );
    await setup.stop();
  });
});

describe('gateway: options and listening', () => {
  for (const [name, options] of [
    ['no target', {}],
    ['two targets', { target: '/s', connect: () => assert.fail() }],
    ['a context without slash', { target: '/s', contexts: [{ uri: 'app' }] }],
    ['suffixes without a document root', { target: '/s', scriptSuffixes: ['.js'] }],
    ['a relative document root', { target: '/s', documentRoot: 'site' }],
    ['no connections', { target: '/s', maxConnections: 0 }],
    ['half a delivery', { target: '/s', maxDeliveries: 0.5 }],
  ] satisfies [string, GatewayOptions][]) {
    it(`refuses ${name}`, () => {
      assert.throws(
        () => createGateway(options),
        (error) => isLsapiError(error, 'LSAPI_ERR_OPTION'),
      );
    });
  }

  it('refuses a target that is no address', () => {
    assert.throws(
      () => createGateway({ target: 'nothing' }),
      (error) => isLsapiError(error, 'LSAPI_ERR_ADDRESS'),
    );
  });

  it('listens on ports, hosts and paths', async () => {
    const site = new Site();
    for (const address of [0, '0', '127.0.0.1:0', { port: 0 }]) {
      const gateway = createGateway({ target: '/nowhere.sock' });
      await gateway.listen(address);
      const bound = gateway.address();
      assert.equal(typeof bound === 'object' && bound?.address, '127.0.0.1');
      await gateway.close();
    }
    const path = `${site.root}/gateway.sock`;
    const gateway = createGateway({ target: '/nowhere.sock' });
    await gateway.listen(path);
    assert.ok(existsSync(path));
    assert.equal(gateway.address(), path);
    await gateway.close();
    site.remove();
  });

  it('lets a slow client have its whole response before it closes', async () => {
    const body = Buffer.alloc(5_000_000, 'b');
    const setup = await Setup.start((delivery) => delivery.answer(200, ['Content-Type: text/plain'], body));
    const address = setup.gateway.address();
    const client = connect(typeof address === 'object' ? address!.port : 0, '127.0.0.1');
    client.write(request('/'));
    await once(client, 'readable');
    const closed = setup.gateway.close();
    let size = 0;
    for await (const chunk of client) {
      size += (chunk as Buffer).length;
      await delay(1);
    }
    assert.ok(size > body.length, `${size} bytes of ${body.length} and a header`);
    await closed;
    await setup.app.stop();
  });

  it('says why it cannot listen', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const bound = other.address();
    const gateway = createGateway({ target: '/nowhere.sock' });
    await assert.rejects(
      gateway.listen(typeof bound === 'object' && bound !== null ? bound.port : 0),
      (error) => isLsapiError(error, 'LSAPI_ERR_LISTEN'),
    );
    other.close();
  });
});

describe('gateway: what clients can put into pages and logs', () => {
  it('is harmless in an error page', () => {
    const page = renderErrorPage({ status: 502, reason: '<script>"&' }, true);
    assert.ok(page.includes('&lt;script&gt;&quot;&amp;') && !page.includes('<script>'));
  });

  it('is harmless in the access log', () => {
    const line = formatAccessLog({
      time: new Date(0),
      remoteAddress: '127.0.0.1',
      method: 'GET',
      url: '/"\n\u001b[31m',
      httpVersion: '1.1',
      status: 200,
      bytes: 5,
      durationMs: 1.234,
      referer: '',
      userAgent: 'a\\b',
      deliveries: 2,
    });
    assert.equal(
      line,
      '127.0.0.1 - - [1970-01-01T00:00:00.000Z] "GET /\\x22\\x0a\\x1b[31m HTTP/1.1" 200 5 "-" "a\\x5cb" 1.2ms deliveries=2',
    );
  });
});
