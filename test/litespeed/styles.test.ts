import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { FetchConnections } from '#lib/fetch/fetch-connections.js';
import { RawConnections } from '#lib/raw/raw-connections.js';
import { WsgiConnections } from '#lib/wsgi/wsgi-connections.js';
import {
  applyHeaders,
  cacheControl,
  cachePurge,
  cacheTag,
  fileDelivery,
  internalRedirect,
  redirectedResponse,
  redirectInternally,
  type HeaderPair,
} from '#lib/litespeed/index.js';
import { isLsapiError } from '#lib/errors.js';
import { Served } from '../http/support/serve.js';
import { ConnectionsServer } from '../support/connections-server.js';
import { BehindGateway, Files } from './support/behind-gateway.js';

interface RunningApp {
  readonly path: string;
  stop(): unknown;
}

const CARRIED: readonly HeaderPair[] = [
  ['Cache-Control', 'max-age=7'],
  ['Content-Disposition', 'attachment; filename=a.txt'],
  ['Set-Cookie', 'a=1'],
  ['Set-Cookie', 'b=2'],
];
const CACHE = [
  cacheControl({ scope: 'public', maxAge: 60 }),
  cacheTag(['a', 'b']),
  cachePurge({ tags: ['c'] }),
];

describe('LiteSpeed features behind the gateway', () => {
  const files = new Files();
  const path = files.add('_files/ü a.txt', 'the file');
  files.add('page.txt', 'the page');
  const roots = [{ directory: `${files.directory}/_files`, uri: '/_files/' }];
  after(() => files.remove());

  // Each answers /file with a file, /page with another URI of the site, and everything else with LSCache's headers.
  const styles: Readonly<Record<string, () => Promise<RunningApp> | RunningApp>> = {
    node: () =>
      Served.start((request: IncomingMessage, response: ServerResponse) => {
        if (request.url === '/page') return redirectInternally(response, '/page.txt');
        if (request.url !== '/file') return applyHeaders(response, ...CACHE).end('text');
        // In an order that the server would not understand.
        response.setHeader('Set-Cookie', ['a=1', 'b=2']);
        response.setHeader('Content-Length', '5');
        response.setHeader('Cache-Control', 'max-age=7').setHeader('content-disposition', CARRIED[1]![1]);
        response.statusCode = 404;
        redirectInternally(response, fileDelivery(path, roots)[0]![1]);
      }),
    fetch: () => {
      const server = new ConnectionsServer(
        (options) =>
          new FetchConnections(
            {
              fetch(request) {
                const { pathname } = new URL(request.url);
                if (pathname === '/page') return redirectedResponse('/page.txt');
                if (pathname === '/file')
                  return redirectedResponse(fileDelivery(path, roots)[0]![1], CARRIED);
                return applyHeaders(new Response('text'), ...CACHE);
              },
            },
            options,
          ),
      );
      return { path: server.path, stop: () => server.close() };
    },
    wsgi: () => {
      const server = new ConnectionsServer(
        (options) =>
          new WsgiConnections((environ, startResponse) => {
            if (environ.PATH_INFO === '/page') startResponse('200 OK', internalRedirect('/page.txt'));
            else if (environ.PATH_INFO === '/file')
              startResponse('200 OK', fileDelivery(path, roots, CARRIED));
            else startResponse('200 OK', applyHeaders([['Content-Type', 'text/plain']], ...CACHE));
            return ['text'];
          }, options),
      );
      return { path: server.path, stop: () => server.close() };
    },
    raw: () => {
      const server = new ConnectionsServer(
        (options) =>
          new RawConnections((request, response) => {
            if (request.url === '/page') response.send(200, internalRedirect('/page.txt'));
            else if (request.url === '/file') response.send(200, fileDelivery(path, roots, CARRIED));
            else response.send(200, CACHE, 'text');
          }, options),
      );
      return { path: server.path, stop: () => server.close() };
    },
  };

  for (const [style, start] of Object.entries(styles)) {
    describe(`${style} style`, () => {
      let app: RunningApp;
      let setup: BehindGateway;
      before(async () => {
        app = await start();
        setup = await BehindGateway.start(app.path, { documentRoot: files.directory });
      });
      after(async () => {
        await setup.stop();
        await app.stop();
      });

      it('an internal redirect gives the client the other URI', async () => {
        const { status, body } = await setup.request('/page');
        assert.deepEqual([status, body], [200, 'the page']);
      });

      it('a delivered file has the headers that the app carries over, and the server’s own', async () => {
        const { status, headers, body } = await setup.request('/file');
        assert.deepEqual([status, body], [200, 'the file']);
        assert.deepEqual(
          ['cache-control', 'content-disposition', 'set-cookie', 'content-length', 'content-type'].map(
            (name) => headers[name],
          ),
          ['max-age=7', 'attachment; filename=a.txt', 'a=1 | b=2', '8', 'text/plain'],
        );
      });

      it('the server answers ranges and conditional requests of a delivered file, without the app’s headers', async () => {
        const { etag = '' } = (await setup.request('/file')).headers;
        const part = await setup.request('/file', { Range: 'bytes=4-', 'If-Range': etag });
        assert.deepEqual([part.status, part.body, part.headers['cache-control']], [206, 'file', undefined]);
        const whole = await setup.request('/file', { Range: 'bytes=4-', 'If-Range': '"another"' });
        assert.deepEqual([whole.status, whole.body], [200, 'the file']);
        const unchanged = await setup.request('/file', { 'If-None-Match': etag });
        assert.deepEqual([unchanged.status, unchanged.headers['set-cookie']], [304, undefined]);
      });

      it('headers for LSCache go on to the client where the server has no copy, as OpenLiteSpeed’s do', async () => {
        const { status, headers } = await setup.request('/');
        assert.deepEqual(
          [
            status,
            headers['x-litespeed-cache-control'],
            headers['x-litespeed-tag'],
            headers['x-litespeed-purge'],
          ],
          [200, 'public,max-age=60', 'a,b', 'public,tag=c'],
        );
      });
    });
  }

  it('redirectInternally() refuses a response that has begun, and leaves one that it refuses as it was', async () => {
    const codes: unknown[] = [];
    const app = await Served.start((_request, response: ServerResponse) => {
      const attempt = (uri: string): void => {
        try {
          redirectInternally(response, uri);
        } catch (error) {
          codes.push(isLsapiError(error) ? error.code : error);
        }
      };
      response.setHeader('X-Own', '1');
      attempt('/../x');
      response.write('begun');
      attempt('/x');
      response.end();
    });
    const answer = await app.request();
    await app.stop();
    assert.deepEqual(codes, ['LSAPI_ERR_LITESPEED_LOCATION', 'LSAPI_ERR_HEADERS_SENT']);
    assert.deepEqual([answer.header('x-own'), answer.text], [['1'], 'begun']);
  });
});
