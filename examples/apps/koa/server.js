import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { bodyParser } from '@koa/bodyparser';
import Router from '@koa/router';
import Koa from 'koa';
import serve from 'koa-static';

const router = new Router();

router.get('/', (ctx) => {
  ctx.type = 'html';
  ctx.body = '<!doctype html><title>Notes</title><img src="/logo.svg" alt=""><h1>Grüße aus Koa</h1>';
});
router.get('/hello/:name', (ctx) => {
  ctx.body = { hello: ctx.params.name, tags: ctx.query.tag };
});
router.post('/notes', (ctx) => {
  ctx.status = 201;
  ctx.set('Location', '/notes/1');
  ctx.body = { note: ctx.request.body };
});
router.delete('/notes/:id', (ctx) => {
  ctx.status = 204;
});
router.post('/form', (ctx) => {
  ctx.status = 303;
  ctx.redirect(`/hello/${encodeURIComponent(ctx.request.body.name)}`);
});
router.put('/upload', async (ctx) => {
  let bytes = 0;
  for await (const chunk of ctx.req) bytes += chunk.length;
  ctx.body = { bytes };
});
router.get('/visit', (ctx) => {
  const visits = Number(ctx.cookies.get('visits') ?? 0) + 1;
  ctx.cookies.set('visits', String(visits), { sameSite: 'lax' });
  ctx.cookies.set('theme', encodeURIComponent('dark & light'), { httpOnly: false });
  ctx.body = `visit ${visits}`;
});
router.get('/old', (ctx) => {
  ctx.status = 301;
  ctx.redirect('/');
});
router.get('/whoami', (ctx) => {
  const { url, hostname: host, protocol, ip } = ctx;
  ctx.body = { url, host, protocol, ip, agent: ctx.get('user-agent') };
});
router.get('/stream', (ctx) => {
  ctx.type = 'text/plain';
  ctx.body = Readable.from(lines());
});
router.get('/broken', () => {
  throw new Error('The database is gone.');
});

async function* lines() {
  for (let line = 1; line <= 5; line++) {
    await delay(10);
    yield `line ${line}\n`;
  }
}

const app = new Koa();
app.use(serve(fileURLToPath(new URL('public', import.meta.url))));
app.use(bodyParser());
app.use(router.routes());
app.use(router.allowedMethods());

const server = app.listen(process.env.PORT || 3000, () => {
  console.log(`Listening on port ${server.address().port}`);
});
