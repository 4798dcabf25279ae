import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import { isLsapiError } from '#lib/errors.js';
import { createGateway, type Gateway } from '#lib/gateway/index.js';
import { createServer } from '#lib/index.js';
import { acceleratedSendFile } from '#lib/litespeed/index.js';

const ACCELERATED = 'x-accelerated';

/** An Express app behind the gateway, which delivers below /files/ as a server does; and the same app on node:http. */
describe('acceleratedSendFile()', () => {
  let directory = '';
  let gateway: Gateway;
  const servers: Server[] = [];
  let base = '';
  let plain = '';
  /** Callbacks of sendFile(), by their error's code. */
  let called: string[] = [];

  before(async () => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), 'lsapi-sendfile-')));
    const files = join(directory, 'files');
    mkdirSync(join(files, 'sub dir'), { recursive: true });
    writeFileSync(join(files, 'a.txt'), 'the text of the file');
    writeFileSync(join(files, 'sub dir/100% ü#?.txt'), 'a strange name');
    writeFileSync(join(files, '.hidden'), 'hidden');
    writeFileSync(join(directory, 'outside.txt'), 'outside of the mount');
    symlinkSync('../outside.txt', join(files, 'link.txt'));

    const app = express();
    app.use(acceleratedSendFile({ mounts: [{ uri: '/files/', directory: files }] }));
    // Tells from outside who has delivered: what the app ends by itself has its length.
    app.use((_request, response, next) => {
      const end = response.end.bind(response) as (...parameters: unknown[]) => typeof response;
      response.end = function (...parameters: unknown[]) {
        if (response.hasHeader('X-LiteSpeed-Location')) response.setHeader(ACCELERATED, 'yes');
        return end(...parameters);
      };
      next();
    });
    const note = (error?: Error | null): void => {
      called.push(error ? ((error as NodeJS.ErrnoException).code ?? error.name) : 'done');
    };
    app.get('/app/send', (request, response, next) => {
      const { path, ...options } = JSON.parse(request.query.options as string) as { path: string };
      response.cookie('k', 'v');
      response.sendFile(path, options, (error) => {
        note(error);
        if (error && !response.headersSent) next(error);
      });
    });
    app.get('/app/plain', (_request, response) => response.sendFile(join(files, 'a.txt')));
    app.get('/app/typed', (_request, response) => response.type('text/x-own').sendFile(join(files, 'a.txt')));
    app.get('/app/status', (_request, response) => response.status(404).sendFile(join(files, 'a.txt')));
    app.get('/app/download', (_request, response) =>
      response.download(join(files, 'a.txt'), 'the "name".txt', note),
    );
    app.use(((error, _request, response, next) => {
      if (response.headersSent) next(error);
      else response.status((error as { status?: number }).status ?? 500).send('failed');
    }) satisfies express.ErrorRequestHandler);

    const socket = join(directory, 'app.sock');
    const server = createServer(app).listen(socket);
    servers.push(server);
    await once(server, 'listening');
    gateway = createGateway({
      target: socket,
      documentRoot: directory,
      contexts: [{ uri: '/app/' }],
      accessLog: false,
    });
    await gateway.listen(0);
    base = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`;
    const http = createHttpServer(app).listen(0, '127.0.0.1');
    servers.push(http);
    await once(http, 'listening');
    plain = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  });
  beforeEach(() => (called = []));
  after(async () => {
    await gateway.close();
    for (const server of servers) server.close().closeAllConnections();
    rmSync(directory, { recursive: true, force: true });
  });

  const send = (options: object, init?: RequestInit, origin = base): Promise<Response> =>
    fetch(`${origin}/app/send?options=${encodeURIComponent(JSON.stringify(options))}`, init);
  const accelerated = ({ headers }: Response): boolean => headers.get(ACCELERATED) === 'yes';

  it('has the server deliver a file of a mount; cookies and other headers stay, the callback runs', async () => {
    const response = await send({ path: join(directory, 'files/a.txt'), headers: { 'X-Own': '1' } });
    assert.equal(await response.text(), 'the text of the file');
    assert.equal(response.status, 200);
    assert.ok(accelerated(response));
    assert.equal(response.headers.get('content-length'), '20');
    assert.equal(response.headers.get('set-cookie'), 'k=v; Path=/');
    assert.equal(response.headers.get('x-own'), '1');
    assert.equal(response.headers.get('cache-control'), 'public, max-age=0');
    assert.match(response.headers.get('content-type') ?? '', /^text\/plain/);
    assert.deepEqual(called, ['done']);
  });

  it('knows root, maxAge and immutable', async () => {
    const response = await send({
      path: 'a.txt',
      root: join(directory, 'files'),
      maxAge: '1d',
      immutable: true,
    });
    assert.ok(accelerated(response));
    assert.equal(response.headers.get('cache-control'), 'public, max-age=86400, immutable');
    assert.equal(
      (await send({ path: 'a.txt', root: join(directory, 'files'), cacheControl: false })).headers.get(
        'cache-control',
      ),
      null,
    );
  });

  it('says the same of caching as Express', async () => {
    for (const maxAge of [0, 1500, 90_000, '2 days', '1.5h', '10', '2d', -5, 1e15]) {
      const options = { path: 'a.txt', root: join(directory, 'files'), maxAge };
      const [ours, express] = await Promise.all([send(options), send(options, undefined, plain)]);
      if (express.status !== 200) continue; // Express 5 refuses what it cannot read
      assert.equal(ours.headers.get('cache-control'), express.headers.get('cache-control'), String(maxAge));
    }
  });

  it('leaves ranges and conditional requests to the server', async () => {
    const path = join(directory, 'files/a.txt');
    const part = await send({ path }, { headers: { Range: 'bytes=4-7' } });
    assert.deepEqual([part.status, await part.text()], [206, 'text']);
    const tag = (await send({ path })).headers.get('etag') ?? '';
    const unchanged = await send({ path }, { headers: { 'If-None-Match': tag } });
    assert.deepEqual([unchanged.status, await unchanged.text()], [304, '']);
    const head = await send({ path }, { method: 'HEAD' });
    assert.deepEqual([head.status, accelerated(head)], [200, true]);
  });

  it('delivers a file whatever its name', async () => {
    const response = await send({ path: join(directory, 'files/sub dir/100% ü#?.txt') });
    assert.equal(await response.text(), 'a strange name');
    assert.ok(accelerated(response));
  });

  it('download() has the name that it gives', async () => {
    const response = await fetch(`${base}/app/download`);
    assert.equal(await response.text(), 'the text of the file');
    assert.ok(accelerated(response));
    assert.equal(response.headers.get('content-disposition'), 'attachment; filename="the \\"name\\".txt"');
    assert.deepEqual(called, ['done']);
  });

  it('without options and callback as well', async () => {
    const response = await fetch(`${base}/app/plain`);
    assert.equal(await response.text(), 'the text of the file');
    assert.ok(accelerated(response));
  });

  describe('leaves to Express, with the same result as without it,', () => {
    const cases: Record<string, (root: string) => object> = {
      'a missing file': (root) => ({ path: join(root, 'files/none.txt') }),
      'a directory': (root) => ({ path: join(root, 'files') }),
      'a file outside of the mounts': (root) => ({ path: join(root, 'outside.txt') }),
      'a link that leads out of them': (root) => ({ path: join(root, 'files/link.txt') }),
      'a dot file': (root) => ({ path: join(root, 'files/.hidden') }),
      'a way out of the root': (root) => ({ path: '../outside.txt', root: join(root, 'files') }),
      'a path that is not absolute': () => ({ path: 'a.txt' }),
      'a part of a file': (root) => ({ path: join(root, 'files/a.txt'), start: 4, end: 7 }),
      'a file without a tag': (root) => ({
        path: join(root, 'files/a.txt'),
        etag: false,
        lastModified: false,
      }),
      'a type of its own': (root) => ({
        path: join(root, 'files/a.txt'),
        headers: { 'Content-Type': 'text/x-own' },
      }),
    };
    for (const [name, options] of Object.entries(cases)) {
      it(name, async () => {
        const [ours, express] = await Promise.all([
          send(options(directory)),
          send(options(directory), undefined, plain),
        ]);
        assert.ok(!accelerated(ours));
        assert.equal(ours.status, express.status);
        assert.equal(await ours.text(), await express.text());
        assert.equal(ours.headers.get('content-type'), express.headers.get('content-type'));
        assert.equal(called.length === 0 || called[0] === called[1], true, String(called));
      });
    }

    it('a status or type that the app has set', async () => {
      const typed = await fetch(`${base}/app/typed`);
      assert.deepEqual(
        [typed.headers.get('content-type'), accelerated(typed)],
        ['text/x-own; charset=utf-8', false],
      );
      const status = await fetch(`${base}/app/status`);
      assert.deepEqual([status.status, accelerated(status)], [404, false]);
    });

    it('requests that did not come over LSAPI', async () => {
      const response = await send({ path: join(directory, 'files/a.txt') }, undefined, plain);
      assert.deepEqual([await response.text(), accelerated(response)], ['the text of the file', false]);
    });
  });

  it('refuses mounts that are none', () => {
    for (const mounts of [[], [{ uri: 'files', directory: '/x' }], [{ uri: '/files', directory: 'x' }]]) {
      assert.throws(
        () => acceleratedSendFile({ mounts }),
        (error) => isLsapiError(error, 'LSAPI_ERR_OPTION'),
      );
    }
  });
});
