// What the examples of the raw, fetch and WSGI styles have in common: the same small app, each in its style.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { open, send, summarise, textOf } from './client.js';
import { patternBytes } from './pattern.js';
import type { Example } from './start-example.js';

/**
 * Specifies the routes that all three have.
 *
 * @param textType the Content-Type of a plain text, as the style writes it
 */
export function servesCommonRoutes(example: () => Example, textType: string): void {
  it('GET / says hello to the client', async () => {
    const reply = await send(example(), { path: '/' });
    assert.equal(reply.headers['content-type'], textType);
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
    for (let round = 0; round < 5; round++) {
      const left = await open(example(), { path: '/stream' });
      await once(left.response, 'data');
      left.request.destroy();
    }
    const { response } = await open(example(), { path: '/stream' });
    const chunks: string[] = [];
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk.toString());
    assert.deepEqual(chunks, ['line 1\n', 'line 2\n', 'line 3\n', 'line 4\n', 'line 5\n']);
  });
}
