import assert from 'node:assert/strict';
import {
  encodeEmpty,
  encodePacket,
  encodePidNotice,
  encodeRespHeader,
  encodeStderr,
  encodeStream,
  HOST_BUILD,
  PacketType,
  pidOf,
  ResponseDecoder,
  type BuildOrder,
  type RespHeaderPacket,
} from '#lib/codec/index.js';
import { isLsapiError } from '#lib/errors.js';

const LITTLE: BuildOrder = { flag: 0, byteOrder: 'little' };
const BIG: BuildOrder = { flag: 1, byteOrder: 'big' };
const FLAG1_LITTLE: BuildOrder = { flag: 1, byteOrder: 'little' };

describe('ResponseDecoder: limits of a packet', () => {
  const lawful: [string, number, number][] = [
    ['the smallest RESP_HEADER', PacketType.RespHeader, 8],
    ['the largest RESP_HEADER', PacketType.RespHeader, 65_535],
    ['an empty RESP_STREAM', PacketType.RespStream, 0],
    ['the largest RESP_STREAM', PacketType.RespStream, 16_384],
    ['an empty RESP_END', PacketType.RespEnd, 0],
    ['the largest STDERR_STREAM', PacketType.StderrStream, 16_384],
    ['the largest REQ_RECEIVED', PacketType.ReqReceived, 16_384],
    ['an empty CONN_CLOSE', PacketType.ConnClose, 0],
    ['the largest INTERNAL_ERROR', PacketType.InternalError, 16_384],
  ];
  for (const [what, type, size] of lawful) {
    it(`accepts ${what}`, () => {
      const packets = decoder().push(raw(type, Buffer.alloc(size)));
      assert.deepEqual(
        packets.map((packet) => packet.type),
        [type],
      );
    });
  }

  const unlawful: [string, Buffer, RegExp][] = [
    ['a first byte that is not L', Buffer.from('XS345678'), /5853/],
    ['a second byte that is not S', Buffer.from('LX345678'), /4c58/],
    ['type 0', raw(0), /type 0 /],
    ['BEGIN_REQUEST', raw(1), /type 1 /],
    ['ABORT_REQUEST', raw(2), /type 2 /],
    ['type 10', raw(10), /type 10 /],
    ['length 7', withLength(raw(4), 7), /length 7 is below 8/],
    ['a negative length', withLength(raw(4), -1), /length -1 is below 8/],
    ['RESP_HEADER with 7 bytes', raw(3, Buffer.alloc(7)), /type 3 has 7 bytes/],
    ['RESP_HEADER with 65,536 bytes', raw(3, Buffer.alloc(65_536)), /type 3 has 65536 bytes/],
    ['RESP_STREAM with 16,385 bytes', raw(4, Buffer.alloc(16_385)), /type 4 has 16385 bytes/],
    ['RESP_END with a byte', raw(5, Buffer.alloc(1)), /type 5 has 1 bytes/],
    ['STDERR_STREAM with 16,385 bytes', raw(6, Buffer.alloc(16_385)), /type 6 has 16385 bytes/],
    ['REQ_RECEIVED with 16,385 bytes', raw(7, Buffer.alloc(16_385)), /type 7 has 16385 bytes/],
    ['CONN_CLOSE with a byte', raw(8, Buffer.alloc(1)), /type 8 has 1 bytes/],
    ['INTERNAL_ERROR with 16,385 bytes', raw(9, Buffer.alloc(16_385)), /type 9 has 16385 bytes/],
    ['4096 header lines', respHeader(4096, 200, [], '\0'.repeat(9000)), /4096 lines/],
    ['a negative number of header lines', respHeader(-1, 200, []), /-1 lines/],
    ['more line lengths than the packet holds', respHeader(2, 200, [5]), /cannot hold/],
  ];
  for (const [what, bytes, message] of unlawful) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => decoder().push(bytes),
        (error) => isLsapiError(error, 'LSAPI_ERR_GATEWAY_RESPONSE') && message.test(error.message),
      );
    });
  }

  it('refuses a packet as soon as its header is there, without waiting for the payload', () => {
    assert.throws(() => decoder().push(raw(4, Buffer.alloc(16_385)).subarray(0, 8)), {
      code: 'LSAPI_ERR_GATEWAY_RESPONSE',
    });
  });
});

describe('ResponseDecoder: after a violation', () => {
  it('stays failed with the same error', () => {
    const failed = decoder();
    assert.throws(() => failed.push(raw(10)), /type 10/);
    assert.throws(() => failed.push(raw(5)), /type 10/);
    assert.match(failed.failure?.message ?? '', /type 10/);
  });

  it('keeps the packets of the same chunk that came before it', () => {
    const failed = decoder();
    assert.throws(() => failed.push(Buffer.concat([raw(7), raw(5), raw(10), raw(5)])), /type 10/);
    assert.deepEqual(
      failed.decodedBeforeFailure.map((packet) => packet.type),
      [PacketType.ReqReceived, PacketType.RespEnd],
    );
  });

  it('has no failure before', () => {
    const lawful = decoder();
    lawful.push(raw(5));
    assert.equal(lawful.failure, undefined);
    assert.deepEqual(lawful.decodedBeforeFailure, []);
  });
});

describe('ResponseDecoder: byte order', () => {
  it('reads packets with the flag of the server in its order, others in the opposite one', () => {
    for (const server of [LITTLE, BIG, FLAG1_LITTLE]) {
      const opposite: BuildOrder = {
        flag: server.flag === 0 ? 1 : 0,
        byteOrder: server.byteOrder === 'little' ? 'big' : 'little',
      };
      for (const order of [server, opposite]) {
        const bytes = Buffer.concat([encodeRespHeader(404, ['A: b'], order), encodePidNotice(4711, order)]);
        const [header, notice] = new ResponseDecoder({ server }).push(bytes);
        assert.deepEqual(header, { type: 3, ...order, status: 404, lines: ['A: b'], truncated: false });
        assert.ok(notice !== undefined);
        assert.equal(pidOf(notice), 4711);
      }
    }
  });

  it('refuses flag 1 with little-endian integers for a server on x86, as that server does', () => {
    const bytes = encodeStream(Buffer.from('x'), FLAG1_LITTLE);
    assert.throws(() => new ResponseDecoder({ server: LITTLE }).push(bytes), /payload .* has \d+ bytes/);
  });

  it('stands in for a server of this host unless told otherwise', () => {
    const [packet] = new ResponseDecoder().push(encodeEmpty(PacketType.RespEnd));
    assert.deepEqual(packet, { type: PacketType.RespEnd, ...HOST_BUILD });
  });

  it('ignores all bits of the flag byte but the lowest', () => {
    const bytes = raw(5);
    bytes.writeUInt8(0xfe, 3);
    assert.deepEqual(decoder().push(bytes), [{ type: 5, flag: 0, byteOrder: 'little' }]);
  });
});

describe('ResponseDecoder: header lines', () => {
  const cases: [string, number[], string, Pick<RespHeaderPacket, 'lines' | 'truncated'>][] = [
    ['none', [], '', { lines: [], truncated: false }],
    ['count their NUL', [5, 5], 'A: 1\0B: 2\0', { lines: ['A: 1', 'B: 2'], truncated: false }],
    [
      'lose their last character without a NUL',
      [4, 4],
      'A: 1B: 2',
      { lines: ['A: ', 'B: '], truncated: false },
    ],
    [
      'skip lengths of 0 and below',
      [0, 5, -3, 5],
      'A: 1\0B: 2\0',
      { lines: ['A: 1', 'B: 2'], truncated: false },
    ],
    ['may be empty', [1, 5], '\0B: 2\0', { lines: ['', 'B: 2'], truncated: false }],
    ['keep NULs and line breaks within', [8], 'A:\r\n\0 1\0', { lines: ['A:\r\n\0 1'], truncated: false }],
    ['leave text behind them alone', [5], 'A: 1\0rest\0', { lines: ['A: 1'], truncated: false }],
    ['end with the text', [7, 5], 'A: 1\0B: 2\0', { lines: ['A: 1\0B', ' 2'], truncated: true }],
    ['have no more lines after the text', [5, 5, 5], 'A: 1\0', { lines: ['A: 1'], truncated: true }],
  ];
  for (const [what, lengths, text, expected] of cases) {
    it(what, () => {
      const [packet] = decoder().push(respHeader(lengths.length, 200, lengths, text));
      assert.deepEqual(packet, { type: 3, ...LITTLE, status: 200, ...expected });
    });
  }

  it('may be 4095', () => {
    const lines = Array.from({ length: 4095 }, (_, n) => `N: ${n}`);
    const [packet] = decoder().push(encodeRespHeader(200, lines, LITTLE));
    assert.ok(packet?.type === PacketType.RespHeader);
    assert.deepEqual(packet.lines, lines);
  });

  it('leave any status as it is', () => {
    for (const status of [0, -1, 99, 65_940, -0x80000000, 0x7fffffff]) {
      const [packet] = decoder().push(encodeRespHeader(status, [], LITTLE));
      assert.ok(packet?.type === PacketType.RespHeader);
      assert.equal(packet.status, status);
    }
  });
});

describe('ResponseDecoder: chunks', () => {
  it('knows whether the data so far ends between packets', () => {
    const bytes = encodeStream(Buffer.from('body'), LITTLE);
    const incremental = decoder();
    assert.equal(incremental.midPacket, false);
    for (const byte of bytes.subarray(0, -1)) {
      assert.deepEqual(incremental.push(Buffer.of(byte)), []);
      assert.equal(incremental.midPacket, true);
    }
    assert.equal(incremental.push(bytes.subarray(-1)).length, 1);
    assert.equal(incremental.midPacket, false);
  });

  it('gives whole payloads as views of the chunk, others as copies', () => {
    const bytes = encodeStream(Buffer.from('body'), LITTLE);
    const [view] = decoder().push(bytes);
    assert.ok(view?.type === PacketType.RespStream);
    assert.equal(view.payload.buffer, bytes.buffer);
    const incremental = decoder();
    incremental.push(bytes.subarray(0, 10));
    const [copy] = incremental.push(bytes.subarray(10));
    assert.ok(copy?.type === PacketType.RespStream);
    assert.equal(copy.payload.toString(), 'body');
    bytes.fill(0);
    assert.equal(copy.payload.toString(), 'body');
  });

  it('takes an empty chunk for nothing', () => {
    assert.deepEqual(decoder().push(Buffer.alloc(0)), []);
  });
});

describe('Response encoders', () => {
  it('split bodies and text into packets of 16,384 bytes at most, without losing any', () => {
    for (const [size, sizes] of [
      [0, [0]],
      [16_384, [16_384]],
      [16_385, [16_384, 1]],
      [40_000, [16_384, 16_384, 7232]],
    ] as const) {
      const payload = Buffer.from(Array.from({ length: size }, (_, n) => n % 251));
      for (const encode of [encodeStream, encodeStderr]) {
        const payloads = decoder()
          .push(encode(payload, LITTLE))
          .map((packet) => ('payload' in packet ? packet.payload : assert.fail()));
        assert.deepEqual(
          payloads.map(({ length }) => length),
          sizes,
        );
        assert.ok(Buffer.concat(payloads).equals(payload));
      }
    }
  });

  it('send text as UTF-8', () => {
    assert.deepEqual(encodeStderr('\u00e9\n', LITTLE), raw(6, Buffer.of(0xc3, 0xa9, 0x0a)));
  });

  it('tell a PID notice from other text', () => {
    const pid = (payload: string): number | undefined => {
      const [packet] = decoder().push(encodeStderr(Buffer.from(payload, 'latin1'), LITTLE));
      return packet === undefined ? assert.fail() : pidOf(packet);
    };
    assert.equal(pid('\0PID\x01\0\0\0'), 1);
    assert.equal(pid('\0PID\x01\0\0'), undefined);
    assert.equal(pid('\0PID\x01\0\0\0\0'), undefined);
    assert.equal(pid('XPID\x01\0\0\0'), undefined);
    const [stream] = decoder().push(raw(4, Buffer.from('\0PID\x01\0\0\0', 'latin1')));
    assert.ok(stream !== undefined);
    assert.equal(pidOf(stream), undefined);
  });

  it('refuse header lines and headers that do not fit', () => {
    assert.equal(encodeRespHeader(200, ['x'.repeat(32_766)]).length, 16 + 2 + 32_767);
    assert.throws(() => encodeRespHeader(200, ['x'.repeat(32_767)]), { code: 'LSAPI_ERR_HEADER_TOO_LARGE' });
    const lines = ['x'.repeat(32_700), 'x'.repeat(32_700)];
    const room = 65_535 - 8 - 2 * 3 - 2 * 32_701 - 1;
    assert.equal(encodeRespHeader(200, [...lines, 'x'.repeat(room)]).length, 8 + 65_535);
    assert.throws(() => encodeRespHeader(200, [...lines, 'x'.repeat(room + 1)]), {
      code: 'LSAPI_ERR_HEADER_TOO_LARGE',
    });
    assert.throws(() => encodeRespHeader(200, ['\u0100']), { code: 'LSAPI_ERR_HEADER_INVALID' });
  });
});

function decoder(): ResponseDecoder {
  return new ResponseDecoder({ server: LITTLE });
}

function raw(type: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const packet = encodePacket(PacketType.RespEnd, payload, LITTLE);
  packet.writeUInt8(type, 2);
  return packet;
}

function withLength(packet: Buffer, length: number): Buffer {
  packet.writeInt32LE(length, 4);
  return packet;
}

function respHeader(count: number, status: number, lengths: readonly number[], text = ''): Buffer {
  const fixed = Buffer.alloc(8 + 2 * lengths.length);
  fixed.writeInt32LE(count, 0);
  fixed.writeInt32LE(status, 4);
  for (const [n, length] of lengths.entries()) fixed.writeInt16LE(length, 8 + 2 * n);
  return raw(3, Buffer.concat([fixed, Buffer.from(text, 'latin1')]));
}
