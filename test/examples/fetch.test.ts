// Like the raw style, the fetch style exists under lsnode only.
import assert from 'node:assert/strict';
import { useExample } from './cases.js';
import { jsonOf, send } from './client.js';
import { servesCommonRoutes } from './common-routes.js';
import { patience } from '../support/program-environment.js';

describe('fetch example, lsnode', function () {
  this.timeout(30_000);
  const example = useExample('fetch', 'lsnode');

  servesCommonRoutes(example, 'text/plain;charset=UTF-8');

  it('POST /form has the fields', async () => {
    const reply = await send(example(), {
      method: 'POST',
      path: '/form',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: 'a=b+c&d=%C3%BC',
    });
    assert.deepEqual(jsonOf(reply), { a: 'b c', d: 'ü' });
  });

  it('GET /whoami has method, URL, headers and client', async () => {
    const seen = jsonOf(await send(example(), { path: '/whoami?a=%20b', headers: { 'X-Test': 'one' } })) as {
      method: string;
      url: string;
      headers: Record<string, string>;
      client: { address: string };
    };
    assert.deepEqual([seen.method, seen.url], ['GET', 'http://example.test/whoami?a=%20b']);
    assert.deepEqual([seen.headers['x-test'], seen.client.address], ['one', '127.0.0.1']);
  });

  it('POST /later answers, then does its work', async () => {
    assert.equal((await send(example(), { method: 'POST', path: '/later' })).status, 202);
    for (const deadline = Date.now() + patience(10_000); !example().output().includes('the work is done');) {
      assert.ok(Date.now() < deadline, example().output());
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  });
});
