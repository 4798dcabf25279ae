// Like the raw style, the WSGI style exists under lsnode only.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { useExample } from './cases.js';
import { jsonOf, open, send, summarise, textOf } from './client.js';
import { patternBytes } from './pattern.js';
import { patience } from '../support/program-environment.js';

describe('wsgi example, lsnode', function () {
  this.timeout(30_000);
  const example = useExample('wsgi', 'lsnode');

  it('GET / says hello to the client', async () => {
    const reply = await send(example(), { path: '/' });
    assert.equal(reply.headers['content-type'], 'text/plain; charset=utf-8');
    assert.deepEqual([reply.status, textOf(reply)], [200, 'Hello 127.0.0.1\n']);
  });

  it('unknown paths are 404', async () => {
    for (const method of ['GET', 'HEAD', 'POST']) {
      const reply = await send(example(), { method, path: '/nowhere' });
      assert.deepEqual(
        [reply.status, textOf(reply)],
        [404, method === 'HEAD' ? '' : 'There is nothing at /nowhere\n'],
      );
    }
  });

  it('POST /echo sends the body and its type back, whole, in chunks, or empty', async () => {
    const whole = await send(example(), {
      method: 'POST',
      path: '/echo',
      headers: { 'Content-Type': 'text/x-test' },
      body: 'Grüße',
    });
    assert.deepEqual([textOf(whole), whole.headers['content-type']], ['Grüße', 'text/x-test']);
    const body = [Buffer.from('one '), Buffer.from('two')];
    assert.equal(textOf(await send(example(), { method: 'POST', path: '/echo', body })), 'one two');
    assert.equal(textOf(await send(example(), { method: 'POST', path: '/echo' })), '');
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

  it('GET /stream arrives piece by piece, and clients may leave it', async () => {
    const left = await open(example(), { path: '/stream' });
    await once(left.response, 'data');
    left.request.destroy();
    const { response } = await open(example(), { path: '/stream' });
    const chunks: string[] = [];
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk.toString());
    assert.deepEqual(chunks, ['line 1\n', 'line 2\n', 'line 3\n', 'line 4\n', 'line 5\n']);
  });

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
