import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { HOWS, useExample } from './cases.js';
import { jsonOf, send, textOf } from './client.js';
import { patience } from '../support/program-environment.js';

const site = fileURLToPath(new URL('../../../examples/litespeed/site', import.meta.url));
const report = readFileSync(`${site}/_downloads/report.csv`, 'utf8');
const form = { 'Content-Type': 'application/x-www-form-urlencoded' };

for (const how of HOWS) {
  describe(`LiteSpeed example, ${how}`, function () {
    this.timeout(30_000);
    const example = useExample('litespeed', how, {}, ['--document-root', site]);

    it('a page says how long it may be kept, by which tags it is purged and which variants it has', async () => {
      const { headers, status } = await send(example(), { path: '/products' });
      assert.deepEqual(
        [
          status,
          headers['x-litespeed-cache-control'],
          headers['x-litespeed-tag'],
          headers['x-litespeed-vary'],
        ],
        [200, 'public,max-age=3600', 'products', 'cookie=lang'],
      );
    });

    it('a private page has public tags too', async () => {
      const { headers } = await send(example(), { path: '/cart' });
      assert.deepEqual(
        [headers['x-litespeed-cache-control'], headers['x-litespeed-tag']],
        ['private,max-age=60', 'public:products,cart'],
      );
    });

    it('a change purges the page of the product and the list', async () => {
      const reply = await send(example(), {
        method: 'POST',
        path: '/products/1',
        headers: form,
        body: 'name=Sofa',
      });
      assert.deepEqual(
        [reply.status, reply.headers['x-litespeed-purge']],
        [204, 'public,/products/1;public,stale,tag=products'],
      );
      assert.deepEqual(jsonOf(await send(example(), { path: '/products' })), { 1: 'Sofa', 2: 'A table' });
    });

    it('a download has its headers and its bytes, whoever sends them', async () => {
      const reply = await send(example(), { path: '/downloads/report.csv?key=open' });
      const { headers } = reply;
      assert.deepEqual([reply.status, textOf(reply)], [200, report]);
      assert.deepEqual(
        [
          headers['content-type'],
          headers['content-disposition'],
          headers['cache-control'],
          headers['x-robots-tag'],
          headers['content-length'],
        ],
        [
          'text/csv; charset=utf-8',
          'attachment; filename=report.csv',
          'public, max-age=3600',
          'noindex',
          String(report.length),
        ],
      );
      for (
        const deadline = Date.now() + patience(10_000);
        !example().output().includes('report.csv: handed over\n');
      ) {
        assert.ok(Date.now() < deadline, example().output());
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    });

    it('the ETag of a download is that of who sends it, and it is good for a 304', async () => {
      const path = '/downloads/report.csv?key=open';
      const { etag } = (await send(example(), { path })).headers;
      assert.match(etag ?? '', how === 'lsnode' ? /^"/ : /^W\//);
      assert.equal((await send(example(), { path, headers: { 'If-None-Match': etag } })).status, 304);
    });

    it('a file that does not exist is 404, one without the key 403', async () => {
      assert.equal((await send(example(), { path: '/downloads/none.csv?key=open' })).status, 404);
      assert.equal((await send(example(), { path: '/downloads/..%2Fapp.js?key=open' })).status, 403);
      assert.equal((await send(example(), { path: '/downloads/report.csv' })).status, 403);
    });

    it('knows what the server knows', async () => {
      const seen = jsonOf(
        await send(example(), { path: '/whereabouts', headers: { 'X-Forwarded-Proto': 'https' } }),
      );
      assert.deepEqual(
        seen,
        how === 'lsnode' ? { encrypted: true, server: 'lsapi development gateway' } : { encrypted: false },
      );
    });
  });
}
