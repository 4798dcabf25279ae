import assert from 'node:assert/strict';
import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { streamText } from 'hono/streaming';
import type { FetchContext } from '#lib/fetch/fetch-context.js';
import { fetchServers } from './support/fetch-server.js';

describe('A Hono app', () => {
  const serve = fetchServers();
  const done: string[] = [];
  const app = new Hono<{ Bindings: FetchContext }>();
  app.use(async (c, next) => {
    await next();
    c.header('X-Middleware', 'ran');
  });
  app.get('/hello/:name', (c) => c.text(`Hello ${c.req.param('name')} from ${c.env.client.address}`));
  app.post('/json', async (c) => c.json({ got: await c.req.json<unknown>() }, 201));
  app.post('/form', async (c) => c.text((await c.req.parseBody<{ a: string }>()).a));
  app.get('/stream', (c) =>
    streamText(c, async (stream) => {
      for (const part of ['a', 'b', 'c']) {
        await stream.write(part);
        await stream.sleep(1);
      }
    }),
  );
  app.get('/cookie', (c) => {
    c.header('Set-Cookie', 'a=1', { append: true });
    c.header('Set-Cookie', 'b=2', { append: true });
    return c.body(null, 204);
  });
  app.get('/later', (c) => {
    c.executionCtx.waitUntil(Promise.resolve().then(() => done.push(c.req.path)));
    return c.text('now');
  });
  app.get('/refused', () => {
    throw new HTTPException(403, { message: 'refused' });
  });

  it('routes, reads, streams and fails as anywhere', async () => {
    const client = await serve(app as never).connect();
    const hello = await client.request({ url: '/hello/you' });
    assert.deepEqual([hello.text, hello.header('x-middleware')], ['Hello you from 203.0.113.7', ['ran']]);
    const json = await client.request({ method: 'POST', url: '/json', body: '{"a":[1]}' });
    assert.deepEqual([json.status, json.text], [201, '{"got":{"a":[1]}}']);
    const form = await client.request({
      method: 'POST',
      url: '/form',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: 'a=b%20c',
    });
    assert.equal(form.text, 'b c');
    assert.equal((await client.request({ url: '/stream' })).text, 'abc');
    const cookie = await client.request({ url: '/cookie' });
    assert.deepEqual([cookie.status, cookie.header('set-cookie')], [204, ['a=1', 'b=2']]);
    const head = await client.request({ method: 'HEAD', url: '/hello/you' });
    assert.deepEqual([head.status, head.bodyLength], [200, 0]);
    const refused = await client.request({ url: '/refused' });
    assert.deepEqual([refused.status, refused.text], [403, 'refused']);
    assert.equal((await client.request({ url: '/nowhere' })).status, 404);
  });

  it('has waitUntil() in its executionCtx', async () => {
    assert.equal((await serve(app as never).request({ url: '/later' })).text, 'now');
    assert.deepEqual(done, ['/later']);
  });
});
