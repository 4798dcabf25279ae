import assert from 'node:assert/strict';
import { useExample } from './cases.js';
import { jsonOf, send, textOf } from './client.js';

describe('litespeed example, lsnode', function () {
  this.timeout(30_000);
  const example = useExample('litespeed', 'lsnode');

  it('GET /articles/1 tells the cache how long, and by which tag', async () => {
    const reply = await send(example(), { path: '/articles/1' });
    assert.equal(textOf(reply), 'Hello');
    assert.equal(reply.headers['x-litespeed-cache-control'], 'public,max-age=3600');
    assert.equal(reply.headers['x-litespeed-tag'], 'article_1');
  });

  it('PUT /articles/1 purges it', async () => {
    const reply = await send(example(), {
      method: 'PUT',
      path: '/articles/1',
      headers: { 'Content-Type': 'text/plain' },
      body: 'Changed',
    });
    assert.equal(reply.status, 204);
    assert.equal(reply.headers['x-litespeed-purge'], 'public, tag=article_1');
    assert.equal(textOf(await send(example(), { path: '/articles/1' })), 'Changed');
  });

  it('GET /cache says what the server has', async () => {
    const reply = await send(example(), { path: '/cache' });
    assert.deepEqual(Object.keys(jsonOf(reply) as object), ['enabled', 'esi', 'crawler']);
  });
});
