import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { setCookie } from 'hono/cookie';
import { streamText } from 'hono/streaming';

const app = new Hono();
app.get('/', (c) => c.html('<h1>Hono</h1>'));
app.post('/echo', async (c) => c.json({ echoed: await c.req.json() }, 201));
app.get('/redirect', (c) => c.redirect('/'));
app.get('/cookies', (c) => {
  setCookie(c, 'theme', 'dark', { httpOnly: true });
  setCookie(c, 'language', 'en');
  return c.json({ cookie: c.req.header('cookie') });
});
app.get('/stream', (c) =>
  streamText(c, async (stream) => {
    for (const part of [1, 2, 3]) await stream.writeln(`part ${part}`);
  }),
);
app.get('/request', (c) => c.json({ method: c.req.method, path: c.req.path, query: c.req.query() }));
app.get('/error', () => {
  throw new Error('as intended');
});
app.onError((error, c) => c.json({ error: error.message }, 500));

serve({ fetch: app.fetch, port: Number(process.env.PORT || 3000) });
