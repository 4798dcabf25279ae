import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { join } from 'node:path';
import { lsnodes, rawApp, root } from '../cli/support/lsnode.js';

const express = JSON.stringify(join(root, 'node_modules/express'));
const fastify = JSON.stringify(join(root, 'node_modules/fastify/fastify.js'));
const koa = JSON.stringify(join(root, 'node_modules/koa'));
const hono = JSON.stringify(join(root, 'node_modules/hono/dist/index.js'));
const lsapi = JSON.stringify(join(root, 'dist/index.js'));

interface Kind {
  readonly files: Readonly<Record<string, string>>;
  readonly text?: string;
  readonly args?: readonly string[];
  /** What it must have printed once it is served. */
  readonly printed?: RegExp;
}

const KINDS: Record<string, Kind> = {
  'CommonJS, createServer().listen()': {
    files: { 'app.js': `require('http').createServer((req, res) => res.end('it')).listen(3000)` },
  },
  'CommonJS, a listen() callback': {
    files: {
      'app.js': `const server = require('http').createServer((req, res) => res.end('it'));
        server.on('listening', () => console.log('event'));
        server.listen(3000, () => console.log('callback', server.listening, server.address().port));`,
    },
    printed: /event\ncallback true 3000/,
  },
  'CommonJS, module.exports = function': {
    files: { 'app.js': `module.exports = (req, res) => res.end('it')` },
  },
  'CommonJS, exports.default (transpiled)': {
    files: {
      'app.js': `Object.defineProperty(exports, '__esModule', { value: true });
        exports.default = (req, res) => res.end('it');`,
    },
  },
  'CommonJS, module.exports = http.Server': {
    files: { 'app.js': `module.exports = require('http').createServer((req, res) => res.end('it'))` },
  },
  'ESM, listen()': {
    files: {
      'app.mjs': `import http from 'node:http'; http.createServer((req, res) => res.end('it')).listen(3000);`,
    },
  },
  'ESM by package.json': {
    files: {
      'package.json': '{"type":"module"}',
      'app.js': `import http from 'node:http'; http.createServer((req, res) => res.end('it')).listen(3000);`,
    },
  },
  'ESM, export default function': {
    files: { 'app.mjs': `export default function (req, res) { res.end('it'); }` },
  },
  'ESM, export default async function': {
    files: { 'app.mjs': `export default async (req, res) => { await null; res.end('it'); }` },
  },
  'ESM, export default http.Server': {
    files: {
      'app.mjs': `import http from 'node:http'; export default http.createServer((q, s) => s.end('it'));`,
    },
  },
  'ESM with top-level await before listen()': {
    files: {
      'app.mjs': `import http from 'node:http'; await new Promise((resolve) => setTimeout(resolve, 50));
        http.createServer((req, res) => res.end('it')).listen(3000);`,
    },
  },
  'ESM with top-level await of its server, as Fastify apps have it': {
    files: {
      'app.mjs': `import http from 'node:http'; import { once } from 'node:events';
        const server = http.createServer((req, res) => res.end('it')).listen(3000);
        await once(server, 'listening');
        console.log('listening');`,
    },
    printed: /listening/,
  },
  'ESM that goes on after listen() for ever': {
    files: {
      'app.mjs': `import http from 'node:http'; http.createServer((req, res) => res.end('it')).listen(3000);
        await new Promise(() => {});`,
    },
  },
  'ESM, raw()': { files: { 'app.mjs': rawApp(`response.send(200, null, 'it')`) } },
  'CommonJS, raw()': {
    files: { 'app.js': `module.exports = require(${lsapi}).raw((q, s) => s.send(200, null, 'it'))` },
  },
  'ESM, export default { fetch }': {
    files: { 'app.mjs': `export default { port: 3000, fetch: () => new Response('it') };` },
  },
  'ESM, export function fetch': {
    files: { 'app.mjs': `export function fetch() { return new Response('it'); }` },
  },
  'ESM, export default an object of a class with fetch()': {
    files: {
      'app.mjs': `class App { #text = 'it'; async fetch() { return new Response(this.#text); } }
        export default new App();`,
    },
  },
  'CommonJS, module.exports = { fetch }': {
    files: { 'app.js': `module.exports = { fetch: () => new Response('it') };` },
  },
  'CommonJS, exports.fetch': { files: { 'app.js': `exports.fetch = async () => new Response('it');` } },
  'Hono, export default app': {
    files: {
      'app.mjs': `import { Hono } from ${hono}; const app = new Hono(); app.get('/', (c) => c.text('it'));
        export default app;`,
    },
  },
  'ESM, wsgi()': {
    files: {
      'app.mjs': `import { wsgi } from ${lsapi};
        export default wsgi((environ, startResponse) => { startResponse('200 OK', []); return ['it']; });`,
    },
  },
  'CommonJS, wsgi()': {
    files: {
      'app.js': `module.exports = require(${lsapi}).wsgi(async (environ, startResponse) => {
        startResponse('200 OK', []); environ['wsgi.errors'].write('noted\\n'); return ['it']; });`,
    },
    printed: /^noted$/m,
  },
  'fetch beside listen(): what listens counts': {
    files: {
      'app.mjs': `import http from 'node:http'; http.createServer((req, res) => res.end('it')).listen(3000);
        export default { fetch: () => new Response('fetch') };`,
    },
  },
  'a function beside fetch: the function counts': {
    files: {
      'app.mjs': `export default (req, res) => res.end('it'); export const fetch = () => new Response('fetch');`,
    },
  },
  'an object with fetch and listen(): fetch counts': {
    files: {
      'app.mjs': `export default { fetch: () => new Response('it'), listen: () => console.error('listen() was called') };`,
    },
  },
  'createServer() of this package': {
    files: {
      'app.mjs': `import { createServer } from ${lsapi}; createServer((q, s) => s.end('it')).listen(3000);`,
    },
  },
  'Express, listen()': {
    files: {
      'app.js': `const app = require(${express})(); app.get('/', (q, s) => s.send('it')); app.listen(3000);`,
    },
  },
  'Express, module.exports = app': {
    files: {
      'app.js': `const app = require(${express})(); app.get('/', (q, s) => s.send('it')); module.exports = app;`,
    },
  },
  'Express, exported and listening': {
    files: {
      'app.js': `const app = require(${express})(); app.get('/', (q, s) => s.send('it'));
        app.listen(3000, () => console.log('listening')); module.exports = app;`,
    },
    printed: /listening/,
  },
  'Express, exported, and listening later': {
    files: {
      'app.js': `const app = require(${express})(); app.get('/', (q, s) => s.send('it'));
        setTimeout(() => app.listen(3000, () => console.log('listening')), 100); module.exports = app;`,
    },
    printed: /listening/,
  },
  'listen() a while after it was loaded': {
    files: {
      'app.js': `const server = require('http').createServer((req, res) => res.end('it'));
        setTimeout(() => server.listen(3000), 200);`,
    },
  },
  'https.createServer()': {
    files: { 'app.js': `require('https').createServer({}, (req, res) => res.end('it')).listen(443)` },
  },
  'a server without the request listener at first': {
    files: {
      'app.js': `const server = require('http').createServer(); server.listen(3000);
        server.on('request', (req, res) => res.end('it'));`,
    },
  },
  'a class derived from http.Server': {
    files: {
      'app.js': `const http = require('http'); class Mine extends http.Server {}
        new Mine((req, res) => res.end('it')).listen(3000);`,
    },
  },
  'an object with listen(), as Koa apps are': {
    files: {
      'app.js': `const http = require('http');
        module.exports = { listen: (...args) => http.createServer((req, res) => res.end('it')).listen(...args) };`,
    },
  },
  'Koa, module.exports = app': {
    files: {
      'app.js': `const Koa = require(${koa}); const app = new Koa();
        app.use((context) => { context.body = 'it'; }); module.exports = app;`,
    },
  },
  'Koa, app.listen(), address() asked at once': {
    files: {
      'app.js': `const Koa = require(${koa}); const app = new Koa();
        app.use((context) => { context.body = 'it'; });
        const server = app.listen('3000'); console.log(server.listening, server.address().port === 3000);`,
    },
    printed: /true true/,
  },
  'Fastify, export default app': {
    files: {
      'app.mjs': `import fastify from ${fastify}; const app = fastify(); app.get('/', () => 'it'); export default app;`,
    },
  },
  'Fastify, await app.listen(), which has a server for each address of localhost': {
    files: {
      'app.mjs': `import fastify from ${fastify}; import net from 'node:net';
        const app = fastify(); app.get('/', () => 'it');
        const port = 20_000 + process.pid % 10_000;
        console.log(await app.listen({ port }));
        for (const { port } of app.addresses()) {
          net.connect(port, '127.0.0.1').on('error', () => console.log('no socket'));
        }`,
    },
    printed: /^http:\/\/127\.0\.0\.1:\d+\n(no socket\n)+$/,
  },
  'listen(callback)': {
    files: {
      'app.js': `const server = require('http').createServer((req, res) => res.end('it'));
        server.listen(() => console.log('port', server.address().port));`,
    },
    printed: /port 0/,
  },
  'listen() on a path': {
    files: {
      'app.js': `const server = require('http').createServer((req, res) => res.end('it'));
        server.listen('/tmp/of-the-app.sock', () => console.log('at', server.address()));
        console.log(require('fs').existsSync('/tmp/of-the-app.sock'));`,
    },
    printed: /false\nat \/tmp\/of-the-app\.sock/,
  },
  'listen() with an object of options': {
    files: {
      'app.js': `const server = require('http').createServer((req, res) => res.end('it'));
        server.listen({ port: '8443', host: '127.0.0.1', backlog: 5 }, () => console.log(JSON.stringify(server.address())));`,
    },
    printed: /\{"address":"127\.0\.0\.1","family":"IPv4","port":8443\}/,
  },
  'an app that listens only where require.main === module': {
    files: {
      'app.js': `const server = require('http').createServer((req, res) => res.end('it'));
        if (require.main === module && !module.parent) server.listen(3000);`,
    },
  },
  'a start file without a suffix, as express-generator has it': {
    files: {
      'bin/www': `#!/usr/bin/env node
        const server = require('http').createServer((req, res) => res.end('it'));
        if (require.main === module) server.listen(3000);`,
    },
    args: ['bin/www'],
  },
  'an app that listens only when it is the main module': {
    files: {
      'app.js': `const server = require('http').createServer((req, res) => res.end('it'));
        if (process.argv[1] === __filename) server.listen(3000);`,
    },
  },
};

const TYPED = `const http = require('node:http');
  const server = http.createServer((req: unknown, res: { end(text: string): void }) => res.end('it'));
  if (require.main === module) server.listen(3000);`;

const TYPESCRIPT_KINDS: Record<string, Kind> = {
  'TypeScript, .cts, listens where require.main === module': { files: { 'app.cts': TYPED } },
  'TypeScript, .ts that is CommonJS': { files: { 'app.ts': TYPED } },
  'TypeScript, .ts of a CommonJS package': {
    files: { 'app.ts': TYPED, 'package.json': '{"type":"commonjs"}' },
  },
  'TypeScript, .ts that is ESM': {
    files: {
      'app.ts': `import http from 'node:http'; const text: string = await Promise.resolve('it');
        http.createServer((req, res) => res.end(text)).listen(3000);`,
    },
  },
  'TypeScript, .mts, export default function': {
    files: { 'app.mts': `export default (req: unknown, res: { end(text: string): void }) => res.end('it');` },
  },
};
const runsTypeScript = (process.features as { typescript?: string | false }).typescript === 'strip';

describe('Every kind of app is served', () => {
  const start = lsnodes();

  for (const [kind, { files, args = [], text = 'it', printed }] of Object.entries({
    ...KINDS,
    ...(runsTypeScript && TYPESCRIPT_KINDS),
  })) {
    it(kind, async () => {
      const lsnode = start({ files, args });
      const client = await lsnode.connect();
      for (let n = 0; n < 2; n++) assert.equal((await client.request()).text, text, lsnode.stderr);
      if (printed !== undefined) {
        await lsnode.printed(printed);
        assert.equal((await client.request()).text, text, lsnode.stderr);
      } else {
        assert.equal(lsnode.stderr, '');
      }
      lsnode.child.kill('SIGTERM');
      assert.equal(await lsnode.exitCode(), 0);
    });
  }

  for (const kind of runsTypeScript ? [] : Object.keys(TYPESCRIPT_KINDS)) {
    it(`${kind}: is refused with the remedy by this Node`, async () => {
      const lsnode = start({ files: TYPESCRIPT_KINDS[kind]?.files ?? {} });
      assert.equal(await lsnode.exitCode(), 1);
      assert.match(lsnode.stderr, /does not load TypeScript: use Node 22\.18 or later/);
    });
  }

  it('an exported handler, then a server with listeners of its own: the server has the requests', async () => {
    const lsnode = start({
      files: {
        'app.mjs': `import http from 'node:http';
          export default (req, res) => res.end('export');
          setTimeout(() => {
            const server = http.createServer(async (req, res) => {
              if (req.url === '/reject') throw new Error('the reason');
              res.end('server');
            });
            server.listen(3000, () => console.log('listening'));
            server.on('close', () => console.log('closed'));
          }, 150);`,
      },
    });
    const client = await lsnode.connect();
    assert.equal((await client.request()).text, 'export');
    await lsnode.printed(/listening/);
    assert.equal((await client.request()).text, 'server');
    assert.equal((await client.request({ url: '/reject' })).status, 500);
    assert.equal((await client.request()).text, 'server');
  });

  it('a second server listens for real, and the log says so', async () => {
    const lsnode = start({
      files: {
        'app.js': `const http = require('http');
          http.createServer((req, res) => res.end('first')).listen(3000);
          const second = http.createServer((req, res) => res.end('second'));
          second.listen(0, '127.0.0.1', () => console.log('port=' + second.address().port));`,
      },
    });
    const client = await lsnode.connect();
    assert.equal((await client.request()).text, 'first');
    const port = (await lsnode.printed(/port=(\d+)/))[1];
    assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), 'second');
    assert.match(lsnode.stderr, /listen\(0, "127.0.0.1"\): the app's second server listens for real/);
  });

  it('a raw handler beside a server: the server listens for real', async () => {
    const lsnode = start({
      files: {
        'app.mjs': `import http from 'node:http';
          const server = http.createServer((req, res) => res.end('http'));
          server.listen(0, '127.0.0.1', () => console.log('port=' + server.address().port));
          ${rawApp(`response.send(200, null, 'raw')`)}`,
      },
    });
    const client = await lsnode.connect();
    assert.equal((await client.request()).text, 'raw');
    const port = (await lsnode.printed(/port=(\d+)/))[1];
    assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), 'http');
    assert.match(lsnode.stderr, /the app exports a raw handler/);
  });

  it('a fetch handler whose app listens later: the server listens for real', async () => {
    const lsnode = start({
      files: {
        'app.mjs': `import http from 'node:http';
          export default { fetch: () => new Response('fetch') };
          setTimeout(() => {
            const server = http.createServer((req, res) => res.end('http'));
            server.listen(0, '127.0.0.1', () => console.log('port=' + server.address().port));
          }, 100);`,
      },
    });
    const client = await lsnode.connect();
    assert.equal((await client.request()).text, 'fetch');
    const port = (await lsnode.printed(/port=(\d+)/))[1];
    assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), 'http');
    assert.equal((await client.request()).text, 'fetch');
    assert.match(lsnode.stderr, /the app exports a fetch handler/);
  });

  it('servers that are no HTTP servers listen for real', async () => {
    const lsnode = start({
      files: {
        'app.js': `const net = require('net'); const http = require('http');
          const plain = net.createServer((socket) => socket.end('net'));
          plain.listen(0, '127.0.0.1', () => console.log('port=' + plain.address().port));
          http.createServer((req, res) => res.end('it')).listen(3000);`,
      },
    });
    assert.equal((await (await lsnode.connect()).request()).text, 'it');
    const socket = connect(Number((await lsnode.printed(/port=(\d+)/))[1]), '127.0.0.1');
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    assert.equal(text, 'net');
  });

  it('a server that listens twice gets the error that Node has for it', async () => {
    const lsnode = start({
      files: {
        'app.js': `const server = require('http').createServer((req, res) => res.end('it'));
          server.listen(3000);
          try { server.listen(3001); } catch (error) { console.log(error.code); }`,
      },
    });
    assert.equal((await (await lsnode.connect()).request()).text, 'it');
    await lsnode.printed(/ERR_SERVER_ALREADY_LISTEN/);
  });
});
