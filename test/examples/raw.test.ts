// The raw style exists under lsnode only, so there is nothing to compare it with.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { useExample } from './cases.js';
import { jsonOf, open, send, summarise, textOf } from './client.js';
import { patternBytes } from './pattern.js';

describe('raw example, lsnode', function () {
  this.timeout(30_000);
  const example = useExample('raw', 'lsnode');

  it('GET / says hello to the client', async () => {
    const reply = await send(example(), { path: '/' });
    assert.equal(reply.status, 200);
    assert.equal(reply.headers['content-type'], 'text/plain; charset=utf-8');
    assert.equal(textOf(reply), 'Hello 127.0.0.1\n');
  });

  it('unknown paths are 404', async () => {
    for (const method of ['GET', 'HEAD', 'POST']) {
      const reply = await send(example(), { method, path: '/nowhere' });
      assert.equal(reply.status, 404);
      assert.equal(textOf(reply), method === 'HEAD' ? '' : 'There is nothing at /nowhere\n');
    }
  });

  it('POST /echo sends the body and its type back', async () => {
    const reply = await send(example(), {
      method: 'POST',
      path: '/echo',
      headers: { 'Content-Type': 'text/x-test' },
      body: 'Grüße',
    });
    assert.equal(reply.status, 200);
    assert.equal(reply.headers['content-type'], 'text/x-test');
    assert.equal(textOf(reply), 'Grüße');
  });

  it('POST /echo of nothing', async () => {
    const reply = await send(example(), { method: 'POST', path: '/echo' });
    assert.equal(reply.status, 200);
    assert.equal(reply.body.length, 0);
  });

  it('POST /echo in chunks', async () => {
    const body = [Buffer.from('one '), Buffer.from('two')];
    assert.equal(textOf(await send(example(), { method: 'POST', path: '/echo', body })), 'one two');
  });

  it('POST /echo of 20 MB', async () => {
    const { response } = await open(example(), {
      method: 'POST',
      path: '/echo',
      headers: { 'Content-Length': 20_000_000 },
      body: patternBytes(20_000_000),
    });
    assert.deepEqual(await summarise(response), await summarise(patternBytes(20_000_000)));
  });

  it('GET /stream arrives piece by piece', async () => {
    const { response } = await open(example(), { path: '/stream' });
    const chunks: string[] = [];
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk.toString());
    assert.deepEqual(chunks, ['line 1\n', 'line 2\n', 'line 3\n', 'line 4\n', 'line 5\n']);
  });

  it('clients that leave during a stream do no harm', async () => {
    for (let round = 0; round < 5; round++) {
      const { request, response } = await open(example(), { path: '/stream' });
      await once(response, 'data');
      request.destroy();
    }
    assert.equal((await send(example(), { path: '/' })).status, 200);
  });

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
