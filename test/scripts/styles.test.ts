import assert from 'node:assert/strict';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { lsapi, scriptServers } from './support/script-server.js';

const express = JSON.stringify(
  pathToFileURL(join(import.meta.dirname, '../../../node_modules/express/index.js')).href,
);

describe('A script', () => {
  const start = scriptServers();

  describe('answers in any style', () => {
    const styles: [what: string, name: string, text: string][] = [
      [
        'a request listener in CommonJS',
        'a.cjs',
        'exports.application = (req, res) => res.end(req.method + " " + req.url);',
      ],
      [
        'a request listener in an ES module',
        'a.mjs',
        'export function application(req, res) { res.end(req.method + " " + req.url); }',
      ],
      [
        'its default export',
        'a.mjs',
        'export default (req, res) => { res.end(req.method + " " + req.url); };',
      ],
      ['module.exports', 'a.cjs', 'module.exports = (req, res) => { res.end(req.method + " " + req.url); };'],
      [
        'a server that listens',
        'a.cjs',
        'require("http").createServer((req, res) => res.end(req.method + " " + req.url)).listen(3000);',
      ],
      [
        'a server that listens late',
        'a.mjs',
        `import http from 'node:http';
         const server = http.createServer((req, res) => res.end(req.method + ' ' + req.url));
         setTimeout(() => server.listen(3000), 20);`,
      ],
      [
        'an Express app',
        'a.mjs',
        `import express from ${express};
         export const application = express();
         application.get('/x', (req, res) => res.send(req.method + ' ' + req.url));`,
      ],
      [
        'the raw style',
        'a.mjs',
        `import { raw } from ${lsapi};
         export default raw((request, response) => response.send(200, null, request.method + ' ' + request.env('PATH_INFO')));`,
      ],
      [
        'the fetch style',
        'a.mjs',
        `export default { fetch: (request, { env }) => new Response(request.method + ' ' + env.PATH_INFO) };`,
      ],
      [
        'the WSGI style',
        'a.mjs',
        `import { wsgi } from ${lsapi};
         export const application = wsgi((environ, start) => {
           start('200 OK', [['Content-Type', 'text/plain']]);
           return [environ.REQUEST_METHOD + ' ' + environ.PATH_INFO];
         });`,
      ],
    ];
    for (const [what, name, text] of styles) {
      it(what, async () => {
        const response = await start({ [name]: text }).request(name, { info: '/x' });
        assert.deepEqual([response.status, response.text], [200, 'GET /x']);
      });
    }
  });

  describe('of a suffix that Node does not know', () => {
    it('is an ES module by its syntax', async () => {
      const server = start({
        'lib.mjs': 'export const word = "imported";',
        'a.wsgi': `import { word } from './lib.mjs'; export const application = (req, res) => res.end(word);`,
      });
      assert.equal((await server.request('a.wsgi')).text, 'imported');
    });

    it('is CommonJS otherwise', async () => {
      const server = start({
        'lib.cjs': 'exports.word = "required";',
        'a.wsgi': `#!/usr/bin/env lsnode\nexports.application = (req, res) => res.end(require('./lib.cjs').word);`,
      });
      assert.equal((await server.request('a.wsgi')).text, 'required');
    });

    it('cannot wait at its top level, and the log says what to do', async () => {
      const server = start({ 'a.wsgi': 'await null; export const application = (req, res) => res.end();' });
      assert.equal((await server.request('a.wsgi')).status, 500);
      assert.match(server.log, /name it \.mjs/);
    });
  });

  it('is loaded once, whatever asks for it', async () => {
    const server = start({
      'a.cjs':
        'let loads = globalThis.lsapiTestLoads = (globalThis.lsapiTestLoads ?? 0) + 1;\nexports.application = (q, r) => r.end(String(loads));',
    });
    const answers = await Promise.all(Array.from({ length: 5 }, () => server.request('a.cjs')));
    assert.deepEqual(
      answers.map(({ text }) => text),
      ['1', '1', '1', '1', '1'],
    );
    delete (globalThis as { lsapiTestLoads?: number }).lsapiTestLoads;
  });

  it('gets bodies that arrive while it is loaded', async () => {
    const server = start({
      'a.mjs': `await new Promise((resolve) => setTimeout(resolve, 50));
        export function application(req, res) { req.pipe(res); }`,
    });
    const response = await server.request('a.mjs', { method: 'POST', body: 'x'.repeat(200_000) });
    assert.equal(response.bodyLength, 200_000);
  });

  it('that is given up while it is loaded does no harm', async () => {
    const server = start({
      'a.mjs': `await new Promise((resolve) => setTimeout(resolve, 50));
        export function application(req, res) { res.end('here'); }`,
    });
    const client = await server.server.connect();
    await client.send({
      url: '/a.mjs',
      env: { DOCUMENT_ROOT: server.root, SCRIPT_FILENAME: server.path('a.mjs') },
    });
    await client.abort();
    assert.equal((await server.request('a.mjs')).text, 'here');
  });

  it('is one of many: responses of different styles go on side by side', async () => {
    const server = start({
      'n.cjs': 'exports.application = (q, r) => { r.write("n"); setTimeout(() => r.end("ode"), 20); };',
      'f.mjs':
        'export default { fetch: async () => { await new Promise((r) => setTimeout(r, 10)); return new Response("fetch"); } };',
    });
    const names = ['n.cjs', 'f.mjs', 'n.cjs', 'f.mjs'];
    const answers = await Promise.all(names.map((name) => server.request(name)));
    assert.deepEqual(
      answers.map(({ text }) => text),
      ['node', 'fetch', 'node', 'fetch'],
    );
  });

  describe('sees where it is mounted:', () => {
    const show = `exports.application = (req, res) => res.end(JSON.stringify(
      [req.baseUrl, req.url, req.originalUrl, req.lsapi.env.SCRIPT_NAME, req.lsapi.env.PATH_INFO]));`;

    it('req.url is what follows it, req.baseUrl leads to it, req.originalUrl is both', async () => {
      const response = await start({ 'd/a.cjs': show }).request('d/a.cjs', { info: '/x y?z' });
      assert.deepEqual(JSON.parse(response.text), [
        '/d/a.cjs',
        '/x%20y?z',
        '/d/a.cjs/x%20y?z',
        '/d/a.cjs',
        '/x y',
      ]);
    });

    it('quirks of servers are put right in SCRIPT_NAME and PATH_INFO', async () => {
      const response = await start({ 'a.cjs': show }).request('a.cjs', {
        url: '/pretty',
        env: { SCRIPT_NAME: '/a.cjs/x', PATH_INFO: '/x' },
      });
      assert.deepEqual(JSON.parse(response.text), ['/a.cjs', '/x', '/pretty', '/a.cjs', '/x']);
    });

    it('routes of Express are below it, and its routers add to req.baseUrl', async () => {
      const server = start({
        'a.mjs': `import express from ${express};
          const router = express.Router();
          router.get('/:id', (req, res) => res.json([req.baseUrl, req.url, req.originalUrl, req.params.id]));
          export const application = express().use('/items', router);`,
      });
      const response = await server.request('a.mjs', { info: '/items/7' });
      assert.deepEqual(JSON.parse(response.text), ['/a.mjs/items', '/7', '/a.mjs/items/7', '7']);
    });

    it('the fetch style has the whole URL in request.url, and the rest in PATH_INFO', async () => {
      const server = start({
        'a.mjs':
          'export default { fetch: (request, { env }) => Response.json([request.url, env.SCRIPT_NAME, env.PATH_INFO]) };',
      });
      const response = await server.request('a.mjs', { info: '/x', headers: { Host: 'h' } });
      assert.deepEqual(JSON.parse(response.text), ['http://h/a.mjs/x', '/a.mjs', '/x']);
    });
  });
});
