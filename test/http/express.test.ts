import assert from 'node:assert/strict';
import { once } from 'node:events';
import cookieParser from 'cookie-parser';
import express from 'express';
import multer from 'multer';
import { later, withServer, type Handler } from './support/serve.js';

const app = express();
app.set('env', 'test'); // no errors on the console
app.use(cookieParser('secret'), express.json(), express.urlencoded({ extended: true }));
app.get('/', (request, response) => {
  response.json({ ip: request.ip, protocol: request.protocol, host: request.hostname, query: request.query });
});
app.post('/json', (request, response) => void response.status(201).send(request.body));
app.get('/cookies', (request, response) => {
  response.cookie('a', '1').cookie('b', 'two words', { signed: true, httpOnly: true });
  response.send(request.cookies);
});
app.get('/redirect', (_request, response) => response.redirect('/elsewhere?x=y'));
app.get('/file', (_request, response) => response.sendFile(import.meta.filename));
app.post('/upload', multer().single('file'), (request, response) => {
  response.json({
    name: request.file?.originalname,
    size: request.file?.size,
    fields: request.body as unknown,
  });
});
app.get('/events', async (_request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  for (let n = 0; n < 3; n++) {
    response.write(`data: ${n}\n\n`);
    await later(20);
  }
  response.end();
});
app.get('/throw', () => {
  throw new Error('broken route');
});
app.get('/reject', () => Promise.reject(new Error('broken route')));
app.get('/etag', (_request, response) => void response.send('same text'));

describe('Express over LSAPI', () => {
  const serve = (work: Parameters<typeof withServer>[1]): Promise<void> => withServer(app as Handler, work);

  it('sees the client', async () => {
    await serve(async (served) => {
      const response = await served.request({ url: '/?a=b', env: { HTTPS: 'on' } });
      assert.deepEqual(JSON.parse(response.text), {
        ip: '203.0.113.7',
        protocol: 'https',
        host: 'example.com',
        query: { a: 'b' },
      });
      assert.deepEqual(response.header('content-type'), ['application/json; charset=utf-8']);
    });
  });

  it('reads JSON and forms, in pieces too', async () => {
    await serve(async (served) => {
      const body = JSON.stringify({ text: 'ü'.repeat(5000) });
      const json = { 'Content-Type': 'application/json' };
      const response = await served.request({
        method: 'POST',
        url: '/json',
        headers: json,
        body,
        fragment: 900,
      });
      assert.deepEqual([response.status, response.text], [201, body]);
      const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
      const answer = await served.request({
        method: 'POST',
        url: '/json',
        headers: form,
        body: 'a[b]=c&d=1',
      });
      assert.deepEqual(JSON.parse(answer.text), { a: { b: 'c' }, d: '1' });
      const bad = await served.request({ method: 'POST', url: '/json', headers: json, body: '{' });
      assert.equal(bad.status, 400);
      const large = await served.request({
        method: 'POST',
        url: '/json',
        headers: json,
        body: Buffer.alloc(200_000),
      });
      assert.equal(large.status, 413);
    });
  });

  it('sets and reads cookies', async () => {
    await serve(async (served) => {
      const response = await served.request({ url: '/cookies', headers: { Cookie: ['x=1', 'y=2'] } });
      assert.deepEqual(JSON.parse(response.text), { x: '1', y: '2' });
      const cookies = response.header('set-cookie');
      assert.equal(cookies.length, 2);
      assert.match(cookies[1]!, /^b=s%3Atwo%20words\..*HttpOnly/);
    });
  });

  it('redirects, sends files and parts of them, and 304', async () => {
    await serve(async (served) => {
      const redirect = await served.request({ url: '/redirect' });
      assert.deepEqual([redirect.status, redirect.header('location')], [302, ['/elsewhere?x=y']]);
      const file = await served.request({ url: '/file' });
      assert.match(file.text, /Express over LSAPI/);
      const part = await served.request({ url: '/file', headers: { Range: 'bytes=0-9' } });
      assert.deepEqual([part.status, part.text], [206, file.text.slice(0, 10)]);
      const head = await served.request({ url: '/file', method: 'HEAD' });
      assert.deepEqual([head.header('content-length'), head.bodyLength], [[String(file.bodyLength)], 0]);
      const etag = (await served.request({ url: '/etag' })).header('etag');
      const unchanged = await served.request({ url: '/etag', headers: { 'If-None-Match': etag } });
      assert.deepEqual([unchanged.status, unchanged.bodyLength], [304, 0]);
    });
  });

  it('takes uploads', async () => {
    await serve(async (served) => {
      const form = new FormData();
      form.append('note', 'a note');
      form.append('file', new Blob([Buffer.alloc(3_000_000, 'x')]), 'big.bin');
      const encoded = new Response(form);
      const response = await served.request({
        method: 'POST',
        url: '/upload',
        headers: { 'Content-Type': encoded.headers.get('content-type')! },
        body: Buffer.from(await encoded.arrayBuffer()),
      });
      assert.deepEqual(JSON.parse(response.text), {
        name: 'big.bin',
        size: 3_000_000,
        fields: { note: 'a note' },
      });
    });
  });

  it('streams events as they come', async () => {
    await serve(async (served) => {
      const client = await served.client();
      await client.send({ url: '/events' });
      await client.until(() => client.bodyReceived > 0);
      assert.equal(client.response.complete, false);
      assert.equal((await client.completed()).text, 'data: 0\n\ndata: 1\n\ndata: 2\n\n');
    });
  });

  it('has its own error pages, and 404', async () => {
    await serve(async (served) => {
      for (const url of ['/throw', '/reject']) {
        const response = await served.request({ url });
        assert.equal(response.status, 500);
        assert.match(response.text, /broken route/);
      }
      assert.equal((await served.request({ url: '/nowhere' })).status, 404);
    });
  });

  it('goes on when a client leaves in the middle', async () => {
    await serve(async (served) => {
      const client = await served.client();
      await client.send({ url: '/events' });
      await client.headerReceived();
      client.close();
      await once(client.socket, 'close');
      await later(80);
      assert.equal((await served.request({ url: '/etag' })).text, 'same text');
    });
  });
});
