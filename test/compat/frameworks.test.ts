import { Readable } from 'node:stream';
import assert from 'node:assert/strict';
import http from 'node:http';
import fastify from 'fastify';
import Koa from 'koa';
import type { Message } from '../http/support/peers.js';
import { same } from '../http/support/same.js';

const LARGE = 'x'.repeat(300_000);
const TEXT = { 'content-type': 'text/plain' };

/** What is asked of each framework's app; the status that proves that the app was asked. */
const CASES: readonly [behaviour: string, message: Message, status: number][] = [
  ['text', { url: '/text' }, 200],
  ['JSON', { url: '/json?a=1&b=%C3%A9' }, 200],
  ['bytes', { url: '/bytes' }, 200],
  ['an answer to HEAD', { method: 'HEAD', url: '/text' }, 200],
  ['a status without a body', { method: 'DELETE', url: '/gone' }, 204],
  ['a redirect', { url: '/redirect' }, 302],
  ['several values of a header, and cookies', { url: '/headers' }, 200],
  ['a stream', { url: '/stream' }, 200],
  ['a large body', { url: '/large' }, 200],
  ['an upload', { method: 'POST', url: '/upload', headers: TEXT, body: 'héllo' }, 201],
  ['a large upload', { method: 'PUT', url: '/upload', headers: TEXT, body: LARGE }, 201],
  ['an unknown path', { url: '/unknown' }, 404],
  ['an error with a status', { url: '/teapot' }, 418],
  ['an error without one', { url: '/broken' }, 500],
];

function describeCases(framework: string, build: () => Promise<http.RequestListener>): void {
  describe(`An app of ${framework} answers over LSAPI as over node:http`, () => {
    let handler: http.RequestListener;
    before(async () => (handler = await build()));

    for (const [behaviour, client, status] of CASES) {
      it(behaviour, async () => {
        // Events of the server's own connections come when the kernel delivers them: answers are compared here.
        const { answer } = await same({ handler, client, ignore: ['req', 'res'] });
        assert.equal(answer?.status, status);
      });
    }
  });
}

describeCases('Koa', () => {
  const app = new Koa();
  app.silent = true;
  app.use(async (ctx) => {
    switch (ctx.path) {
      case '/text':
        ctx.body = 'text é';
        return;
      case '/json':
        ctx.body = { method: ctx.method, query: ctx.query, host: ctx.host, protocol: ctx.protocol };
        return;
      case '/bytes':
        ctx.body = Buffer.from([0, 255, 10, 13]);
        return;
      case '/gone':
        ctx.status = 204;
        return;
      case '/redirect':
        ctx.redirect('/text');
        return;
      case '/headers':
        ctx.set('X-Own', ['one', 'two']);
        ctx.cookies.set('a', '1');
        ctx.cookies.set('b', '2');
        ctx.body = String(ctx.get('x-asked'));
        return;
      case '/stream':
        ctx.type = 'text/plain';
        ctx.body = Readable.from(['one ', 'two ', 'three']);
        return;
      case '/large':
        ctx.body = LARGE;
        return;
      case '/upload': {
        let length = 0;
        for await (const chunk of ctx.req) length += (chunk as Buffer).length;
        ctx.status = 201;
        ctx.body = `${ctx.get('content-type')} ${length}`;
        return;
      }
      case '/teapot':
        ctx.throw(418, 'short and stout');
        return;
      case '/broken':
        throw new Error('broken');
      default:
    }
  });
  return Promise.resolve(app.callback());
});

describeCases('Fastify', async () => {
  let handler: http.RequestListener | undefined;
  const app = fastify({
    serverFactory(listener) {
      handler = listener;
      return http.createServer(handler);
    },
  });
  app.get('/text', () => 'text é');
  app.get('/json', ({ method, query, host, protocol }) => ({ method, query, host, protocol }));
  app.get('/bytes', (_, reply) => reply.type('application/octet-stream').send(Buffer.from([0, 255, 10, 13])));
  app.delete('/gone', (_, reply) => reply.code(204).send());
  app.get('/redirect', (_, reply) => reply.redirect('/text'));
  app.get('/headers', (request, reply) =>
    reply
      .header('X-Own', ['one', 'two'])
      .header('Set-Cookie', 'a=1')
      .header('Set-Cookie', 'b=2')
      .send(String(request.headers['x-asked'])),
  );
  app.get('/stream', (_, reply) => reply.type('text/plain').send(Readable.from(['one ', 'two ', 'three'])));
  app.get('/large', () => LARGE);
  app.route({
    method: ['POST', 'PUT'],
    url: '/upload',
    handler: (request, reply) =>
      reply.code(201).send(`${request.headers['content-type']} ${(request.body as string).length}`),
  });
  app.get('/teapot', () => {
    throw Object.assign(new Error('short and stout'), { statusCode: 418 });
  });
  app.get('/broken', () => {
    throw new Error('broken');
  });
  await app.ready();
  assert.ok(handler);
  return handler;
});
