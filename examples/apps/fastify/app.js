import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import fastify from 'fastify';

const app = fastify({ logger: false });

app.get('/', (request, reply) => reply.type('text/html').send('<h1>Fastify</h1>'));
app.post('/echo', (request, reply) => reply.code(201).send({ echoed: request.body }));
app.get('/redirect', (request, reply) => reply.redirect('/'));
app.get('/cookies', (request, reply) =>
  reply
    .header('set-cookie', ['theme=dark; HttpOnly', 'language=en'])
    .send({ cookie: request.headers.cookie }),
);
app.get('/stream', (request, reply) =>
  reply.type('text/plain').send(Readable.from(['part 1\n', 'part 2\n', 'end\n'])),
);
app.get('/static/file.txt', async (request, reply) =>
  reply.type('text/plain').send(await readFile(new URL('public/file.txt', import.meta.url))),
);
app.get('/request', async (request) => ({
  method: request.method,
  url: request.url,
  query: request.query,
  host: request.hostname,
  ip: request.ip,
}));
app.get('/error', async () => {
  throw new Error('as intended');
});

await app.listen({ port: process.env.PORT || 3000, host: '127.0.0.1' });
