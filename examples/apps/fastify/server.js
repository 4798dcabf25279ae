import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import files from '@fastify/static';
import fastify from 'fastify';

const app = fastify({ logger: true });
await app.register(cookie);
await app.register(formbody);
await app.register(files, { root: fileURLToPath(new URL('public', import.meta.url)) });
app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (request, body, done) => {
  done(null, body);
});

app.get('/', (request, reply) =>
  reply
    .type('text/html; charset=utf-8')
    .send('<!doctype html><title>Notes</title><img src="/logo.svg" alt=""><h1>Grüße aus Fastify</h1>'),
);
app.get('/hello/:name', (request) => ({ hello: request.params.name, tags: request.query.tag }));
app.post('/notes', {
  schema: { body: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] } },
  handler: (request, reply) => reply.code(201).header('Location', '/notes/1').send({ note: request.body }),
});
app.delete('/notes/:id', (request, reply) => reply.code(204).send());
app.post('/form', (request, reply) => reply.redirect(`/hello/${encodeURIComponent(request.body.name)}`, 303));
app.put('/upload', (request) => ({ bytes: request.body.length }));
app.get('/visit', (request, reply) => {
  const visits = Number(request.cookies.visits ?? 0) + 1;
  return reply
    .setCookie('visits', String(visits), { httpOnly: true, sameSite: 'lax' })
    .setCookie('theme', 'dark & light')
    .send(`visit ${visits}`);
});
app.get('/old', (request, reply) => reply.redirect('/', 301));
app.get('/whoami', ({ url, hostname: host, protocol, ip, headers }) => ({
  url,
  host,
  protocol,
  ip,
  agent: headers['user-agent'],
}));
app.get('/stream', (request, reply) => reply.type('text/plain; charset=utf-8').send(Readable.from(lines())));
app.get('/broken', async () => {
  throw new Error('The database is gone.');
});

async function* lines() {
  for (let line = 1; line <= 5; line++) {
    await delay(10);
    yield `line ${line}\n`;
  }
}

// Without a host Fastify listens on every address of localhost, with a server for each.
await app.listen({ port: Number(process.env.PORT || 3000) });
