import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isLsapiError } from '#lib/errors.js';
import { WsgiErrors } from '#lib/wsgi/errors-stream.js';
import type { WsgiInput } from '#lib/wsgi/input.js';
import { eventually } from '../fetch/support/fetch-server.js';
import { assertRefused, PLAIN, wsgiServers } from './support/wsgi-server.js';

describe('wsgi.input', () => {
  const serve = wsgiServers();

  /** What `read` makes of a body. */
  async function reading<T>(
    body: string | Uint8Array,
    read: (input: WsgiInput) => Promise<T>,
    fragment = 100_000,
  ): Promise<T> {
    let result: { value: T } | undefined;
    const server = serve(async (environ, startResponse) => {
      result = { value: await read(environ['wsgi.input']) };
      startResponse('200 OK', PLAIN);
      return [];
    });
    const response = await server.request({ method: 'POST', body, fragment });
    assert.equal(response.status, 200, server.log.join('\n'));
    return result!.value;
  }
  const texts = (buffers: readonly Buffer[]): string[] => buffers.map((buffer) => buffer.toString());

  it('read() is all that is left, then nothing', async () => {
    const result = await reading('all of it', async (input) => [
      await input.read(4),
      await input.read(),
      await input.read(),
    ]);
    assert.deepEqual(texts(result), ['all ', 'of it', '']);
  });

  it('read(n) is n bytes, fewer at the end only', async () => {
    const result = await reading('abcdefgh', async (input) => [
      await input.read(0),
      await input.read(3),
      await input.read(3),
      await input.read(3),
      await input.read(3),
    ]);
    assert.deepEqual(texts(result), ['', 'abc', 'def', 'gh', '']);
  });

  it('readline() is a line with its end, at most as long as is said', async () => {
    const result = await reading('one\n\ntwo\r\nthree', async (input) => [
      await input.readline(),
      await input.readline(),
      await input.readline(2),
      await input.readline(100),
      await input.readline(),
      await input.readline(),
    ]);
    assert.deepEqual(texts(result), ['one\n', '\n', 'tw', 'o\r\n', 'three', '']);
  });

  it('readlines() is all lines, or those up to the hint', async () => {
    const body = 'a\nb\nc\nd';
    assert.deepEqual(texts(await reading(body, (input) => input.readlines())), ['a\n', 'b\n', 'c\n', 'd']);
    assert.deepEqual(texts(await reading(body, (input) => input.readlines(3))), ['a\n', 'b\n']);
  });

  it('can be iterated by line', async () => {
    const result = await reading('a\nb\nc', async (input) => {
      const lines: Buffer[] = [];
      for await (const line of input) lines.push(line);
      return lines;
    });
    assert.deepEqual(texts(result), ['a\n', 'b\n', 'c']);
  });

  it('is empty for a request without a body', async () => {
    const server = serve(async (environ, startResponse) => {
      startResponse('200 OK', PLAIN);
      return [await environ['wsgi.input'].read(), await environ['wsgi.input'].readline()];
    });
    assert.equal((await server.request()).text, '');
  });

  it('ends after CONTENT_LENGTH bytes: the next request is not touched', async () => {
    const server = serve(async (environ, startResponse) => {
      startResponse('200 OK', PLAIN);
      return [await environ['wsgi.input'].read(1000)];
    });
    const client = await server.connect();
    for (const body of ['first', 'second']) {
      assert.equal((await client.request({ method: 'POST', body })).text, body);
    }
  });

  it('refuses sizes that are none', async () => {
    await reading('x', async (input) => {
      for (const size of ['5', 1.5, NaN, null] as never[]) {
        for (const method of ['read', 'readline', 'readlines'] as const) {
          const error = await input[method](size).catch((error: unknown) => error);
          assert.ok(isLsapiError(error, 'LSAPI_ERR_WSGI_INPUT'), String(error));
        }
      }
    });
  });

  it('fails when the client leaves, and lsapi.signal tells of it', async () => {
    let failure: unknown;
    let signal: AbortSignal | undefined;
    const server = serve(async (environ, startResponse) => {
      signal = environ['lsapi.signal'];
      failure = await environ['wsgi.input'].read().catch((error: unknown) => error);
      startResponse('200 OK', PLAIN);
      return ['to nobody'];
    });
    const client = await server.connect();
    await client.send({ method: 'POST', body: 'part', bodyLength: 1000 });
    await client.until(() => client.response.acknowledged);
    await client.abort();
    await eventually(() => failure !== undefined, 'read() has failed');
    assert.ok(isLsapiError(failure, 'LSAPI_ERR_REQUEST_ABORTED'), String(failure));
    assert.equal(signal?.aborted, true);
    assert.deepEqual(server.log, []);
  });

  it('gives the body back in order, however it is cut and asked for', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('a', 'bcd', '\n', 'long '.repeat(50)), { minLength: 1, maxLength: 60 }),
        fc.array(fc.tuple(fc.constantFrom('read', 'readline'), fc.integer({ min: -1, max: 300 }))),
        fc.integer({ min: 40, max: 2000 }),
        async (parts, calls, fragment) => {
          const body = parts.join('');
          let rest = body;
          await reading(
            body,
            async (input) => {
              for (const [method, size] of calls) {
                const got = (await input[method](size)).toString();
                const line = method === 'read' ? rest.length : rest.indexOf('\n') + 1 || rest.length;
                const expected = rest.slice(0, size < 0 ? line : Math.min(line, size));
                assert.equal(got, expected);
                rest = rest.slice(expected.length);
              }
              assert.equal((await input.read()).toString(), rest);
            },
            fragment,
          );
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('wsgi.errors', () => {
  it('writes text as it is, and lines; there is nothing to flush', () => {
    let text = '';
    const errors = new WsgiErrors((part) => (text += part));
    errors.write('one');
    errors.writelines([' two\n', 'three\n']);
    assert.equal(errors.flush(), undefined);
    assert.equal(text, 'one two\nthree\n');
  });

  it('refuses what is no text', () => {
    const errors = new WsgiErrors(() => assert.fail('nothing is written'));
    for (const value of [Buffer.from('x'), 7, undefined] as never[]) {
      assertRefused(() => errors.write(value), 'LSAPI_ERR_WSGI_INPUT', /takes a string/);
    }
  });
});
