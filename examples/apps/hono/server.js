import { fileURLToPath } from 'node:url';
import { getConnInfo } from '@hono/node-server/conninfo';
import { serve } from '@hono/node-server';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { streamText } from 'hono/streaming';

const app = new Hono();

app.get('/', (c) =>
  c.html('<!doctype html><title>Notes</title><img src="/logo.svg" alt=""><h1>Grüße aus Hono</h1>'),
);
app.get('/hello/:name', (c) => c.json({ hello: c.req.param('name'), tags: c.req.queries('tag') }));
app.post('/notes', async (c) => {
  let note;
  try {
    note = await c.req.json();
  } catch {
    return c.json({ error: 'This is no JSON.' }, 400);
  }
  return c.json({ note }, 201, { Location: '/notes/1' });
});
app.delete('/notes/:id', (c) => c.body(null, 204));
app.post('/form', async (c) => {
  const { name } = await c.req.parseBody();
  return c.redirect(`/hello/${encodeURIComponent(name)}`, 303);
});
app.put('/upload', async (c) => c.json({ bytes: (await c.req.arrayBuffer()).byteLength }));
app.get('/visit', (c) => {
  const visits = Number(getCookie(c, 'visits') ?? 0) + 1;
  setCookie(c, 'visits', String(visits), { httpOnly: true, sameSite: 'Lax' });
  setCookie(c, 'theme', 'dark & light');
  return c.text(`visit ${visits}`);
});
app.get('/old', (c) => c.redirect('/', 301));
app.get('/whoami', (c) => {
  const { pathname, search, hostname: host, protocol } = new URL(c.req.url);
  const ip = getConnInfo(c).remote.address;
  return c.json({ url: pathname + search, host, protocol, ip, agent: c.req.header('User-Agent') });
});
app.get('/stream', (c) =>
  streamText(c, async (stream) => {
    for (let line = 1; line <= 5; line++) {
      await stream.sleep(10);
      await stream.write(`line ${line}\n`);
    }
  }),
);
app.get('/broken', () => {
  throw new Error('The database is gone.');
});
app.use('*', serveStatic({ root: fileURLToPath(new URL('public', import.meta.url)) }));

serve({ fetch: app.fetch, port: Number(process.env.PORT || 3000) }, (info) => {
  console.log(`Listening on port ${info.port}`);
});
