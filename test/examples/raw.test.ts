// The raw style exists under lsnode only, so there is nothing to compare it with.
import assert from 'node:assert/strict';
import { useExample } from './cases.js';
import { jsonOf, send } from './client.js';
import { servesCommonRoutes } from './common-routes.js';

describe('raw example, lsnode', function () {
  this.timeout(30_000);
  const example = useExample('raw', 'lsnode');

  servesCommonRoutes(example, 'text/plain; charset=utf-8');

  it('GET /whoami has method, URL and headers', async () => {
    const seen = jsonOf(
      await send(example(), { path: '/whoami?a=%20b', headers: { 'X-Test': 'one', Cookie: 'a=1' } }),
    ) as { method: string; url: string; headers: Record<string, string>; remoteAddress: string };
    assert.equal(seen.method, 'GET');
    assert.equal(seen.url, '/whoami?a=%20b');
    assert.equal(seen.remoteAddress, '127.0.0.1');
    assert.equal(seen.headers['x-test'], 'one');
    assert.equal(seen.headers.cookie, 'a=1');
    assert.equal(seen.headers.host, 'example.test');
  });
});
