import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isLsapiError } from '#lib/errors.js';
import { StatusEndpoint, type StatusPageOptions } from '#lib/gateway/status-page/endpoint.js';
import { CONTENT_SECURITY_POLICY, statusPage } from '#lib/gateway/status-page/page.js';
import type { GroupStatus } from '#lib/status/index.js';
import { lsnodes, rawApp } from '../cli/support/lsnode.js';
import { parseExposition, valueOf } from '../metrics/support/parse-exposition.js';

const TOKEN = '0123456789abcdef';

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

async function get(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET',
): Promise<Answer> {
  const [response] = (await once(
    request({ port, path, headers, method, agent: false }).end(),
    'response',
  )) as [IncomingMessage];
  let body = '';
  for await (const chunk of response) body += String(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, body };
}

describe('the status page', () => {
  let server: Server | undefined;
  afterEach(() => server?.close());

  async function serve(options: Partial<StatusPageOptions> = {}): Promise<number> {
    const endpoint = new StatusEndpoint({ path: '/lsnode-status', groups: () => [], ...options });
    server = createServer((req, res) => {
      if (!endpoint.answers(req, res)) res.end('the app');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  it('leaves everything else to the app', async () => {
    const port = await serve();
    for (const path of ['/', '/lsnode-statuses', '/x/lsnode-status', '/lsnode-status.html'])
      assert.equal((await get(port, path)).body, 'the app', path);
  });

  it('is one file that may load nothing and run only its own program', async () => {
    const port = await serve();
    const { status, headers, body } = await get(port, '/lsnode-status?x');
    assert.equal(status, 200);
    assert.equal(headers['content-security-policy'], CONTENT_SECURITY_POLICY);
    assert.match(
      CONTENT_SECURITY_POLICY,
      /^default-src 'none'; script-src 'sha256-[^' ]+'; style-src 'sha256-/,
    );
    assert.equal(headers['cache-control'], 'no-store');
    assert.match(body, /^<!doctype html>/);
    assert.ok(body.includes('data-source="/lsnode-status/status.json"'));
    assert.ok(!/(?:src|href)=|https?:\/\/(?!www\.w3\.org\/2000\/svg)|@import|url\(/.test(body));
  });

  it('is of use to this machine only, unless its proxy, a name or a page elsewhere is behind the request', async () => {
    const port = await serve();
    const status = async (headers: Readonly<Record<string, string>>): Promise<number> =>
      (await get(port, '/lsnode-status/status.json', headers)).status;
    for (const host of ['localhost', `127.0.0.1:${port}`, '[::1]:80', 'LOCALHOST:1'])
      assert.equal(await status({ host }), 200, host);
    for (const host of ['example.org', 'localhost.example.org', '10.0.0.1', '[::2]'])
      assert.equal(await status({ host }), 403, host);
    for (const name of ['X-Forwarded-For', 'Forwarded', 'Via', 'X-Real-IP'])
      assert.equal(await status({ host: 'localhost', [name]: '127.0.0.1' }), 403, name);
  });

  it('lets others in with the token', async () => {
    const port = await serve({ token: TOKEN });
    const asked = { host: 'example.org' };
    const refused = await get(port, '/lsnode-status', asked);
    assert.deepEqual([refused.status, refused.headers['www-authenticate']?.slice(0, 5)], [401, 'Basic']);
    const wrong = { ...asked, authorization: 'Bearer 0123456789abcdeX' };
    assert.equal((await get(port, '/lsnode-status', wrong)).status, 401);
    const right = { ...asked, authorization: `Bearer ${TOKEN}`, 'x-forwarded-for': '10.0.0.1' };
    assert.equal((await get(port, '/lsnode-status', right)).status, 200);
  });

  it('refuses other methods and parts', async () => {
    const port = await serve();
    assert.equal((await get(port, '/lsnode-status', {}, 'POST')).status, 405);
    assert.equal((await get(port, '/lsnode-status/other')).status, 404);
    assert.equal((await get(port, '/lsnode-status/', {}, 'HEAD')).body, '');
  });

  it('does not take paths that would mean something to HTML, or nothing', () => {
    for (const path of ['', '/', 'status', '/a"b', '/a<b', '/a b', '/a?b'])
      assert.throws(
        () => new StatusEndpoint({ path, groups: () => [] }),
        (error) => isLsapiError(error, 'LSAPI_ERR_OPTION'),
        path,
      );
    assert.ok(statusPage('/a').includes('/a'));
  });

  describe('of lsnode --http --status-path', () => {
    const start = lsnodes();

    it('shows the processes behind the gateway, as status and as metrics', async () => {
      const lsnode = start({
        files: { 'app.mjs': rawApp(`response.send(200, null, 'the app');`) },
        args: ['--http', '127.0.0.1:0', '--status-path', '/lsnode-status'],
        stdin: 'none',
      });
      const [, port = ''] = await lsnode.printed(/^http:\/\/127\.0\.0\.1:(\d+)\//m);
      for (let n = 0; n < 3; n++) assert.equal((await get(Number(port), '/')).body, 'the app');
      const { body } = await get(Number(port), '/lsnode-status/status.json');
      const [group] = JSON.parse(body) as GroupStatus[];
      assert.deepEqual([group?.pid, group?.mode, group?.requests], [lsnode.pid, 'worker', 3]);
      const metrics = parseExposition((await get(Number(port), '/lsnode-status/metrics')).body);
      assert.equal(valueOf(metrics, 'lsnode_responses_total', { status: '2xx' }), 3);
    });
  });
});
