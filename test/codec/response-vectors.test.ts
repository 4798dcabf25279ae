import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  encodePacket,
  encodePidNotice,
  encodeRespHeader,
  encodeStderr,
  encodeStream,
  PacketType,
  pidOf,
  ResponseDecoder,
  type ResponsePacket,
} from '#lib/codec/index.js';
import { isLsapiError } from '#lib/errors.js';
import {
  responseVectors,
  type RecordedResponsePacket,
  type RecordedResponseStream,
} from '../support/vectors.js';

/** The recordings were made with an x86-64 server, which the decoder has to stand in for on any host. */
const X86_SERVER = { server: { flag: 0, byteOrder: 'little' } } as const;

const streams = responseVectors().flatMap(({ id, meta, streams }) =>
  streams.map((stream, n) => ({
    id,
    category: meta.category,
    name: n === 0 ? id : `${id} (${n + 1})`,
    ...stream,
  })),
);
const lawful = streams.filter((stream) => firstViolation(stream) === undefined);

describe('ResponseDecoder on recorded responses', () => {
  for (const stream of lawful) {
    it(`reads ${stream.name} alike in one piece, byte by byte and in random pieces`, () => {
      const expected = stream.packets.map(expectedPacket);
      assert.deepEqual(comparable(decode([stream.bytes]), stream.packets), expected);
      assert.deepEqual(comparable(decode(pieces(stream.bytes, () => 1)), stream.packets), expected);
      for (const seed of [1, 2, 3]) {
        assert.deepEqual(
          comparable(decode(pieces(stream.bytes, randomSizes(seed))), stream.packets),
          expected,
        );
      }
    });
  }

  for (const stream of streams) {
    const violation = firstViolation(stream);
    if (violation === undefined) continue;
    it(`refuses ${stream.name}: ${String(violation.message)}`, () => {
      for (const sizes of [() => stream.bytes.length, () => 1, randomSizes(4)]) {
        const decoder = new ResponseDecoder(X86_SERVER);
        const before: ResponsePacket[] = [];
        assert.throws(
          () => {
            for (const piece of pieces(stream.bytes, sizes)) before.push(...decoder.push(piece));
          },
          (error) =>
            isLsapiError(error, 'LSAPI_ERR_GATEWAY_RESPONSE') && violation.message.test(error.message),
        );
        const all = [...before, ...decoder.decodedBeforeFailure];
        const recorded = stream.packets.slice(0, violation.packets);
        assert.deepEqual(comparable(all, recorded), recorded.map(expectedPacket));
      }
    });
  }

  it('refuses nothing but what the recording marks as a hazard', () => {
    const refused = streams.filter((stream) => firstViolation(stream) !== undefined);
    assert.ok(refused.length > 0);
    for (const { category } of refused) assert.match(category ?? '', /^hazard/);
  });
});

describe('Response encoders from decoded packets', () => {
  for (const stream of lawful) {
    const irregular = stream.packets.filter((packet) => !isRegular(packet));
    it(`make the bytes of ${stream.name} again`, () => {
      if (irregular.length > 0) assert.match(stream.category ?? '', /^hazard/);
      for (const [n, packet] of decode([stream.bytes]).entries()) {
        const recorded = stream.packets[n];
        assert.ok(recorded !== undefined);
        if (irregular.includes(recorded)) continue;
        const bytes = stream.bytes.subarray(recorded.offset, recorded.offset + recorded.length);
        // Bits of the flag byte other than the lowest are ignored by the decoder, so they cannot come back.
        const expected = Buffer.from(bytes);
        expected.writeUInt8(expected.readUInt8(3) & 1, 3);
        assert.deepEqual(encode(packet), expected);
      }
    });
  }
});

/** The first packet that breaks lsapi-protocol §2.9 or a limit of §1.11, from the recorder's fields alone. */
function firstViolation(stream: RecordedResponseStream): { packets: number; message: RegExp } | undefined {
  for (const [n, packet] of stream.packets.entries()) {
    const message = violationOf(packet);
    if (message !== undefined) return { packets: n, message };
  }
  if (stream.undecodableFrom !== undefined)
    return { packets: stream.packets.length, message: /instead of 4c53/ };
  return undefined;
}

function violationOf(packet: RecordedResponsePacket): RegExp | undefined {
  const payload = packet.length - 8;
  if (packet.type < 3 || packet.type > 9) return new RegExp(`type ${packet.type} is not one of 3 to 9`);
  // An x86-64 server takes flag 1 for big-endian (§1.4), so that a little-endian length looks huge or negative.
  if (((packet.flag & 1) === 1) !== (packet.byteOrder === 'big'))
    return /payload .* has \d{6,} bytes|length -\d+ is below/;
  if (payload < 0) return new RegExp(`length ${packet.length} is below 8`);
  const tooLong = new RegExp(`type ${packet.type} has ${payload} bytes`);
  if (packet.type === 3) {
    if (payload < 8 || payload > 65_535) return tooLong;
    if (packet.headerCount !== undefined && packet.headerCount > 4095) return /RESP_HEADER announces/;
    return undefined;
  }
  if (packet.type === 5 || packet.type === 8) return payload === 0 ? undefined : tooLong;
  return payload > 16_384 ? tooLong : undefined;
}

function decode(chunks: Iterable<Buffer>): ResponsePacket[] {
  const decoder = new ResponseDecoder(X86_SERVER);
  const packets: ResponsePacket[] = [];
  for (const chunk of chunks) packets.push(...decoder.push(chunk));
  return packets;
}

/** The recorder's view of a packet, as far as it recorded it. */
function expectedPacket(packet: RecordedResponsePacket): unknown {
  const {
    type,
    byteOrder,
    status,
    lines,
    lineLengths = [],
    payloadLength,
    payloadSha256,
    pidNotice,
  } = packet;
  const flag = packet.flag & 1;
  if (type === PacketType.RespHeader) {
    // The server cuts the last counted byte off (§2.1); the recorder cut it off only where it was a NUL.
    const seen = (lines ?? []).map((line, n) => (line.length === lineLengths[n] ? line.slice(0, -1) : line));
    return { type, flag, byteOrder, status, lines: seen };
  }
  if (pidNotice !== undefined) return { type, flag, byteOrder, pid: pidNotice };
  return { type, flag, byteOrder, payloadLength: payloadLength ?? packet.length - 8, payloadSha256 };
}

/** Decoded packets reduced to what the recorder recorded of each. */
function comparable(
  packets: readonly ResponsePacket[],
  recorded: readonly RecordedResponsePacket[],
): unknown[] {
  return packets.map((packet, n) => {
    const { type, flag, byteOrder } = packet;
    const meta = recorded[n];
    if (packet.type === PacketType.RespHeader) {
      const listed = meta?.linesTruncated === true ? packet.lines.slice(0, meta.lines?.length) : packet.lines;
      const lines = listed.map((line, at) => abbreviate(line, meta?.lines?.[at]));
      return { type, flag, byteOrder, status: packet.status, lines };
    }
    const pid = pidOf(packet);
    if (pid !== undefined) return { type, flag, byteOrder, pid };
    const payload = 'payload' in packet ? packet.payload : Buffer.alloc(0);
    const payloadSha256 =
      meta?.payloadSha256 === undefined ? undefined : createHash('sha256').update(payload).digest('hex');
    return { type, flag, byteOrder, payloadLength: payload.length, payloadSha256 };
  });
}

/** Long lines are recorded as their start and `...(N bytes)`. */
function abbreviate(line: string, recorded: string | undefined): string {
  const [, start, length] = /^(.*)\.\.\.\((\d+) bytes\)$/s.exec(recorded ?? '') ?? [];
  if (start === undefined) return line;
  return line.startsWith(start) && line.length === Number(length)
    ? `${start}...(${line.length} bytes)`
    : line;
}

/** Whether the counted lines of a RESP_HEADER fill it exactly and each ends in NUL. */
function isRegular(packet: RecordedResponsePacket): boolean {
  if (packet.type !== 3 || packet.linesTruncated === true) return true;
  const { lines = [], lineLengths = [] } = packet;
  const text = lineLengths.reduce((sum, length) => sum + length, 0);
  const ended = lines.every((line, n) => line.length !== lineLengths[n]);
  return ended && lines.length === lineLengths.length && packet.length === 16 + 2 * lineLengths.length + text;
}

function encode(packet: ResponsePacket): Buffer {
  const pid = pidOf(packet);
  if (pid !== undefined) return encodePidNotice(pid, packet);
  switch (packet.type) {
    case PacketType.RespHeader:
      return encodeRespHeader(packet.status, packet.lines, packet);
    case PacketType.RespStream:
      return encodeStream(packet.payload, packet);
    case PacketType.StderrStream:
      return encodeStderr(packet.payload, packet);
    default:
      return encodePacket(packet.type, 'payload' in packet ? packet.payload : undefined, packet);
  }
}

function* pieces(bytes: Buffer, size: () => number): Generator<Buffer> {
  for (let at = 0; at < bytes.length;) {
    const end = at + size();
    yield bytes.subarray(at, end);
    at = end;
  }
}

/** Piece sizes from 1 to 40, now and then up to 20,000; a linear congruential generator keeps them repeatable. */
function randomSizes(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    const high = state >> 8;
    return high % 10 === 0 ? 1 + (high % 20_000) : 1 + (high % 40);
  };
}
