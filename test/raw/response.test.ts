import assert from 'node:assert/strict';
import type { RawHeaders } from '#lib/raw/raw-response.js';
import { PacketType, type NameValue } from '#lib/codec/index.js';
import { RespondFlag } from '#lib/native/binding.js';
import { respond } from '#lib/native/exchange.js';
import { rawServers, thrownBy } from './support/raw-server.js';

describe('A raw response sent at once', () => {
  const serve = rawServers();

  describe('has the headers of', () => {
    const forms: Record<string, [headers: RawHeaders | null | undefined, lines: NameValue[]]> = {
      nothing: [undefined, []],
      null: [null, []],
      'an empty object': [{}, []],
      'an object': [
        { 'Content-Type': 'text/plain', 'x-own': 'y' },
        [
          ['Content-Type', 'text/plain'],
          ['x-own', 'y'],
        ],
      ],
      numbers: [
        { Age: 0, 'X-N': 1.5 },
        [
          ['Age', '0'],
          ['X-N', '1.5'],
        ],
      ],
      'arrays in an object': [
        { 'Set-Cookie': ['a=1', 'b=2'], Vary: ['x'], None: [] },
        [
          ['Set-Cookie', 'a=1'],
          ['Set-Cookie', 'b=2'],
          ['Vary', 'x'],
        ],
      ],
      pairs: [
        [
          ['B', '1'],
          ['A', 2],
          ['B', '3'],
        ],
        [
          ['B', '1'],
          ['A', '2'],
          ['B', '3'],
        ],
      ],
      'no pairs': [[], []],
      'a Map': [
        new Map([
          ['B', '1'],
          ['A', '2'],
        ]),
        [
          ['B', '1'],
          ['A', '2'],
        ],
      ],
      'a Headers object': [
        new Headers([
          ['b', '1'],
          ['Set-Cookie', 'x'],
          ['Set-Cookie', 'y'],
        ]),
        [
          ['b', '1'],
          ['set-cookie', 'x'],
          ['set-cookie', 'y'],
        ],
      ],
      'a generator': [
        (function* () {
          yield ['G', '1'] as const;
        })(),
        [['G', '1']],
      ],
      'undefined values, which are left out': [
        { 'X-Gone': undefined as unknown as string, A: '1' },
        [['A', '1']],
      ],
      'empty values': [{ 'X-Empty': '' }, [['X-Empty', '']]],
      latin1: [{ 'X-Name': 'J\xfcrgen' }, [['X-Name', 'J\xfcrgen']]],
      'names in the way they are written': [{ eTAG: '"x"' }, [['eTAG', '"x"']]],
    };
    for (const [name, [headers, lines]] of Object.entries(forms)) {
      it(name, async () => {
        const server = serve((_, response) => {
          response.send(200, headers, 'body');
        });
        const response = await server.request();
        assert.deepEqual(response.headers, [...lines, ['Content-Length', '4']], server.log.join('\n'));
      });
    }
  });

  describe('given the same headers as before', () => {
    /** The header lines of answers with one object, which is changed before the second and later ones. */
    async function answers<Headers extends RawHeaders>(
      headers: Headers,
      ...changes: ((headers: Headers) => void)[]
    ): Promise<NameValue[][]> {
      const server = serve((_, response) => response.send(204, headers));
      const lines: NameValue[][] = [];
      for (const change of [undefined, undefined, undefined, ...changes]) {
        change?.(headers);
        lines.push((await server.request()).headers);
      }
      assert.deepEqual(lines[1], lines[0]);
      assert.deepEqual(lines[2], lines[0]);
      return lines.slice(3);
    }

    it('has what was changed in the object', async () => {
      const headers: Record<string, string> = { A: '1', B: '2' };
      const lines = await answers(
        headers,
        (own) => (own.A = '3'),
        (own) => (own.C = '4'),
        (own) => delete own.A,
        (own) => {
          delete own.B;
          own.B = '2';
        },
      );
      assert.deepEqual(lines, [
        [
          ['A', '3'],
          ['B', '2'],
        ],
        [
          ['A', '3'],
          ['B', '2'],
          ['C', '4'],
        ],
        [
          ['B', '2'],
          ['C', '4'],
        ],
        [
          ['C', '4'],
          ['B', '2'],
        ],
      ]);
    });

    it('has what was changed in an array of values', async () => {
      const lines = await answers({ 'Set-Cookie': ['a=1'] }, (own) => own['Set-Cookie'].push('b=2'));
      assert.deepEqual(lines, [
        [
          ['Set-Cookie', 'a=1'],
          ['Set-Cookie', 'b=2'],
        ],
      ]);
    });

    it('is refused as before', async () => {
      const codes: unknown[] = [];
      const headers = { 'X-Bad': '\u65e5' };
      const server = serve((_, response) => {
        for (let time = 0; time < 3; time++) codes.push(thrownBy(() => response.send(200, headers)).code);
        response.send(200, { 'X-Good': '1' }, 'sent');
      });
      assert.deepEqual((await server.request()).headers[0], ['X-Good', '1']);
      assert.deepEqual((await server.request()).headers[0], ['X-Good', '1']);
      assert.deepEqual(new Set(codes), new Set(['LSAPI_ERR_HEADER_INVALID']));
    });

    it('does not mix up the servers of a process', async () => {
      const first = serve((_, response) => response.send(204, { 'X-Site': 'first' }));
      const second = serve((_, response) => response.send(204, { 'X-Site': 'second' }));
      for (let time = 0; time < 3; time++) {
        assert.deepEqual((await first.request()).headers, [['X-Site', 'first']]);
        assert.deepEqual((await second.request()).headers, [['X-Site', 'second']]);
      }
    });

    it('reads them when those before were for a request that was over, of which nothing is read', async () => {
      const server = serve((_, response) => response.send(204, { 'X-Text': 'new' }));
      const { set } = server.connections;
      assert.equal(respond(set, 1000, 1, RespondFlag.End, 204, 'X-Text: new\n', 1, undefined), -1);
      assert.deepEqual((await server.request()).headers, [['X-Text', 'new']]);
    });
  });

  describe('has the body of', () => {
    const bodies: Record<string, [body: string | Uint8Array | null | undefined, bytes: Buffer]> = {
      nothing: [undefined, Buffer.alloc(0)],
      null: [null, Buffer.alloc(0)],
      'an empty string': ['', Buffer.alloc(0)],
      'an empty buffer': [Buffer.alloc(0), Buffer.alloc(0)],
      ASCII: ['plain', Buffer.from('plain')],
      'latin1 text, in UTF-8': ['J\xfcrgen', Buffer.from('J\xfcrgen')],
      'other text, in UTF-8': ['日本語 😀', Buffer.from('日本語 😀')],
      'a lone surrogate, replaced': ['a\ud800b', Buffer.from('a\ufffdb')],
      'a NUL': ['a\0b', Buffer.from('a\0b')],
      'a Buffer': [Buffer.from([0, 255, 10]), Buffer.from([0, 255, 10])],
      'a part of a Buffer': [Buffer.from('0123456789').subarray(3, 5), Buffer.from('34')],
      'a Uint8Array': [new Uint8Array([1, 2, 3]), Buffer.from([1, 2, 3])],
      'a part of a Uint8Array': [new Uint8Array([1, 2, 3, 4]).subarray(1, 3), Buffer.from([2, 3])],
    };
    for (const size of [5460, 5461, 5462, 16_383, 16_384, 16_385, 65_536, 65_537, 1_000_000]) {
      bodies[`${size} bytes`] = [Buffer.alloc(size, 'bytes '), Buffer.alloc(size, 'bytes ')];
      bodies[`${size} ASCII characters`] = ['x'.repeat(size), Buffer.alloc(size, 'x')];
      bodies[`${size} other characters`] = ['é€'.repeat(size / 2), Buffer.from('é€'.repeat(size / 2))];
    }
    for (const [name, [body, bytes]] of Object.entries(bodies)) {
      it(name, async () => {
        const response = await serve((_, response) => {
          response.send(200, { 'X-A': 'a' }, body);
        }).request();
        assert.ok(response.body.equals(bytes));
        assert.deepEqual(response.header('content-length'), [String(bytes.length)]);
        for (const packet of response.packets) {
          if (packet.type === PacketType.RespStream) assert.ok(packet.payload.length <= 16_384);
        }
      });
    }
  });

  it('has a Content-Length that the handler gave', async () => {
    const response = await serve((_, response) => {
      response.send(200, { 'content-length': 3 }, 'abc');
    }).request();
    assert.deepEqual(response.headers, [['content-length', '3']]);
  });

  it('to HEAD has the length of the body, without the body', async () => {
    const response = await serve((_, response) => {
      response.send(200, null, 'a body of 17 byte');
    }).request({ method: 'HEAD' });
    assert.deepEqual([response.header('content-length'), response.bodyLength], [['17'], 0]);
  });

  for (const status of [204, 205, 304]) {
    it(`of status ${status} has neither body nor length`, async () => {
      const response = await serve((_, response) => {
        response.send(status, null, 'not to be sent');
      }).request();
      assert.deepEqual([response.status, response.bodyLength], [status, 0]);
      assert.deepEqual(response.header('content-length'), []);
      // A response without any header line would not be complete for the server.
      assert.equal(response.headers.length, 1);
    });
  }

  it('of status 304 keeps a length of its own', async () => {
    const response = await serve((_, response) => {
      response.send(304, { 'Content-Length': 5, ETag: '"x"' });
    }).request();
    assert.deepEqual(response.headers, [
      ['Content-Length', '5'],
      ['ETag', '"x"'],
    ]);
  });

  it('has a status that the server knows', async () => {
    const map: [status: number, sent: number][] = [
      [200, 200],
      [208, 208],
      [226, 200],
      [301, 301],
      [418, 418],
      [451, 451],
      [499, 400],
      [510, 510],
      [511, 503],
      [599, 500],
      [999, 500],
    ];
    const server = serve(() => undefined);
    for (const [status, sent] of map) {
      server.handler = (_, response) => {
        response.send(status, null, 'x');
      };
      assert.equal((await server.request()).status, sent, String(status));
    }
  });

  it('leaves out headers that the server makes itself, or that would mislead it', async () => {
    const headers = {
      Connection: 'close',
      'Keep-Alive': 'timeout=5',
      'Transfer-Encoding': 'chunked',
      'Proxy-Connection': 'close',
      Trailer: 'X',
      Status: '200 OK',
      'X-Kept': 'y',
    };
    const response = await serve((_, response) => {
      response.send(404, headers, 'x');
    }).request();
    assert.deepEqual(
      [response.status, response.headers],
      [
        404,
        [
          ['X-Kept', 'y'],
          ['Content-Length', '1'],
        ],
      ],
    );
  });

  it('may come later', async () => {
    const client = await serve((_, response) => {
      setTimeout(() => response.send(200, null, 'later'), 20);
    }).connect();
    assert.equal((await client.request()).text, 'later');
    assert.equal((await client.request()).text, 'later');
  });

  it('is one write: acknowledgement, header, body and end', async () => {
    const client = await serve((_, response) => {
      response.send(200, null, 'one');
    }).connect();
    await client.request(); // the first one is acknowledged early
    const reads: number[] = [];
    client.socket.on('data', (chunk: Buffer) => reads.push(chunk.length));
    const response = await client.request();
    assert.deepEqual(
      response.packets.map(({ type }) => type),
      [PacketType.ReqReceived, PacketType.RespHeader, PacketType.RespStream, PacketType.RespEnd],
    );
    assert.equal(reads.length, 1);
  });
});
