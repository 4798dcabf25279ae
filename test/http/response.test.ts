import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { PacketType } from '#lib/codec/index.js';
import { heldBytes, later, withServer, type Handler } from './support/serve.js';
import { same } from './support/same.js';
import type { ReceivedResponse } from '../support/lsapi-client.js';

async function answerOf(handler: Handler, method = 'GET'): Promise<ReceivedResponse> {
  let response!: ReceivedResponse;
  await withServer(handler, async (served) => void (response = await served.request({ method })));
  return response;
}

describe('Response', () => {
  it('has Node’s own class', async () => {
    let isNodes: boolean | undefined;
    await answerOf((_request, response) => {
      isNodes = response instanceof http.ServerResponse;
      response.end();
    });
    assert.equal(isNodes, true);
  });

  describe('header', () => {
    it('goes out by writeHead() in all its forms, as on node:http', async () => {
      const forms: Handler[] = [
        (_request, response) => response.writeHead(201).end(),
        (_request, response) => response.writeHead(201, 'Made').end(),
        (_request, response) => response.writeHead(201, { 'X-A': '1', 'x-b': ['2', '3'] }).end(),
        (_request, response) => response.writeHead(201, 'Made', { 'X-A': '1', 'X-N': 5 }).end(),
        (_request, response) => response.writeHead(201, ['X-A', '1', 'X-A', '2']).end(),
        (_request, response) => response.writeHead(201, 'Made', ['X-A', '1', 'x-b', '2']).end(),
        (_request, response) => {
          response.setHeader('X-A', 'old').setHeader('X-C', 'kept');
          response.writeHead(202, { 'x-a': 'new', 'X-B': '2' }).end();
        },
        (_request, response) => {
          response.setHeader('X-A', 'old');
          response.writeHead(202, ['X-A', '1', 'X-A', '2', 'Set-Cookie', 'a=b', 'Set-Cookie', 'c=d']).end();
        },
        (_request, response) => {
          response.statusCode = 404;
          response.statusMessage = 'Nowhere';
          response.end('x');
        },
        (_request, response) => response.writeHead(200, undefined).end(),
      ];
      for (const handler of forms) await same({ handler });
    });

    it('goes out by setHeader() and its relatives, as on node:http', async () => {
      await same({
        handler: (_request, response, note) => {
          response.setHeader('X-One', '1');
          response.setHeader('x-number', 7);
          response.setHeader('X-Many', ['a', 'b']);
          response.appendHeader('X-Many', 'c').appendHeader('X-New', 'n').appendHeader('X-New', ['o', 'p']);
          response.setHeaders(
            new Map<string, string | string[]>([
              ['X-Map', 'm'],
              ['Set-Cookie', ['a=1', 'b=2']],
            ]),
          );
          response.setHeaders(new Headers({ 'x-fetch': 'f' }));
          response.setHeader('Cookie', ['a', 'b']);
          response.setHeader('X-Gone', 'x');
          response.removeHeader('x-GONE');
          response.setHeader('X-Empty', '');
          note(JSON.stringify(response.getHeaders()));
          note(JSON.stringify(response.getHeaderNames()));
          note(JSON.stringify([response.getHeader('X-MANY'), response.hasHeader('x-one')]));
          response.end('x');
        },
      });
    });

    it('joins uniqueHeaders, as on node:http', async () => {
      await same({
        options: { uniqueHeaders: ['x-joined'] },
        handler: (_request, response) => {
          response.setHeader('X-Joined', ['a', 'b']);
          response.setHeader('X-Apart', ['a', 'b']);
          response.end();
        },
      });
    });

    it('cannot be changed once sent', async () => {
      await same({
        handler: (_request, response, note) => {
          const attempt = (work: () => unknown): void => {
            try {
              work();
              note('nothing thrown');
            } catch (error) {
              note((error as NodeJS.ErrnoException).code!);
            }
          };
          response.writeHead(200, { 'X-A': 'b' });
          note(`${response.headersSent}`);
          attempt(() => response.writeHead(500));
          attempt(() => response.setHeader('X', 'y'));
          attempt(() => response.appendHeader('X', 'y'));
          attempt(() => response.removeHeader('X'));
          attempt(() => response.writeContinue());
          response.end('x');
        },
      });
    });

    it('is sent early by flushHeaders(), alone', async () => {
      await withServer(
        async (_request, response) => {
          response.setHeader('X-A', 'b').flushHeaders();
          await later(30);
          response.end('late');
        },
        async (served) => {
          const client = await served.client();
          await client.send();
          const response = await client.headerReceived();
          assert.deepEqual(
            [response.header('x-a'), response.bodyLength, response.complete],
            [['b'], 0, false],
          );
          assert.equal((await client.completed()).text, 'late');
        },
      );
    });

    it('is latin1, whatever the body is', async () => {
      // Node's server sends it in UTF-8 where a text body follows at once.
      const response = await answerOf((_request, response) => {
        response.setHeader('X-Latin', 'caf\xe9');
        response.end('x');
      });
      assert.deepEqual(response.header('x-latin'), ['caf\xe9']);
    });

    it('has no line that the server makes itself, and at least one', async () => {
      const response = await answerOf((_request, response) => {
        response.removeHeader('Content-Length');
        response.setHeader('Connection', 'close').setHeader('Keep-Alive', 'x').setHeader('Status', '500');
        response.setHeader('Transfer-Encoding', 'chunked').setHeader('Trailer', 'X-T');
        response.write('x');
        response.end();
      });
      assert.equal(response.text, 'x');
      assert.equal(response.headers.length, 1);
      assert.equal(response.header('content-length').length, 0);
    });
  });

  describe('body', () => {
    it('is written in all encodings and kinds, as on node:http', async () => {
      await same({
        handler: (_request, response) => {
          response.write('caf\xe9', 'latin1');
          response.write('€', 'utf8');
          response.write('616263', 'hex');
          response.write('ZGVm', 'base64');
          response.write('ZGVm', 'base64url');
          response.write('gh', 'utf16le');
          response.write('ij', 'ascii');
          response.write('k\xff', 'binary');
          response.write(Buffer.from('buffer'));
          response.write(new Uint8Array([0x75, 0x38]));
          response.write(new DataView(new ArrayBuffer(2)).buffer.byteLength === 2 ? '' : 'never');
          response.end('ä', 'latin1');
        },
      });
    });

    for (const [name, end] of Object.entries<(response: http.ServerResponse) => unknown>({
      'text in latin1': (response) => response.end('caf\xe9', 'latin1'),
      'text in hex': (response) => response.end('00ff', 'hex'),
      'text in base64': (response) => response.end('AP8=', 'base64'),
      'text in utf16le': (response) => response.end('ab', 'utf16le'),
      'a buffer': (response) => response.end(Buffer.from([0, 255])),
      'a Uint8Array that is a part of something': (response) =>
        response.end(new Uint8Array([1, 2, 3, 4]).subarray(1, 3)),
      'an empty string': (response) => response.end(''),
      'an empty buffer': (response) => response.end(Buffer.alloc(0)),
      'lone surrogates': (response) => response.end('a\ud800b'),
      'text of 100,000 characters': (response) => response.end('ü'.repeat(100_000)),
      'one-byte text with a NUL': (response) => response.end('a\0b'),
    })) {
      it(`is ended by ${name}, as on node:http`, async () => {
        await same({ handler: (_request, response) => end(response) });
      });
    }

    it('refuses what is no body, as on node:http', async () => {
      await same({
        handler: (_request, response, note) => {
          for (const value of [null, undefined, 5, {}, [1]]) {
            try {
              response.write(value);
            } catch (error) {
              note((error as NodeJS.ErrnoException).code!);
            }
          }
          try {
            response.end(5 as never);
          } catch (error) {
            note((error as NodeJS.ErrnoException).code!);
          }
          response.end('x');
        },
      });
    });

    it('collects the writes of one tick into one packet', async () => {
      const response = await answerOf((_request, response) => {
        for (const part of ['a', 'b', 'c']) response.write(part);
        setTimeout(() => response.end('d'), 20);
      });
      const streams = response.packets.filter(({ type }) => type === PacketType.RespStream);
      assert.deepEqual(
        streams.map((packet) => ('payload' in packet ? packet.payload.toString() : '')),
        ['abc', 'd'],
      );
    });

    it('is held back while corked, over ticks', async () => {
      await withServer(
        async (_request, response) => {
          response.cork();
          response.write('a');
          await later(20);
          response.write('b');
          await later(20);
          response.uncork();
          response.end();
        },
        async (served) => {
          const client = await served.client();
          await client.send();
          await later(25);
          assert.equal(client.bodyReceived, 0);
          assert.equal((await client.completed()).text, 'ab');
        },
      );
    });

    it('is piped at any size, in order', async function () {
      this.timeout(30_000);
      const block = Buffer.alloc(70_001, 'pattern');
      const hash = createHash('sha1');
      for (let n = 0; n < 300; n++) hash.update(block);
      const response = await answerOf((_request, response) =>
        pipeline(Readable.from(Array.from({ length: 300 }, () => block)), response),
      );
      assert.equal(createHash('sha1').update(response.body).digest('hex'), hash.digest('hex'));
    });

    it('waits for a slow reader, with flat memory', async function () {
      this.timeout(60_000);
      let written = 0;
      let drains = 0;
      let growth = 0;
      const before = heldBytes();
      const size = 50 * 1024 * 1024;
      const chunk = Buffer.alloc(256 * 1024);
      await withServer(
        async (_request, response) => {
          while (written < size) {
            written += chunk.length;
            if (!response.write(chunk)) {
              await once(response, 'drain');
              drains++;
              if (drains % 40 === 0) growth = Math.max(growth, heldBytes() - before);
              assert.equal(response.writableLength, 0);
            }
          }
          response.end();
        },
        async (served) => {
          const client = await served.client();
          client.discardBody = true;
          client.pause();
          await client.send();
          await later(300);
          assert.ok(written < 4 * 1024 * 1024, `${written} bytes were written although nobody reads`);
          client.resume();
          await client.completed();
          assert.equal(client.bodyReceived, size);
          assert.ok(drains > 50);
          assert.ok(growth < 8 * 1024 * 1024, `${growth} bytes were held`);
        },
      );
    });

    it('may be written regardless of a slow reader, and nothing is lost', async function () {
      this.timeout(30_000);
      const parts = Array.from({ length: 2000 }, (_, n) => `${n},`.repeat(500));
      let finished = 0;
      await withServer(
        (_request, response) => {
          for (const part of parts) response.write(part);
          response.on('finish', () => finished++).end('end');
        },
        async (served) => {
          const client = await served.client();
          client.pause();
          await client.send();
          await later(100);
          assert.equal(finished, 0, 'not finished before the server has it all');
          client.resume();
          assert.equal((await client.completed()).text, `${parts.join('')}end`);
          await later(10);
          assert.equal(finished, 1);
        },
      );
    });

    it('calls back each write once', async () => {
      const order: string[] = [];
      await answerOf(async (_request, response) => {
        await new Promise<void>((written) => response.write('a'.repeat(300_000), () => written()));
        order.push('large');
        response.write('b', () => order.push('b'));
        response.write('c', 'utf8', () => order.push('c'));
        await new Promise<void>((written) => response.write('', () => written()));
        order.push('empty');
        response.end('d', () => order.push('end'));
      });
      await later(10);
      assert.deepEqual(order, ['large', 'b', 'c', 'empty', 'end']);
    });
  });

  it('tells of a write after the end by an error event', async () => {
    const { answer } = await same({
      handler: (_request, response, note) => {
        response.end('whole', () => note('ended'));
        note(`write: ${response.write('more', (error) => note(`write back: ${error?.name}`))}`);
        response.end('more', (error?: Error) => note(`end back: ${error?.name}`));
      },
      client: {},
    });
    assert.equal(answer?.body, 'whole');
  });

  // Not beside node:http: Node 26 holds back the head, and with it what it counts, until the next tick.
  it('counts the bytes that wait to be sent', async () => {
    let counted = 0;
    const response = await answerOf((_request, response) => {
      response.write('x'.repeat(100_000));
      counted = response.socket?.bytesWritten ?? 0;
      response.end();
    });
    assert.equal(response.text.length, 100_000);
    assert.ok(counted >= 100_000, `${counted} bytes are counted`);
  });

  describe('without a body', () => {
    it('to HEAD tells the length that the app announces', async () => {
      const response = await answerOf((_request, response) => {
        response.setHeader('Content-Length', 1000);
        response.end();
      }, 'HEAD');
      assert.deepEqual([response.header('content-length'), response.bodyLength], [['1000'], 0]);
    });

    it('has none at 204 and 304 even if the app writes one', async () => {
      for (const status of [204, 304]) {
        const response = await answerOf((_request, response) => {
          response.statusCode = status;
          response.write('x');
          response.end('y');
        });
        assert.deepEqual([response.status, response.bodyLength], [status, 0]);
        assert.ok(response.headers.length > 0, 'the server needs a header line');
      }
    });

    it('refuses one with rejectNonStandardBodyWrites, as on node:http', async () => {
      await same({
        options: { rejectNonStandardBodyWrites: true },
        client: { method: 'HEAD' },
        handler: (_request, response, note) => {
          for (const write of [() => response.write('x'), () => response.end('x')]) {
            try {
              write();
            } catch (error) {
              note((error as NodeJS.ErrnoException).code!);
            }
          }
          response.end();
        },
      });
    });
  });

  it('is sent whole in one packet each, acknowledged before', async () => {
    await withServer(
      (_request, response) => response.end('x'),
      async (served) => {
        const client = await served.client();
        for (let n = 0; n < 2; n++) {
          const { packets } = await client.request();
          assert.deepEqual(
            packets.map(({ type }) => type),
            [PacketType.ReqReceived, PacketType.RespHeader, PacketType.RespStream, PacketType.RespEnd],
          );
        }
      },
    );
  });
});
