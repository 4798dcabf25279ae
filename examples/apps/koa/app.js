const { Readable } = require('node:stream');
const { text } = require('node:stream/consumers');
const Koa = require('koa');

const app = new Koa();
app.silent = true;

const routes = {
  'GET /': (ctx) => (ctx.body = '<h1>Koa</h1>'),
  'POST /echo': async (ctx) => {
    ctx.status = 201;
    ctx.body = { echoed: JSON.parse(await text(ctx.req)) };
  },
  'GET /redirect': (ctx) => ctx.redirect('/'),
  'GET /cookies': (ctx) => {
    ctx.cookies.set('theme', 'dark');
    ctx.cookies.set('language', 'en', { httpOnly: false });
    ctx.body = { theme: ctx.cookies.get('theme') };
  },
  'GET /stream': (ctx) => {
    ctx.type = 'text';
    ctx.body = Readable.from(['part 1\n', 'part 2\n', 'end\n']);
  },
  'GET /request': (ctx) => {
    ctx.body = { method: ctx.method, path: ctx.path, query: ctx.query, host: ctx.hostname, ip: ctx.ip };
  },
  'GET /error': () => {
    throw new Error('as intended');
  },
};
app.use((ctx) => routes[`${ctx.method} ${ctx.path}`]?.(ctx));

app.listen(process.env.PORT || 3000);
