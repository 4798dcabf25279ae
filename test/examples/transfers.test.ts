// Bodies too large for one packet, one buffer or one moment; and clients that leave in the middle.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { HOWS, useExample } from './cases.js';
import { jsonOf, open, send, summarise, type Call, type Summary } from './client.js';
import { multipart } from './multipart.js';
import { patternBytes } from './pattern.js';
import type { Example } from './start-example.js';
import { patience } from '../support/program-environment.js';

const MB = 1_000_000;

const put = (bytes: number): Call => ({
  method: 'PUT',
  path: '/upload/raw',
  headers: { 'Content-Length': bytes },
  body: patternBytes(bytes),
});

const openEvents = async (example: Example) =>
  (jsonOf(await send(example, { path: '/events/open' })) as { open: number }).open;

async function waitFor(what: string, condition: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + patience(5000); !(await condition()); await delay(20)) {
    assert.ok(Date.now() < deadline, `${what} did not happen within 5 s.`);
  }
}

for (const how of HOWS) {
  describe(`Express example, transfers, ${how}`, function () {
    this.timeout(30_000);
    const example = useExample('express', how);
    let expected20: Summary;
    let expected50: Summary;

    before(async () => {
      expected20 = await summarise(patternBytes(20 * MB));
      expected50 = await summarise(patternBytes(50 * MB));
    });

    it('PUT of 20 MB', async () => {
      assert.deepEqual(jsonOf(await send(example(), put(20 * MB))), expected20);
    });

    it('POST of a form with a file of 20 MB', async () => {
      const content = { length: 20 * MB, bytes: patternBytes(20 * MB) };
      const reply = await send(example(), {
        method: 'POST',
        path: '/upload',
        ...multipart([{ field: 'file', file: 'big.bin', content }]),
      });
      const { files } = jsonOf(reply) as { files: Summary[] };
      assert.equal(files[0]?.bytes, 20 * MB);
      assert.equal(files[0]?.sha256, expected20.sha256);
    });

    for (const kind of ['', '&chunked=1']) {
      it(`GET of 50 MB${kind && ' without a length'}`, async () => {
        const { response } = await open(example(), { path: `/download?bytes=${50 * MB}${kind}` });
        assert.equal(response.headers['content-length'], kind ? undefined : String(50 * MB));
        assert.deepEqual(await summarise(response), expected50);
        assert.ok(response.complete);
      });
    }

    it('GET of 50 MB by a client that pauses', async () => {
      const { response } = await open(example(), { path: `/download?bytes=${50 * MB}` });
      async function* slowly(): AsyncGenerator<Buffer> {
        let pauseAt = 0;
        let seen = 0;
        for await (const chunk of response as AsyncIterable<Buffer>) {
          if (seen >= pauseAt) {
            await delay(100);
            pauseAt += 10 * MB;
          }
          seen += chunk.length;
          yield chunk;
        }
      }
      assert.deepEqual(await summarise(slowly()), expected50);
    });

    it('an upload and a download at once, while small requests are answered', async () => {
      const transfers = Promise.all([
        send(example(), put(20 * MB)),
        open(example(), { path: `/download?bytes=${20 * MB}` }).then(({ response }) => summarise(response)),
      ]);
      for (let number = 0; number < 20; number++) {
        assert.equal((await send(example(), { path: '/json' })).status, 200);
      }
      const [uploaded, downloaded] = await transfers;
      assert.deepEqual(jsonOf(uploaded), expected20);
      assert.deepEqual(downloaded, expected20);
    });

    async function* dribble(): AsyncGenerator<Buffer> {
      for (const byte of 'hello') {
        yield Buffer.from(byte);
        await delay(50);
      }
    }

    it('a body that dribbles in', async () => {
      const headers = { 'Content-Length': 5 };
      const reply = await send(example(), { method: 'PUT', path: '/upload/raw', headers, body: dribble() });
      assert.deepEqual(jsonOf(reply), await summarise([Buffer.from('hello')]));
    });

    it('a body that dribbles in without a length, which LSAPI cannot carry', async () => {
      const reply = await send(example(), { method: 'PUT', path: '/upload/raw', body: dribble() });
      assert.equal(reply.status, how === 'node' ? 200 : 411);
    });

    it('a streamed response arrives piece by piece', async () => {
      const { response } = await open(example(), { path: '/stream?chunks=4&interval=150' });
      const arrivals: number[] = [];
      let text = '';
      for await (const chunk of response as AsyncIterable<Buffer>) {
        arrivals.push(performance.now());
        text += chunk.toString();
      }
      assert.equal(text, 'line 1 of 4\nline 2 of 4\nline 3 of 4\nline 4 of 4\n');
      assert.equal(arrivals.length, 4);
      const spread = (arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0);
      assert.ok(spread > 300, `All of it came within ${spread} ms.`);
    });

    it('server-sent events arrive at once and end when the client leaves', async () => {
      const exchanges = await Promise.all(
        [1, 2, 3].map(() => open(example(), { path: '/events?interval=20' })),
      );
      for (const { response } of exchanges) {
        assert.equal(response.headers['content-type'], 'text/event-stream; charset=utf-8');
        let text = '';
        while (!text.includes('id: 2\n')) text += String(((await once(response, 'data')) as [Buffer])[0]);
      }
      assert.equal(await openEvents(example()), 3);
      for (const { request } of exchanges) request.destroy();
      await waitFor('The end of the event streams', async () => (await openEvents(example())) === 0);
    });

    it('clients that leave during a download do no harm', async () => {
      for (let round = 0; round < 5; round++) {
        const { request, response } = await open(example(), { path: '/download' });
        await once(response, 'data');
        request.destroy();
      }
      assert.equal((await send(example(), { path: '/json' })).status, 200);
      const { response } = await open(example(), { path: `/download?bytes=${20 * MB}` });
      assert.deepEqual(await summarise(response), expected20);
    });

    it('clients that leave during an upload do no harm', async () => {
      for (let round = 0; round < 5; round++) {
        const leave = new AbortController();
        async function* stalling(): AsyncGenerator<Buffer> {
          yield* patternBytes(MB);
          setTimeout(() => leave.abort(), 20);
          await delay(10_000, undefined, { signal: leave.signal });
        }
        const headers = round % 2 ? { 'Content-Length': 5 * MB } : {};
        await assert.rejects(
          send(example(), { method: 'PUT', path: '/upload/raw', headers, body: stalling() }),
        );
      }
      assert.equal((await send(example(), { path: '/json' })).status, 200);
      const reply = await send(example(), put(20 * MB));
      assert.deepEqual(jsonOf(reply), expected20);
    });
  });
}
