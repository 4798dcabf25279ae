// What acceleratedSendFile() must not change, shown by an app that has it and one that has it not. TEST_EXPRESS names
// another Express to run it with, by its directory: version 4 for example.
import assert from 'node:assert/strict';
import { chmodSync, utimesSync } from 'node:fs';
import { createRequire } from 'node:module';
import express, { type NextFunction, type Request, type Response } from 'express';
import { acceleratedSendFile, type AcceleratedSendFileOptions } from '#lib/litespeed/index.js';
import type { GatewayOptions } from '#lib/gateway/index.js';
import { Served, type Handler } from '../http/support/serve.js';
import { BehindGateway, Files, type Answer } from './support/behind-gateway.js';
import { assertRefused } from './support/refused.js';
import { patience } from '../support/program-environment.js';

const otherExpress = process.env.TEST_EXPRESS;
const createApp =
  otherExpress === undefined ? express : (createRequire(import.meta.url)(otherExpress) as typeof express);

type Route = (request: Request, response: Response, next: NextFunction) => unknown;

/** An app with and without the middleware, each behind a gateway. */
class Pair {
  readonly #apps: Served[] = [];
  plain!: BehindGateway;
  accelerated!: BehindGateway;
  /** What the callbacks of sendFile() and error handlers got. */
  readonly seen: string[] = [];

  static async start(
    routes: Readonly<Record<string, Route>>,
    gateway: GatewayOptions,
    options?: AcceleratedSendFileOptions,
    prepare?: (app: express.Express) => void,
  ): Promise<Pair> {
    const pair = new Pair();
    const build = async (accelerates: boolean): Promise<BehindGateway> => {
      const app = createApp();
      prepare?.(app);
      if (accelerates) app.use(acceleratedSendFile(options));
      for (const [path, route] of Object.entries(routes)) app.get(path, route);
      app.get('/callback/:name', (request, response) => {
        response.sendFile(`${request.params.name}`, { root: gateway.documentRoot! }, (error?: Error) => {
          pair.seen.push(error === undefined ? 'done' : ((error as { code?: string }).code ?? error.message));
          if (error !== undefined) response.status(410).send('gone');
        });
      });
      app.use(
        (error: Error & { status?: number }, _request: Request, response: Response, next: NextFunction) => {
          if (response.headersSent) return next(error);
          response
            .status(error.status ?? 500)
            .send(`error ${error.status} ${error.message.replace(/'.*/, '')}`);
        },
      );
      const served = await Served.start(app as Handler);
      pair.#apps.push(served);
      return BehindGateway.start(served.path, gateway);
    };
    pair.plain = await build(false);
    pair.accelerated = await build(true);
    return pair;
  }

  async stop(): Promise<void> {
    await Promise.all([this.plain.stop(), this.accelerated.stop()]);
    await Promise.all(this.#apps.map((app) => app.stop()));
  }
}

/** The server's validators are others than Express's, and `inline` is what it needs to carry headers. */
function comparable({ status, headers, body }: Answer): unknown {
  const { etag, 'content-disposition': disposition = 'inline', ...others } = headers;
  return { status, headers: { ...others, disposition, hasETag: etag !== undefined }, body };
}

/** Whether the server sent the file: its ETag is a strong one. */
const byServer = ({ headers }: Answer): boolean => headers.etag?.startsWith('"') === true;

describe('acceleratedSendFile()', () => {
  const files = new Files();
  const root = files.directory;
  const text = files.add('a.txt', 'the text of the file\n');
  files.add('ü 100%?.txt', 'another name\n');
  files.add('page.html', '<p>ü</p>');
  files.add('empty.txt', '');
  files.add('script.php', '<?php ?>');
  files.add('.hidden.txt', 'hidden');
  files.add('no-suffix', 'plain');
  files.add('picture.dwg', 'drawing');
  files.add('directory/a.txt', 'below');
  files.add('big.bin', Buffer.alloc(2_000_000, 'z'));
  // A file of this very second has no reliable validators.
  utimesSync(text, 1_700_000_000, 1_700_000_000);
  const outside = new Files();
  const foreign = outside.add('a.txt', 'outside');

  let pair: Pair;
  before(async () => {
    pair = await Pair.start(
      {
        '/file': (_request, response) => response.sendFile(text),
        '/relative': (_request, response) => response.sendFile('a.txt', { root }),
        '/odd-name': (_request, response) => response.sendFile('ü 100%?.txt', { root }),
        '/html': (_request, response) => response.sendFile('page.html', { root }),
        '/age': (_request, response) => response.sendFile(text, { maxAge: '2h', immutable: true }),
        '/no-cache-control': (_request, response) => response.sendFile(text, { cacheControl: false }),
        '/headers': (_request, response) =>
          response
            .cookie('a', '1')
            .cookie('b', '2')
            .set('X-Early', '1')
            .sendFile(text, { headers: { 'X-Late': '2', 'Content-Type': 'application/x-own' } }),
        '/download': (_request, response) => response.download(text, 'ü.txt'),
        '/big': (_request, response) => response.sendFile('big.bin', { root }),
        '/missing': (_request, response) => response.sendFile('none.txt', { root }),
        '/directory': (_request, response) => response.sendFile('directory', { root }),
        '/above': (_request, response) => response.sendFile('../a.txt', { root }),
        '/hidden': (_request, response) => response.sendFile('.hidden.txt', { root }),
        '/hidden-allowed': (_request, response) =>
          response.sendFile('.hidden.txt', { root, dotfiles: 'allow' }),
        '/hidden-denied': (_request, response) =>
          response.sendFile('.hidden.txt', { root, dotfiles: 'deny' }),
        '/outside': (_request, response) => response.sendFile(foreign),
        '/script': (_request, response) => response.sendFile('script.php', { root }),
        '/no-suffix': (_request, response) => response.sendFile('no-suffix', { root }),
        '/extension': (_request, response) =>
          response.sendFile('page', { root, extensions: ['html'] } as Parameters<Response['sendFile']>[1]),
        '/own-suffix': (_request, response) => response.sendFile('picture.dwg', { root }),
        '/status': (_request, response) => response.status(404).sendFile(text),
        '/empty': (_request, response) => response.sendFile('empty.txt', { root }),
        '/part': (_request, response) =>
          response.sendFile(text, { start: 4, end: 7 } as Parameters<Response['sendFile']>[1]),
        '/head-of-it': (_request, response) =>
          response.sendFile(text, { end: 2 } as Parameters<Response['sendFile']>[1]),
        '/own-etag': (_request, response) => response.set('ETag', '"own"').sendFile(text),
        '/own-etag-late': (_request, response) => response.sendFile(text, { headers: { etag: '"own"' } }),
        '/no-last-modified': (_request, response) => response.sendFile(text, { lastModified: false }),
        '/no-ranges': (_request, response) => response.sendFile(text, { acceptRanges: false }),
        '/encoded': (_request, response) => response.set('Content-Encoding', 'identity').sendFile(text),
      },
      { documentRoot: root },
      { roots: [{ directory: root, uri: '/' }], suffixes: ['.dwg'] },
    );
  });
  after(async () => {
    await pair.stop();
    files.remove();
    outside.remove();
  });

  const LATER = 'Sat, 01 Jan 2050 00:00:00 GMT';
  const EARLIER = 'Sat, 01 Jan 2000 00:00:00 GMT';

  describe('the server sends', () => {
    for (const [path, what] of [
      ['/file', 'a file'],
      ['/relative', 'a file below the root option'],
      ['/odd-name', 'a file whose name must be encoded'],
      ['/html', 'a page, with the charset of Express'],
      ['/age', 'a file with maxAge and immutable'],
      ['/no-cache-control', 'a file without cacheControl'],
      ['/headers', 'headers and cookies of the app along with it'],
      ['/download', 'a download'],
      ['/big', 'a large file'],
      ['/own-suffix', 'a file with a suffix of the options'],
      ['/extension', 'a file that the extensions option finds'],
    ] as const) {
      it(what, async () => {
        const [plain, accelerated] = [await pair.plain.request(path), await pair.accelerated.request(path)];
        assert.deepEqual([byServer(plain), byServer(accelerated)], [false, true]);
        assert.deepEqual(comparable(accelerated), comparable(plain));
      });
    }
  });

  describe('Express sends or refuses, as without it,', () => {
    for (const [path, what, status, headers = {}, method] of [
      ['/missing', 'a file that is missing: 404 by next(error)', 404],
      ['/directory', 'a directory: the next route', 404],
      ['/above', 'a path above the root', 403],
      ['/hidden', 'a dotfile, which is ignored', 404],
      ['/hidden-denied', 'a dotfile that is denied', 403],
      ['/hidden-allowed', 'a dotfile that is allowed', 200],
      ['/outside', 'a file outside the roots', 200],
      ['/script', 'a file that the server might run', 200],
      ['/no-suffix', 'a file without suffix', 200],
      ['/status', 'a file with another status', 404],
      ['/empty', 'an empty file', 200],
      ['/part', 'a part of a file', 200],
      ['/head-of-it', 'the beginning of a file', 200],
      ['/own-etag', 'a file with an ETag of the app', 200],
      ['/own-etag-late', 'a file with an ETag in the headers option', 200],
      ['/no-last-modified', 'a file without Last-Modified', 200],
      ['/no-ranges', 'a file without ranges', 200],
      ['/encoded', 'a file with a Content-Encoding', 200],
      ['/file', 'the headers of a file', 200, {}, 'HEAD'],
      ['/file', 'an unchanged file: 304', 304, { 'If-Modified-Since': LATER }],
      ['/file', 'a file of which any version is there: 304', 304, { 'If-None-Match': '*' }],
      ['/file', 'a file whose precondition fails: 412', 412, { 'If-Unmodified-Since': EARLIER }],
      ['/file', 'a range', 206, { Range: 'bytes=4-7' }],
      ['/age', 'a range with the headers of the app', 206, { Range: 'bytes=-5' }],
      ['/file', 'a range of an unchanged file', 206, { Range: 'bytes=4-7', 'If-Range': LATER }],
      ['/file', 'several ranges: the whole', 200, { Range: 'bytes=1-2,5-6' }],
      ['/file', 'a range beyond the end: 416', 416, { Range: 'bytes=100-' }],
    ] as [string, string, number, Record<string, string>?, string?][]) {
      it(what, async () => {
        const plain = await pair.plain.request(path, headers, method);
        const accelerated = await pair.accelerated.request(path, headers, method);
        assert.equal(plain.status, status);
        assert.deepEqual(accelerated, plain);
      });
    }
  });

  it('the callback is called without error when the file has been handed over, and with it when there is none', async () => {
    for (const [name, seen, status] of [
      ['a.txt', 'done', 200],
      ['none.txt', 'ENOENT', 410],
    ] as const) {
      for (const setup of [pair.plain, pair.accelerated]) {
        pair.seen.length = 0;
        assert.equal((await setup.request(`/callback/${name}`)).status, status);
        for (
          const deadline = Date.now() + patience(10_000);
          pair.seen.length === 0 && Date.now() < deadline;
        ) {
          await new Promise((resolve) => setTimeout(resolve, 2));
        }
        assert.deepEqual(pair.seen, [seen]);
      }
    }
  });

  it('a file that the app may not read is an error of Express’s', async function () {
    const secret = files.add('secret.txt', 'secret');
    chmodSync(secret, 0);
    // The superuser may read everything.
    if (process.getuid?.() === 0) {
      assert.equal((await pair.accelerated.request('/callback/secret.txt')).status, 200);
      return;
    }
    pair.seen.length = 0;
    assert.equal((await pair.accelerated.request('/callback/secret.txt')).status, 410);
    assert.deepEqual(pair.seen, ['EACCES']);
  });

  it('the ETag that the server gave is good for a 304, and for the rest of a download', async () => {
    const { etag = '' } = (await pair.accelerated.request('/file')).headers;
    assert.equal((await pair.accelerated.request('/file', { 'If-None-Match': etag })).status, 304);
    const rest = await pair.accelerated.request('/file', { Range: 'bytes=9-', 'If-Range': etag });
    assert.deepEqual([rest.status, rest.body], [206, 'of the file\n']);
  });

  it('a request that did not come over LSAPI is Express’s', async () => {
    const app = createApp().use(acceleratedSendFile({ roots: [{ directory: root, uri: '/' }] }));
    app.get('/file', (_request, response) => response.sendFile(text));
    const server = app.listen(0, '127.0.0.1');
    try {
      await new Promise((resolve) => server.once('listening', resolve));
      const { port } = server.address() as { port: number };
      const response = await fetch(`http://127.0.0.1:${port}/file`);
      assert.equal(await response.text(), 'the text of the file\n');
      assert.equal(response.headers.get('x-litespeed-location'), null);
    } finally {
      server.close();
    }
  });

  it('without options it takes the document root that the server tells', async () => {
    const own = await Pair.start(
      { '/file': (_request, response) => response.sendFile(text) },
      { documentRoot: root },
    );
    try {
      assert.equal(byServer(await own.accelerated.request('/file')), true);
    } finally {
      await own.stop();
    }
  });

  it('without options and document root it leaves everything to Express', async () => {
    const own = await Pair.start({ '/file': (_request, response) => response.sendFile(text) }, {});
    try {
      const answer = await own.accelerated.request('/file');
      assert.deepEqual([byServer(answer), answer.body], [false, 'the text of the file\n']);
    } finally {
      await own.stop();
    }
  });

  it('where Express sends no ETag there is none: with version 4 that is never so', async () => {
    const own = await Pair.start(
      { '/file': (_request, response) => response.sendFile(text) },
      { documentRoot: root },
      {},
      (app) => void app.disable('etag'),
    );
    try {
      const [plain, accelerated] = [await own.plain.request('/file'), await own.accelerated.request('/file')];
      assert.deepEqual(comparable(accelerated), comparable(plain));
      assert.equal(byServer(accelerated), plain.headers.etag !== undefined);
    } finally {
      await own.stop();
    }
  });

  it('where the server gives the request back, the app sends the file, warns once and gives the root up', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): number => warnings.push(warning);
    process.on('warning', onWarning);
    const own = await Pair.start(
      { '/app/file': (_request, response) => response.sendFile(text) },
      { documentRoot: root, contexts: [{ uri: '/app/' }] },
      { roots: [{ directory: root, uri: '/app/files/' }] },
    );
    try {
      for (const deliveries of [2, 1]) {
        own.accelerated.deliveries = 0;
        const answer = await own.accelerated.request('/app/file');
        assert.deepEqual([answer.status, answer.body], [200, 'the text of the file\n']);
        for (
          const deadline = Date.now() + patience(10_000);
          own.accelerated.deliveries === 0 && Date.now() < deadline;
        ) {
          await new Promise((resolve) => setTimeout(resolve, 2));
        }
        assert.equal(own.accelerated.deliveries, deliveries);
      }
      assert.deepEqual(
        warnings.map((warning) => (warning as { code?: string }).code),
        ['LSAPI_WARN_LITESPEED_ROOT'],
      );
      assert.match(warnings[0]!.message, /gave the request for \/app\/files\/a\.txt back.*static context/);
    } finally {
      process.off('warning', onWarning);
      await own.stop();
    }
  });

  it('refuses roots and suffixes that are none', () => {
    assertRefused(
      () => acceleratedSendFile({ roots: [{ directory: 'files', uri: '/' }] }),
      'LSAPI_ERR_OPTION',
      /absolute path/,
    );
    assertRefused(() => acceleratedSendFile({ suffixes: ['dwg'] }), 'LSAPI_ERR_OPTION', /with its dot/);
  });
});
