// Like the raw style, the WSGI style exists under lsnode only.
import assert from 'node:assert/strict';
import { useExample } from './cases.js';
import { jsonOf, send, textOf } from './client.js';
import { servesCommonRoutes } from './common-routes.js';
import { patience } from '../support/program-environment.js';

describe('wsgi example, lsnode', function () {
  this.timeout(30_000);
  const example = useExample('wsgi', 'lsnode');

  servesCommonRoutes(example, 'text/plain; charset=utf-8');

  it('POST /lines numbers the lines', async () => {
    const reply = await send(example(), { method: 'POST', path: '/lines', body: 'a\nb\nc' });
    assert.equal(textOf(reply), '1 a\n2 b\n3 c');
  });

  it('GET /whoami has the variables, and writes to the log', async () => {
    const seen = jsonOf(
      await send(example(), { path: '/whoami?a=%20b', headers: { 'X-Test': 'one' } }),
    ) as Record<string, string>;
    assert.deepEqual([seen.REQUEST_METHOD, seen.QUERY_STRING, seen.HTTP_X_TEST], ['GET', 'a=%20b', 'one']);
    assert.deepEqual([seen.REMOTE_ADDR, seen['wsgi.url_scheme']], ['127.0.0.1', 'http']);
    for (const deadline = Date.now() + patience(10_000); !example().output().includes('somebody asks');) {
      assert.ok(Date.now() < deadline, example().output());
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  });
});
