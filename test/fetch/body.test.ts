import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isLsapiError } from '#lib/errors.js';
import { eventually, fetchServers } from './support/fetch-server.js';

describe('The body of a fetch request', () => {
  const serve = fetchServers();

  const readers: Record<string, [(request: Request) => Promise<unknown>, string, string]> = {
    'text()': [(request) => request.text(), 'Grüße', 'Grüße'],
    'json()': [async (request) => ((await request.json()) as { a: string }).a, '{"a":"b"}', 'b'],
    'arrayBuffer()': [async (request) => Buffer.from(await request.arrayBuffer()).toString(), 'abc', 'abc'],
    'blob()': [async (request) => (await request.blob()).text(), 'abc', 'abc'],
    'formData()': [async (request) => (await request.formData()).get('a'), 'a=b+c&d=e', 'b c'],
    'for await': [
      async (request) => {
        let text = '';
        for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
          assert.equal(chunk.constructor, Uint8Array);
          text += Buffer.from(chunk).toString();
        }
        return text;
      },
      'abc',
      'abc',
    ],
    'a BYOB reader': [
      async (request) => {
        const reader = (request.body as ReadableStream<Uint8Array>).getReader({ mode: 'byob' });
        let text = '';
        for (;;) {
          const { done, value } = await reader.read(new Uint8Array(2));
          if (done) return text;
          text += Buffer.from(value).toString();
        }
      },
      'abcde',
      'abcde',
    ],
  };
  for (const [name, [read, body, expected]] of Object.entries(readers)) {
    it(`is read by ${name}`, async () => {
      const server = serve(async (request) => new Response(String(await read(request))));
      const client = await server.connect();
      for (let n = 0; n < 2; n++) {
        const response = await client.request({
          method: 'POST',
          headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
          body,
          fragment: 300,
        });
        assert.equal(response.text, expected, server.log.join('\n'));
      }
    });
  }

  it('is null where there is none', async () => {
    const server = serve(async (request) => Response.json([request.body, await request.text()]));
    assert.equal((await server.request()).text, '[null,""]');
    assert.equal((await server.request({ method: 'POST' })).text, '[null,""]');
    assert.equal((await server.request({ method: 'GET', body: 'of a GET' })).text, '[null,""]');
  });

  it('arrives as it is sent', async () => {
    const seen: string[] = [];
    const server = serve(async (request) => {
      for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
        seen.push(Buffer.from(chunk).toString());
      }
      return new Response('done');
    });
    const client = await server.connect();
    await client.send({ method: 'POST', bodyLength: 9 });
    for (const [index, part] of ['one', 'two', 'six'].entries()) {
      await client.write(part);
      await eventually(() => seen.length === index + 1, `${part} has arrived`);
    }
    assert.equal((await client.completed()).text, 'done');
    assert.deepEqual(seen, ['one', 'two', 'six']);
  });

  it('is not read before somebody wants it: the client has to wait', async () => {
    let begin = (): void => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const size = 16 * 1024 * 1024;
    const server = serve(async (request) => {
      void request.body;
      await begun;
      return new Response(String((await request.arrayBuffer()).byteLength));
    });
    const client = await server.connect();
    let sent = false;
    const sending = client.send({ method: 'POST', body: Buffer.alloc(size) }).then(() => (sent = true));
    await client.until(() => client.response.acknowledged);
    assert.equal(sent, false);
    begin();
    await sending;
    assert.equal((await client.completed()).text, String(size));
  });

  it('that a cancelled reader leaves does no harm', async () => {
    const server = serve(async (request) => {
      const reader = request.body!.getReader();
      await reader.read();
      await reader.cancel();
      return new Response('enough');
    });
    const client = await server.connect();
    await client.send({ method: 'POST', body: 'part', bodyLength: 1000 });
    const response = await client.completed();
    assert.deepEqual([response.text, response.connectionClosed], ['enough', true]);
  });

  it('can be cancelled while a part of it is waited for', async () => {
    const server = serve(async (request) => {
      const reader = request.body!.getReader();
      const waiting = reader.read();
      await reader.cancel();
      return Response.json(await waiting);
    });
    const client = await server.connect();
    await client.send({ method: 'POST', bodyLength: 1000 });
    assert.equal((JSON.parse((await client.completed()).text) as { done: boolean }).done, true);
  });

  it('fails with LSAPI_ERR_REQUEST_ABORTED when the client leaves', async () => {
    let failure: unknown;
    const server = serve(async (request) => {
      try {
        await request.text();
      } catch (error) {
        failure = error;
        throw error;
      }
      return new Response();
    });
    const client = await server.connect();
    await client.send({ method: 'POST', body: 'part', bodyLength: 1000 });
    await client.until(() => client.response.acknowledged);
    await client.abort();
    await eventually(() => failure !== undefined, 'text() has failed');
    assert.ok(isLsapiError(failure, 'LSAPI_ERR_REQUEST_ABORTED'), String(failure));
    assert.deepEqual(server.log, []);
  });

  it('fails with LSAPI_ERR_REQUEST_ENDED for what is read after the response', async () => {
    let reading: Promise<unknown> | undefined;
    const server = serve((request) => {
      reading = new Promise((resolve) => setTimeout(resolve, 5)).then(() =>
        request.text().catch((error: unknown) => error),
      );
      return new Response('early');
    });
    assert.equal((await server.request({ method: 'POST', body: 'late' })).text, 'early');
    assert.ok(isLsapiError(await reading, 'LSAPI_ERR_REQUEST_ENDED'), String(await reading));
  });

  it('cannot be read twice, as everywhere', async () => {
    const server = serve(async (request) => {
      await request.text();
      await request.text();
      return new Response();
    });
    const response = await server.request({ method: 'POST', body: 'once' });
    assert.equal(response.status, 500);
    assert.match(server.log.join(), /TypeError: Body is unusable/);
  });

  it('comes back unchanged, whatever its size and the cuts on the way', async () => {
    const server = serve((request) => new Response(request.body));
    const client = await server.connect();
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 200_000, size: 'max' }),
        fc.integer({ min: 1000, max: 300_000 }),
        async (body, fragment) => {
          const [response] = await Promise.all([client.request({ method: 'POST', body, fragment })]);
          assert.ok(response.body.equals(body));
        },
      ),
      { numRuns: 40 },
    );
  });
});
