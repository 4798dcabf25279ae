import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { describeCases, HOWS, useExample, type Case } from './cases.js';
import { jsonOf, send, summarise, textOf, type Reply } from './client.js';
import { multipart, type Part } from './multipart.js';
import { patternBytes } from './pattern.js';
import type { How } from './start-example.js';

const asset = (name: string) => new URL(`../../../examples/express/public/${name}`, import.meta.url);
const png = readFileSync(asset('gradient.png'));
const css = readFileSync(asset('style.css'));

const hasType = (type: string) => (reply: Reply) => assert.equal(reply.headers['content-type'], type);
const isHtml = hasType('text/html; charset=utf-8');
const isJson = (value: unknown) => (reply: Reply) => {
  hasType('application/json; charset=utf-8')(reply);
  assert.deepEqual(jsonOf(reply), value);
};
const contains = (text: string) => (reply: Reply) => assert.ok(textOf(reply).includes(text), textOf(reply));
const isEmpty = (reply: Reply) => assert.equal(reply.body.length, 0);
const all =
  (...checks: ((reply: Reply, how: How) => void)[]) =>
  (reply: Reply, how: How) =>
    checks.forEach((check) => check(reply, how));
/** OpenLiteSpeed answers HEAD without a length, and so does the gateway. */
const announces = (length: number) => (reply: Reply, how: How) =>
  assert.equal(reply.headers['content-length'], how === 'node' ? String(length) : undefined);

const json = { 'Content-Type': 'application/json' };
const urlencoded = { 'Content-Type': 'application/x-www-form-urlencoded' };
const browser = { Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };
const program = { Accept: 'application/json' };

const pages: Case[] = [
  {
    title: 'GET / lists the routes',
    call: { path: '/' },
    status: 200,
    check: all(isHtml, contains('href="/events/live"'), contains('http://example.test/upload')),
  },
  { title: 'HEAD /', call: { method: 'HEAD', path: '/' }, status: 200, check: all(isHtml, isEmpty) },
  {
    title: 'GET / with a matching ETag is 304',
    call: { path: '/', headers: { 'If-None-Match': '*' } },
    status: 304,
    check: isEmpty,
  },
  { title: 'GET /form', call: { path: '/form' }, status: 200, check: isHtml },
  { title: 'GET /upload', call: { path: '/upload' }, status: 200, check: isHtml },
  { title: 'GET /events/live', call: { path: '/events/live' }, status: 200, check: isHtml },
];

const data: Case[] = [
  {
    title: 'GET /json with a query',
    call: { path: '/json?a=1&b=x&b=y&c=%C3%BC%20%26' },
    status: 200,
    check: isJson({ hello: 'world', greeting: 'Grüße 👋', query: { a: '1', b: ['x', 'y'], c: 'ü &' } }),
  },
  {
    title: 'GET /json with a query of 6,000 bytes',
    call: { path: `/json?q=${'x'.repeat(6000)}` },
    status: 200,
    check: contains('x'.repeat(6000)),
  },
  {
    title: 'GET /json with an empty query',
    call: { path: '/json?' },
    status: 200,
    check: contains('"query":{}'),
  },
  { title: 'HEAD /json', call: { method: 'HEAD', path: '/json' }, status: 200, check: isEmpty },
  {
    title: 'POST /json echoes',
    call: { method: 'POST', path: '/json', headers: json, body: '{"text":"Grüße","list":[1,null,true]}' },
    status: 200,
    check: isJson({ received: { text: 'Grüße', list: [1, null, true] } }),
  },
  {
    title: 'POST /json sent in chunks',
    call: {
      method: 'POST',
      path: '/json',
      headers: json,
      body: [Buffer.from('{"a"'), Buffer.from(':1'), Buffer.from('}')],
    },
    status: 200,
    check: isJson({ received: { a: 1 } }),
  },
  {
    title: 'POST /json with 900 kB',
    call: {
      method: 'POST',
      path: '/json',
      headers: json,
      body: JSON.stringify({ text: 'é'.repeat(450_000) }),
    },
    status: 200,
    check: contains('é'.repeat(1000)),
  },
  {
    title: 'POST /json with broken JSON is 400',
    call: { method: 'POST', path: '/json', headers: { ...json, ...program }, body: '{"a":' },
    status: 400,
    check: isJson({ error: { status: 400, message: 'Unexpected end of JSON input' } }),
  },
  {
    title: 'POST /json with another type is 415',
    call: { method: 'POST', path: '/json', headers: { 'Content-Type': 'text/plain' }, body: 'hello' },
    status: 415,
    check: isHtml,
  },
  {
    title: 'POST /json over the limit is 413',
    call: { method: 'POST', path: '/json', headers: json, body: JSON.stringify('x'.repeat(1_500_000)) },
    status: 413,
    check: isHtml,
  },
  {
    title: 'OPTIONS /json names the methods',
    call: { method: 'OPTIONS', path: '/json' },
    status: 200,
    check: (reply) => assert.match(reply.headers.allow ?? '', /GET, HEAD, POST/),
  },
  {
    title: 'POST /form with fields, several values, escapes',
    call: {
      method: 'POST',
      path: '/form',
      headers: { ...urlencoded, ...program },
      body: 'name=J%C3%BCrgen+B&topic=Speed&topic=Sleep&message=a%26b%3Dc%0D%0Ad',
    },
    status: 200,
    check: isJson({ form: { name: 'Jürgen B', topic: ['Speed', 'Sleep'], message: 'a&b=c\r\nd' } }),
  },
  {
    title: 'POST /form from a browser shows a page, escaped',
    call: {
      method: 'POST',
      path: '/form',
      headers: { ...urlencoded, ...browser },
      body: 'name=%3Cscript%3E',
    },
    status: 200,
    check: all(isHtml, contains('&lt;script&gt;')),
  },
  {
    title: 'POST /form with an empty body',
    call: { method: 'POST', path: '/form', headers: { ...urlencoded, ...program }, body: '' },
    status: 200,
    check: isJson({ form: {} }),
  },
];

const note = { field: 'note', content: 'Grüße' };
const upload = (headers: Record<string, string>, ...parts: Part[]) => {
  const form = multipart(parts);
  return { method: 'POST', path: '/upload', headers: { ...form.headers, ...headers }, body: form.body };
};
const uploads: Case[] = [
  {
    title: 'POST /upload of two files and a field',
    call: () =>
      upload(
        program,
        note,
        { field: 'file', file: 'one.txt', type: 'text/plain', content: 'hello' },
        { field: 'file', file: 'picture.png', type: 'image/png', content: png },
      ),
    status: 200,
    check: (reply) => {
      const { fields, files } = jsonOf(reply) as { fields: unknown; files: Record<string, unknown>[] };
      assert.deepEqual(fields, { note: 'Grüße' });
      assert.deepEqual(files[0], {
        name: 'one.txt',
        type: 'text/plain',
        bytes: 5,
        sha256: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
      });
      assert.equal(files[1]?.bytes, png.length);
    },
  },
  {
    title: 'POST /upload from a browser',
    call: () => upload(browser, { field: 'file', file: 'a.bin', content: 'abc' }),
    status: 200,
    check: all(isHtml, contains('a.bin')),
  },
  {
    title: 'POST /upload without a file',
    call: () => upload(program, note),
    status: 200,
    check: isJson({ fields: { note: 'Grüße' }, files: [] }),
  },
  {
    title: 'POST /upload with a file in a field that is not expected is 400',
    call: () => upload(program, { field: 'other', file: 'a.bin', content: 'abc' }),
    status: 400,
  },
  {
    title: 'POST /upload without a boundary is 400',
    call: {
      method: 'POST',
      path: '/upload',
      headers: { 'Content-Type': 'multipart/form-data', ...program },
      body: 'abc',
    },
    status: 400,
  },
  {
    title: 'POST /upload of a file over the limit is 413',
    call: () =>
      upload(program, {
        field: 'file',
        file: 'big.bin',
        content: { length: 3_000_000, bytes: patternBytes(3_000_000) },
      }),
    status: 413,
    check: isJson({ error: { status: 413, message: 'File too large' } }),
  },
  {
    title: 'PUT /upload/raw with Content-Length',
    call: { method: 'PUT', path: '/upload/raw', body: 'hello' },
    status: 200,
    check: isJson({
      bytes: 5,
      sha256: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
    }),
  },
  {
    title: 'PUT /upload/raw of nothing',
    call: { method: 'PUT', path: '/upload/raw' },
    status: 200,
    check: isJson({ bytes: 0, sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' }),
  },
  {
    title: 'PUT /upload/raw of all byte values, in chunks',
    call: {
      method: 'PUT',
      path: '/upload/raw',
      body: [Buffer.from(Array.from({ length: 256 }, (_, value) => value)), png],
    },
    status: 200,
  },
  {
    title: 'PUT /upload/raw with Expect: 100-continue',
    call: () => ({
      method: 'PUT',
      path: '/upload/raw',
      headers: { Expect: '100-continue', 'Content-Length': 300_000 },
      body: patternBytes(300_000),
    }),
    status: 200,
    check: contains('"bytes":300000'),
  },
];

const files: Case[] = [
  {
    title: 'GET /static/style.css',
    call: { path: '/static/style.css' },
    status: 200,
    check: all(hasType('text/css; charset=utf-8'), (reply) => assert.deepEqual(reply.body, css)),
  },
  {
    title: 'GET /static/gradient.png',
    call: { path: '/static/gradient.png' },
    status: 200,
    check: all(hasType('image/png'), (reply) => assert.deepEqual(reply.body, png)),
  },
  {
    title: 'GET /static/logo.svg',
    call: { path: '/static/logo.svg' },
    status: 200,
    check: hasType('image/svg+xml'),
  },
  { title: 'GET /static/live.js', call: { path: '/static/live.js' }, status: 200 },
  {
    title: 'HEAD /static/gradient.png has the length and no body',
    call: { method: 'HEAD', path: '/static/gradient.png' },
    status: 200,
    check: all(isEmpty, announces(png.length)),
  },
  {
    title: 'Range from the start',
    call: { path: '/static/gradient.png', headers: { Range: 'bytes=0-99' } },
    status: 206,
    check: (reply) => {
      assert.deepEqual(reply.body, png.subarray(0, 100));
      assert.equal(reply.headers['content-range'], `bytes 0-99/${png.length}`);
    },
  },
  {
    title: 'Range of the last bytes',
    call: { path: '/static/gradient.png', headers: { Range: 'bytes=-10' } },
    status: 206,
    check: (reply) => assert.deepEqual(reply.body, png.subarray(-10)),
  },
  {
    title: 'Range beyond the end is 416',
    call: { path: '/static/gradient.png', headers: { Range: 'bytes=999999-' } },
    status: 416,
  },
  {
    title: 'If-Modified-Since is 304',
    call: () => ({
      path: '/static/style.css',
      headers: { 'If-Modified-Since': statSync(asset('style.css')).mtime.toUTCString() },
    }),
    status: 304,
    check: isEmpty,
  },
  {
    title: 'a file that is not there is 404',
    call: { path: '/static/none.css' },
    status: 404,
    check: isHtml,
  },
  { title: 'nothing outside of the folder', call: { path: '/static/%2e%2e%2fapp.js' }, status: 404 },
];

const cookies: Case[] = [
  {
    title: 'GET /cookies counts from one',
    call: { path: '/cookies' },
    status: 200,
    check: all(isJson({ visits: 1, cookies: {} }), (reply) =>
      assert.match(
        reply.headers['set-cookie']?.[0] ?? '',
        /^visits=1; Max-Age=86400; .*HttpOnly; SameSite=Lax$/,
      ),
    ),
  },
  {
    title: 'GET /cookies reads several cookies',
    call: { path: '/cookies', headers: { Cookie: 'visits=41; name=a%20b%3B; plain=x=y' } },
    status: 200,
    check: isJson({ visits: 42, cookies: { visits: '41', name: 'a b;', plain: 'x=y' } }),
  },
  {
    title: 'GET /cookies with 7,000 bytes of them',
    call: { path: '/cookies', headers: { Cookie: `big=${'x'.repeat(7000)}` } },
    status: 200,
    check: contains('x'.repeat(7000)),
  },
  {
    title: 'GET /cookies in a browser',
    call: { path: '/cookies', headers: browser },
    status: 200,
    check: isHtml,
  },
  {
    title: 'POST /cookies/set answers with two Set-Cookie lines',
    call: {
      method: 'POST',
      path: '/cookies/set',
      headers: urlencoded,
      body: 'name=colour&value=dark%3B+gr%C3%BCn',
    },
    status: 303,
    check: (reply) => {
      assert.deepEqual(reply.headers['set-cookie'], [
        'colour=dark%3B%20gr%C3%BCn; Path=/; HttpOnly; SameSite=Lax',
        'last=colour; Path=/; HttpOnly; SameSite=Lax',
      ]);
      assert.equal(reply.headers.location, '/cookies');
    },
  },
  {
    title: 'POST /cookies/set with a bad name is 400',
    call: { method: 'POST', path: '/cookies/set', headers: urlencoded, body: 'name=a%3Bb&value=c' },
    status: 400,
  },
  {
    title: 'POST /cookies/clear expires each',
    call: { method: 'POST', path: '/cookies/clear', headers: { Cookie: 'a=1; b=2; c=3' } },
    status: 303,
    check: (reply) => assert.equal(reply.headers['set-cookie']?.length, 3),
  },
];

const redirects: Case[] = [
  {
    title: 'GET /redirect is 302',
    call: { path: '/redirect' },
    status: 302,
    check: (reply) => assert.equal(reply.headers.location, '/redirect/landed?from=302'),
  },
  {
    title: 'HEAD /redirect',
    call: { method: 'HEAD', path: '/redirect' },
    status: 302,
    check: all(isEmpty, (reply) => assert.ok(reply.headers.location)),
  },
  {
    title: 'POST /redirect is 303',
    call: { method: 'POST', path: '/redirect', headers: urlencoded, body: 'a=1' },
    status: 303,
    check: (reply) => assert.equal(reply.headers.location, '/redirect/landed?from=303'),
  },
  ...[301, 302, 303, 307, 308].map((status) => ({
    title: `POST /redirect/${status}`,
    call: { method: 'POST', path: `/redirect/${status}` },
    status,
    check: (reply: Reply) => assert.equal(reply.headers.location, `/redirect/landed?from=${status}`),
  })),
  { title: 'GET /redirect/200 is 400', call: { path: '/redirect/200' }, status: 400 },
  {
    title: 'the place it leads to',
    call: { path: '/redirect/landed?from=302' },
    status: 200,
    check: isJson({ method: 'GET', from: '302' }),
  },
];

const streams: Case[] = [
  {
    title: 'GET /stream',
    call: { path: '/stream?chunks=3&interval=0' },
    status: 200,
    check: (reply) => assert.equal(textOf(reply), 'line 1 of 3\nline 2 of 3\nline 3 of 3\n'),
  },
  { title: 'GET /stream of nothing', call: { path: '/stream?chunks=0' }, status: 200, check: isEmpty },
  { title: 'HEAD /stream', call: { method: 'HEAD', path: '/stream' }, status: 200, check: isEmpty },
  { title: 'GET /stream with a bad number is 400', call: { path: '/stream?chunks=-1' }, status: 400 },
  {
    title: 'GET /download of 0 bytes',
    call: { path: '/download?bytes=0' },
    status: 200,
    check: all(isEmpty, (reply) => assert.equal(reply.headers['content-length'], '0')),
  },
  {
    title: 'GET /download of 300,000 bytes',
    call: { path: '/download?bytes=300000' },
    status: 200,
    check: (reply) => {
      assert.deepEqual(reply.body, Buffer.concat([...patternBytes(300_000)]));
      assert.equal(reply.headers['content-disposition'], 'attachment; filename=download.bin');
    },
  },
  {
    title: 'GET /download without a length',
    call: { path: '/download?bytes=2000000&chunked=1' },
    status: 200,
    check: (reply) => {
      assert.equal(reply.body.length, 2_000_000);
      assert.equal(reply.headers['content-length'], undefined);
    },
  },
  {
    title: 'HEAD /download says 1 GiB',
    call: { method: 'HEAD', path: '/download' },
    status: 200,
    check: all(isEmpty, announces(1024 ** 3)),
  },
  {
    title: 'GET /events, three of them',
    call: { path: '/events?interval=5&count=3' },
    status: 200,
    scrub: (body) => body.replace(/"time":"[^"]+"/g, '"time":"…"'),
    check: all(hasType('text/event-stream; charset=utf-8'), (reply) => {
      assert.match(textOf(reply), /^retry: 2000\n\n(id: \d\nevent: tick\ndata: \{.*\}\n\n){3}$/);
    }),
  },
  {
    title: 'GET /events after a reconnect goes on',
    call: { path: '/events?interval=5&count=1', headers: { 'Last-Event-ID': '41' } },
    status: 200,
    scrub: (body) => body.replace(/"time":"[^"]+"/g, '"time":"…"'),
    check: contains('id: 42\n'),
  },
  { title: 'HEAD /events', call: { method: 'HEAD', path: '/events' }, status: 200, check: isEmpty },
];

/**
 * Processes, ports and the server's variables differ, and Node listens for IPv6 with IPv4 mapped into it;
 * everything else that an application sees must be the same.
 */
function scrubWhoami(body: string): string {
  const seen = JSON.parse(body.replaceAll('::ffff:', '')) as Record<string, unknown> & { socket: object };
  delete seen.process;
  delete seen.lsapi;
  return JSON.stringify({ ...seen, socket: { ...seen.socket, remotePort: 0 } });
}
const whoami = (
  title: string,
  path: string,
  headers: Record<string, string | string[]>,
  method = 'GET',
): Case => ({
  title,
  call: { method, path, headers: { ...program, ...headers } },
  status: 200,
  scrub: scrubWhoami,
});
const requests: Case[] = [
  {
    ...whoami('the client and the connection', '/whoami', {}),
    check: (reply) => {
      const seen = jsonOf(reply) as { socket: Record<string, unknown> };
      assert.match(String(seen.socket.remoteAddress), /^(::ffff:)?127\.0\.0\.1$/);
      assert.equal(seen.socket.encrypted, false);
    },
  },
  whoami('headers of all sorts', '/whoami', {
    'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64)',
    'Accept-Language': 'de,en;q=0.7',
    'Accept-Encoding': 'gzip, deflate, br',
    'Cache-Control': 'no-cache',
    Pragma: 'no-cache',
    Referer: 'http://example.test/',
    Authorization: 'Basic dXNlcjpwYXNz',
    'X-Forwarded-For': '203.0.113.9',
    'X-Empty': '',
    'X-Latin-1': 'Gr\u00fc\u00dfe',
  }),
  whoami('repeated headers', '/whoami', { 'X-Twice': ['one', 'two'], Cookie: ['a=1', 'b=2'] }),
  whoami(
    'sixty headers',
    '/whoami',
    Object.fromEntries(Array.from({ length: 60 }, (_, number) => [`X-Header-${number}`, `value ${number}`])),
  ),
  whoami('a header of 8,000 bytes', '/whoami', { 'X-Long': 'y'.repeat(8000) }),
  whoami('escapes in the URL stay as they came', '/whoami?q=a%2Fb%00&%C3%BC=%zz&plus=a+b', {}),
  ...['POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND', 'REPORT'].map((method) =>
    whoami(`method ${method}`, '/whoami', {}, method),
  ),
  {
    title: 'in a browser',
    call: { path: '/whoami', headers: browser },
    status: 200,
    scrub: () => '',
    check: isHtml,
  },
];

const errors: Case[] = [
  {
    title: 'GET /error shows a page without details',
    call: { path: '/error' },
    status: 500,
    check: all(isHtml, contains('500 Internal Server Error'), (reply) =>
      assert.doesNotMatch(textOf(reply), /threw this|\.js/),
    ),
  },
  {
    title: 'GET /error/async for a program',
    call: { path: '/error/async', headers: program },
    status: 500,
    check: isJson({ error: { status: 500, message: 'Something went wrong here.' } }),
  },
  {
    title: 'POST /error with a body that nobody reads',
    call: { method: 'POST', path: '/error', body: Buffer.alloc(500_000) },
    status: 500,
  },
  { title: 'HEAD /error', call: { method: 'HEAD', path: '/error' }, status: 500, check: isEmpty },
  {
    title: 'GET /nowhere is 404',
    call: { path: '/nowhere/%3Cb%3E?x=<' },
    status: 404,
    check: all(isHtml, contains('404 Not Found')),
  },
  { title: 'GET /nowhere for a program', call: { path: '/nowhere', headers: program }, status: 404 },
  { title: 'HEAD /nowhere', call: { method: 'HEAD', path: '/nowhere' }, status: 404, check: isEmpty },
  {
    title: 'DELETE /nowhere with a body',
    call: { method: 'DELETE', path: '/nowhere', body: 'gone' },
    status: 404,
  },
  { title: 'a broken escape in the path is 400', call: { path: '/redirect/%zz' }, status: 400 },
  { title: 'the application goes on after all that', call: { path: '/json' }, status: 200 },
];

describeCases(
  'Express example',
  'express',
  [...pages, ...data, ...uploads, ...files, ...cookies, ...redirects, ...streams, ...requests, ...errors],
  { UPLOAD_LIMIT: '2000000' },
);

for (const how of HOWS) {
  describe(`Express example in development, ${how}`, () => {
    const example = useExample('express', how, { NODE_ENV: 'development' });

    for (const path of ['/error', '/error/async']) {
      it(`GET ${path} shows the stack`, async () => {
        const reply = await send(example(), { path });
        assert.equal(reply.status, 500);
        assert.match(textOf(reply), /<pre>Error: The handler .*\n +at .*errors\.js/);
        assert.match(example().output(), /Error: The handler/);
      });
    }

    it('every link of the index page works', async () => {
      const index = textOf(await send(example(), { path: '/' }));
      const links = [...index.matchAll(/href="(\/[^"]*)"/g)].map(
        ([, link]) => link?.replaceAll('&amp;', '&') ?? '',
      );
      assert.ok(links.length > 15);
      for (const path of new Set(links)) {
        const { status } = await send(example(), { path: path.replace(/interval=\d+/, 'interval=1') });
        const expected = path.startsWith('/error') ? 500 : path === '/nowhere' ? 404 : 200;
        assert.ok(status === expected || (status >= 300 && status < 400), `${path} answered ${status}`);
      }
    });

    it('a cookie jar and redirects work together', async () => {
      const set = await send(example(), {
        method: 'POST',
        path: '/cookies/set',
        headers: urlencoded,
        body: 'name=flavour&value=oat',
      });
      const jar = (set.headers['set-cookie'] ?? []).map((line) => line.split(';')[0]).join('; ');
      const shown = await send(example(), { path: set.headers.location ?? '', headers: { Cookie: jar } });
      assert.deepEqual(jsonOf(shown), { visits: 1, cookies: { flavour: 'oat', last: 'flavour' } });
    });

    it('fifty requests at once get their own answers', async () => {
      const numbers = Array.from({ length: 50 }, (_, number) => number);
      await Promise.all(
        numbers.map(async (number) => {
          const bytes = number * 4001;
          const [echo, upload] = await Promise.all([
            send(example(), { path: `/json?n=${number}` }),
            send(example(), {
              method: 'PUT',
              path: '/upload/raw',
              headers: { 'Content-Length': bytes },
              body: patternBytes(bytes),
            }),
          ]);
          assert.deepEqual((jsonOf(echo) as { query: unknown }).query, { n: String(number) });
          assert.deepEqual(jsonOf(upload), await summarise(patternBytes(bytes)));
        }),
      );
    });
  });
}

describe('Express example under lsnode only', () => {
  const example = useExample('express', 'lsnode');

  it('sees the LSAPI environment and the real client', async () => {
    const reply = await send(example(), { path: '/whoami?q=1' });
    const { lsapi, socket } = jsonOf(reply) as {
      lsapi: Record<string, string>;
      socket: { remoteAddress: string; remotePort: number };
    };
    assert.equal(lsapi.REQUEST_METHOD, 'GET');
    assert.equal(lsapi.REQUEST_URI, '/whoami?q=1');
    assert.equal(lsapi.QUERY_STRING, 'q=1');
    assert.equal(lsapi.REMOTE_ADDR, '127.0.0.1');
    assert.equal(lsapi.REMOTE_PORT, String(socket.remotePort));
  });
});
