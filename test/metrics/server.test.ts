import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request, type IncomingMessage, type RequestOptions, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isLsapiError } from '#lib/errors.js';
import { isLoopback, readToken } from '#lib/metrics/authorize.js';
import { serveMetrics } from '#lib/metrics/server.js';

const TOKEN = '0123456789abcdef';

describe('metrics over HTTP', () => {
  let directory = '';
  let server: Server | undefined;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'lsapi-metrics-'))));
  afterEach(() => {
    server?.close();
    server = undefined;
    rmSync(directory, { recursive: true });
  });

  async function get(options: RequestOptions): Promise<{ status: number; type: string; body: string }> {
    const [response] = (await once(request({ ...options, agent: false }).end(), 'response')) as [
      IncomingMessage,
    ];
    let body = '';
    for await (const chunk of response) body += String(chunk);
    return { status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', body };
  }

  const rejectsOption = (pattern: RegExp) => (error: unknown) =>
    isLsapiError(error, 'LSAPI_ERR_OPTION') && pattern.test(error.message);

  it('a Unix socket is its owner’s alone, and replaces one that is left over', async () => {
    const path = join(directory, 'metrics.sock');
    for (let round = 1; round <= 2; round++) {
      server = await serveMetrics({ address: { kind: 'unix', path }, metrics: () => `round ${round}\n` });
      assert.equal(statSync(path).mode & 0o777, 0o600);
      assert.deepEqual(await get({ socketPath: path, path: '/metrics' }), {
        status: 200,
        type: 'text/plain; version=0.0.4; charset=utf-8',
        body: `round ${round}\n`,
      });
      // As after a crash: the file is still there.
      renameSync(path, `${path}.kept`);
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      renameSync(`${path}.kept`, path);
    }
  });

  it('a socket that somebody listens on is not replaced', async () => {
    const address = { kind: 'unix', path: join(directory, 'metrics.sock') } as const;
    server = await serveMetrics({ address, metrics: () => '' });
    await assert.rejects(
      serveMetrics({ address, metrics: () => '' }),
      (error) => isLsapiError(error, 'LSAPI_ERR_LISTEN') && /EADDRINUSE/.test(error.message),
    );
  });

  it('other paths and methods are refused', async () => {
    const path = join(directory, 'metrics.sock');
    server = await serveMetrics({ address: { kind: 'unix', path }, metrics: () => 'text' });
    assert.equal((await get({ socketPath: path, path: '/other' })).status, 404);
    assert.equal((await get({ socketPath: path, path: '/metrics', method: 'POST' })).status, 405);
    assert.equal((await get({ socketPath: path, path: '/metrics?x=1', method: 'HEAD' })).status, 200);
  });

  it('a TCP port is not opened without a token', () =>
    assert.rejects(
      serveMetrics({ address: { kind: 'tcp', host: '127.0.0.1', port: 0 }, metrics: () => '' }),
      rejectsOption(/--token-file.*--listen unix:/),
    ));

  it('a TCP port answers those who present the token', async () => {
    server = await serveMetrics({
      address: { kind: 'tcp', host: '127.0.0.1', port: 0 },
      token: TOKEN,
      metrics: () => 'text',
    });
    const { port } = server.address() as AddressInfo;
    const status = async (authorization?: string): Promise<number> =>
      (await get({ port, path: '/metrics', headers: authorization === undefined ? {} : { authorization } }))
        .status;
    assert.equal(await status(), 401);
    assert.equal(await status('Bearer 0123456789abcdeX'), 401);
    assert.equal(await status(`Digest ${TOKEN}`), 401);
    assert.equal(await status(`Bearer ${TOKEN}`), 200);
    assert.equal(await status(`Basic ${Buffer.from(`anybody:${TOKEN}`).toString('base64')}`), 200);
  });

  it('who asks again at once gets the same text, without the work', async () => {
    const path = join(directory, 'metrics.sock');
    let count = 0;
    server = await serveMetrics({ address: { kind: 'unix', path }, metrics: () => String(++count) });
    const begin = performance.now();
    const texts = new Set<string>();
    for (let n = 0; n < 5; n++) texts.add((await get({ socketPath: path, path: '/' })).body);
    assert.ok(texts.size <= 1 + (performance.now() - begin) / 500, [...texts].join());
  });

  it('a token is one word that cannot be guessed', () => {
    const file = join(directory, 'token');
    writeFileSync(file, `${TOKEN}\n`);
    assert.equal(readToken('--token-file', file), TOKEN);
    for (const text of ['', 'short', 'two words that are long']) {
      writeFileSync(file, text);
      assert.throws(() => readToken('--token-file', file), rejectsOption(/at least 16 characters/));
    }
    assert.throws(() => readToken('--token-file', join(directory, 'none')), rejectsOption(/ENOENT/));
  });

  it('knows which addresses are out of reach for other machines', () => {
    for (const address of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'])
      assert.equal(isLoopback(address), true, address);
    for (const address of ['10.0.0.1', '::ffff:10.0.0.1', '::', '127.example.org', undefined])
      assert.equal(isLoopback(address), false, String(address));
  });
});
