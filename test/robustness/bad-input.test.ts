import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { lsnodes, rawApp, type Lsnode } from '../cli/support/lsnode.js';
import type { LsapiClient } from '../support/lsapi-client.js';
import { buildRequest } from '../support/lsapi-request.js';

const KIB = 1024;

/** Offsets of integers in a packet (lsapi-protocol §1.5). */
const FIELD = {
  length: 4,
  headerLength: 8,
  scriptFile: 16,
  method: 28,
  unknownHeaders: 32,
  env: 36,
  specialEnv: 40,
  firstEnvEntry: 48,
} as const;

/** A request with one integer of the fixed part replaced. */
function contradictory(offset: number, value: number): Buffer {
  const { packet } = buildRequest({ headers: { 'X-One': '1' }, flag: 0, byteOrder: 'little' });
  packet.writeInt32LE(value, offset);
  return packet;
}

function patched(offset: number, ...bytes: number[]): Buffer {
  const { packet } = buildRequest({ flag: 0, byteOrder: 'little' });
  packet.set(bytes, offset);
  return packet;
}

/** A request of exactly that many bytes. */
function requestOf(size: number): Buffer {
  const rest = buildRequest({ headers: { 'X-Fill': '' } }).packet.length;
  const { packet } = buildRequest({ headers: { 'X-Fill': 'x'.repeat(size - rest) } });
  assert.equal(packet.length, size);
  return packet;
}

describe('Bad input from the server', () => {
  const start = lsnodes();

  /** Answers `/` at once and `/slow` when told so by `/go`. */
  const app = {
    'app.mjs': rawApp(`
      if (request.url === '/slow') await new Promise((resolve) => (globalThis.go = resolve));
      if (request.url === '/go') globalThis.go();
      response.send(200, {}, 'fine');`),
  };

  function run(env: Record<string, string> = {}): Lsnode {
    return start({ files: app, args: ['app.mjs'], env });
  }

  /** Lines on stderr that name a connection. */
  function logged(lsnode: Lsnode): string[] {
    return lsnode.stderr.split('\n').filter((line) => line.includes('connection'));
  }

  async function isAnswered(client: LsapiClient): Promise<void> {
    const response = await client.request();
    assert.deepEqual([response.status, response.text], [200, 'fine']);
  }

  /** Sends what must not be accepted, and waits for the end of the connection. */
  async function sendBad(lsnode: Lsnode, bytes: string | Uint8Array): Promise<void> {
    const client = await lsnode.connect();
    let heard = 0;
    client.socket.on('data', (data) => (heard += data.length));
    await client.write(bytes).catch(() => undefined); // the connection may end before all of it is written
    await client.closed();
    assert.equal(heard, 0, 'there is no packet that could tell an error');
  }

  const cases: Record<string, Record<string, [bytes: string | Uint8Array, reason: string]>> = {
    garbage: {
      'a byte that no packet begins with': ['x', 'PACKET_MAGIC'],
      'an HTTP request': ['GET / HTTP/1.1\r\nHost: example.com\r\n\r\n', 'PACKET_MAGIC'],
      zeros: [Buffer.alloc(300), 'PACKET_MAGIC'],
      'a TLS greeting': [Buffer.from([0x16, 3, 1, 2, 0, 1]), 'PACKET_MAGIC'],
      'a packet that only applications send': [Buffer.from('LS\x05\0\x08\0\0\0', 'latin1'), 'PACKET_TYPE'],
      'a packet of type 0': [Buffer.from('LS\0\0\x08\0\0\0', 'latin1'), 'PACKET_TYPE'],
      'a packet of type 255': [Buffer.from('LS\xff\0\x08\0\0\0', 'latin1'), 'PACKET_TYPE'],
    },
    'a length': {
      'of a header alone': [patched(FIELD.length, 8, 0, 0, 0), 'PACKET_LENGTH'],
      'of 0': [patched(FIELD.length, 0, 0, 0, 0), 'PACKET_LENGTH'],
      'below the smallest request': [patched(FIELD.length, 207, 0, 0, 0), 'PACKET_LENGTH'],
      'that is negative': [patched(FIELD.length, 0xff, 0xff, 0xff, 0xff), 'PACKET_LENGTH'],
      'of 2 GiB': [patched(FIELD.length, 0xff, 0xff, 0xff, 0x7f), 'PACKET_LENGTH'],
      'above the limit': [requestOf(256 * KIB + 1), 'PACKET_LENGTH'],
    },
    contradictions: {
      'a negative number of variables': [contradictory(FIELD.env, -1), 'PACKET_COUNT'],
      'a negative number of headers': [contradictory(FIELD.unknownHeaders, -1), 'PACKET_COUNT'],
      'too many special variables': [contradictory(FIELD.specialEnv, 8193), 'PACKET_COUNT'],
      'a negative header length': [contradictory(FIELD.headerLength, -1), 'PACKET_COUNT'],
      'a variable too many': [contradictory(FIELD.env, 100), 'PACKET_ENV'],
      'a variable too few': [contradictory(FIELD.env, 1), 'PACKET_ENV'],
      'a variable without a name': [patched(FIELD.firstEnvEntry, 0, 0), 'PACKET_ENV'],
      'a variable longer than the packet': [patched(FIELD.firstEnvEntry, 0xff, 0xff), 'PACKET_ENV'],
      'a method outside the variables': [contradictory(FIELD.method, 1_000_000), 'PACKET_OFFSET'],
      'a script file that is negative': [contradictory(FIELD.scriptFile, -1), 'PACKET_OFFSET'],
      'a header block that is too short': [contradictory(FIELD.headerLength, 10), 'PACKET_LAYOUT'],
      'a header too many': [contradictory(FIELD.unknownHeaders, 2), 'PACKET_LAYOUT'],
    },
  };

  for (const [kind, entries] of Object.entries(cases)) {
    describe(kind, () => {
      for (const [name, [bytes, reason]] of Object.entries(entries)) {
        it(`${name}: one line in the log, no answer, and nothing happens to others`, async () => {
          const lsnode = run();
          await lsnode.printed(/^/);
          const busy = await lsnode.connect();
          await busy.send({ url: '/slow' });
          await busy.until(() => busy.response.acknowledged);
          const idle = await lsnode.connect();
          await isAnswered(idle);

          await sendBad(lsnode, bytes);
          await lsnode.printed(new RegExp(`LSAPI_ERR_${reason}`));
          assert.equal(logged(lsnode).length, 1, lsnode.stderr);
          await isAnswered(idle);
          await idle.request({ url: '/go' });
          const { status, connectionClosed } = await busy.completed();
          assert.deepEqual([status, connectionClosed], [200, false]);
          assert.ok(lsnode.alive);
        });
      }
    });
  }

  it('after a good request on the same connection ends the connection, the answer being complete', async () => {
    const lsnode = run();
    const client = await lsnode.connect();
    await isAnswered(client);
    await client.write('garbage');
    await client.closed();
    await lsnode.printed(/LSAPI_ERR_PACKET_MAGIC/);
  });

  it('a hundred times in a row costs nothing', async () => {
    const lsnode = run();
    const steady = await lsnode.connect();
    for (let n = 0; n < 100; n++) {
      await sendBad(lsnode, contradictory(FIELD.env, n + 50));
      await isAnswered(steady);
    }
    assert.equal(logged(lsnode).length, 100);
  });

  describe('a packet that is cut off', () => {
    it('by the end of the connection: one line in the log', async () => {
      const lsnode = run();
      const { packet } = buildRequest({});
      for (const size of [1, 7, 8, 44, packet.length - 1]) {
        const client = await lsnode.connect();
        await client.write(packet.subarray(0, size));
        client.close();
      }
      await lsnode.printed(/(connection.*middle of a packet[^]*){5}/);
      assert.equal(logged(lsnode).length, 5);
      await isAnswered(await lsnode.connect());
    });

    it('by silence: the connection is closed after LSNODE_PACKET_TIMEOUT', async () => {
      const lsnode = run({ LSNODE_PACKET_TIMEOUT: '1' });
      const client = await lsnode.connect();
      await client.write(buildRequest({}).packet.subarray(0, 100));
      const began = Date.now();
      await client.closed();
      const took = Date.now() - began;
      assert.ok(took > 800 && took < 4000, `${took} ms`);
      await lsnode.printed(/LSNODE_PACKET_TIMEOUT/);
      assert.equal(logged(lsnode).length, 1);
    });
  });

  describe('LSNODE_MAX_PACKET', () => {
    for (const [value, limit] of [
      ['4096', 4 * KIB],
      ['1048576', 1024 * KIB],
    ] as const) {
      it(`${value}: as many bytes are accepted, one more is not`, async () => {
        const lsnode = run({ LSNODE_MAX_PACKET: value });
        const client = await lsnode.connect();
        await client.write(requestOf(limit));
        await client.completed();
        await sendBad(lsnode, requestOf(limit + 1));
        await lsnode.printed(/LSNODE_MAX_PACKET.*LSAPI_ERR_PACKET_LENGTH/);
        await isAnswered(client);
      });
    }
  });

  it('bytes behind a request end its connection with the answer, not before', async () => {
    const lsnode = run();
    const client = await lsnode.connect();
    const { packet } = buildRequest({});
    await client.write(Buffer.concat([packet, packet]));
    const response = await client.completed();
    await client.closed();
    assert.deepEqual([response.status, response.text, response.connectionClosed], [200, 'fine', true]);
    assert.deepEqual(logged(lsnode), []);
  });

  it('a connection without a word stays as long as it likes', async () => {
    const lsnode = run({ LSNODE_PACKET_TIMEOUT: '1' });
    const client = await lsnode.connect();
    await delay(2000);
    await isAnswered(client);
  });
});
