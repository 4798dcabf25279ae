// Exports an object with a fetch function, as Bun, Deno and edge platforms want it.
import { Hono } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';

const app = new Hono();

app.get('/', (c) => c.html('<!doctype html><title>Notes</title><h1>Grüße aus fetch()</h1>'));
app.get('/hello/:name', (c) => c.json({ hello: c.req.param('name'), tags: c.req.queries('tag') }));
app.post('/notes', async (c) => c.json({ note: await c.req.json() }, 201));
app.put('/upload', async (c) => c.json({ bytes: (await c.req.arrayBuffer()).byteLength }));
app.get('/visit', (c) => {
  const visits = Number(getCookie(c, 'visits') ?? 0) + 1;
  setCookie(c, 'visits', String(visits), { httpOnly: true });
  setCookie(c, 'theme', 'dark & light');
  return c.text(`visit ${visits}`);
});
app.get('/old', (c) => c.redirect('/', 301));
app.get('/stream', () => {
  const lines = ['line 1\n', 'line 2\n', 'line 3\n'].values();
  const text = new ReadableStream({
    pull(controller) {
      const { value, done } = lines.next();
      if (done) controller.close();
      else controller.enqueue(new TextEncoder().encode(value));
    },
  });
  return new Response(text, { headers: { 'Content-Type': 'text/plain; charset=utf-8' } });
});
app.get('/broken', () => {
  throw new Error('The database is gone.');
});

export default { fetch: app.fetch };
