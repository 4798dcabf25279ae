import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  decodeRequest,
  encodeEmpty,
  encodeRequest,
  encodeRespHeader,
  encodeStderr,
  encodeStream,
  KNOWN_HEADERS,
  PacketType,
  ResponseDecoder,
  type BuildOrder,
  type NameValue,
} from '#lib/codec/index.js';
import { LsapiError } from '#lib/errors.js';

const latin1 = (min: number, max: number, excluded: RegExp): fc.Arbitrary<string> =>
  fc.string({
    unit: fc
      .integer({ min: 0, max: 255 })
      .map((code) => String.fromCharCode(code))
      .filter((c) => !excluded.test(c)),
    minLength: min,
    maxLength: max,
  });

const buildOrder: fc.Arbitrary<BuildOrder> = fc.record({
  flag: fc.constantFrom(0, 1),
  byteOrder: fc.constantFrom('little', 'big'),
});
const OFFSET_NAMES = ['SCRIPT_FILENAME', 'SCRIPT_NAME', 'QUERY_STRING', 'REQUEST_METHOD'];
const NOTHING = /(?!)/;

const env: fc.Arbitrary<NameValue[]> = fc.array(
  fc.tuple(fc.oneof(fc.constantFrom(...OFFSET_NAMES), latin1(0, 20, /\0/)), latin1(0, 40, NOTHING)),
  { maxLength: 12 },
);
const specialEnv: fc.Arbitrary<NameValue[]> = fc.array(
  fc.tuple(
    latin1(0, 20, NOTHING).map((name) => `\x01${name}`),
    latin1(0, 40, NOTHING),
  ),
  { maxLength: 4 },
);
const headers: fc.Arbitrary<NameValue[]> = fc.array(
  fc.tuple(
    fc.oneof(fc.constantFrom(...KNOWN_HEADERS), latin1(1, 20, /[\r\n\0:]/)),
    latin1(0, 40, /[\r\n\0]/),
  ),
  { maxLength: 30 },
);
const fields = fc.record({
  order: buildOrder,
  reqBodyLen: fc.integer({ min: -0x80000000, max: 0x7fffffff }),
  env,
  specialEnv,
  requestLine: latin1(0, 60, /[\r\n\0]/),
  headers,
});
type Fields = typeof fields extends fc.Arbitrary<infer T> ? T : never;

function encode({ order, reqBodyLen, env, specialEnv, requestLine, headers }: Fields): Buffer {
  return encodeRequest({ ...order, reqBodyLen, env, specialEnv, header: { requestLine, headers } });
}

/** With a limit of the packet's own length the other reading of its length is plausible only if both are the same. */
function decodeUnambiguous(packet: Buffer): ReturnType<typeof decodeRequest> {
  return decodeRequest(packet, { limit: packet.length });
}

describe('Any request', () => {
  it('comes back from its packet, in both flags and byte orders', () => {
    fc.assert(
      fc.property(fields, (given) => {
        const packet = encode(given);
        fc.pre(isUnambiguous(packet.length));
        const request = decodeUnambiguous(packet);
        const valueOf = (name: string): string | null => {
          const value = given.env.findLast(([key]) => key === name)?.[1];
          return value === undefined ? null : cut(value);
        };
        assert.deepEqual([request.flag, request.byteOrder], [given.order.flag, given.order.byteOrder]);
        assert.equal(request.packetLength, packet.length);
        assert.equal(request.reqBodyLen, given.reqBodyLen);
        assert.deepEqual(
          request.env,
          given.env.map(([name, value]) => [name, cut(value)]),
        );
        assert.deepEqual(request.specialEnv, given.specialEnv);
        assert.deepEqual(
          [request.scriptFilename, request.scriptName, request.queryString, request.method],
          OFFSET_NAMES.map(valueOf),
        );
        const { known, unknown } = sortHeaders(given.headers);
        assert.deepEqual(request.knownHeaders, known);
        assert.deepEqual(request.unknownHeaders, unknown);
        assert.deepEqual(request.anomalies, []);
      }),
      { numRuns: 500 },
    );
  });

  it('is read or refused with an LsapiError, cut off anywhere', () => {
    fc.assert(
      fc.property(fields, fc.double({ min: 0, max: 1, noNaN: true }), (given, part) => {
        const packet = encode(given);
        const cutOff = packet.subarray(0, Math.floor(part * packet.length));
        assert.equal(decodeOrRefuse(cutOff), part < 1 ? 'refused' : decodeOrRefuse(packet));
      }),
      { numRuns: 500 },
    );
  });

  it('is read or refused with an LsapiError, with any bytes changed, whatever lies around it', () => {
    const change = fc.record({ at: fc.nat(), bytes: fc.uint8Array({ minLength: 1, maxLength: 4 }) });
    fc.assert(
      fc.property(fields, fc.array(change, { minLength: 1, maxLength: 6 }), (given, changes) => {
        const packet = encode(given);
        for (const { at, bytes } of changes) {
          // Half of the changes hit the integers of the packet, where they do most harm.
          const start = at % 2 === 0 ? at % 44 : at % packet.length;
          packet.set(bytes.subarray(0, packet.length - start), start);
        }
        const results = [0x00, 0x41, 0xff].map((filler) => {
          const around = Buffer.alloc(packet.length + 2048, filler);
          around.set(packet, 1024);
          return result(around.subarray(1024, 1024 + packet.length));
        });
        assert.deepEqual(results[1], results[0]);
        assert.deepEqual(results[2], results[0]);
      }),
      { numRuns: 2000 },
    );
  });

  it('is read or refused with an LsapiError where it is nothing but noise behind a lawful start', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 208, maxLength: 600 }), (noise) => {
        const packet = Buffer.from(noise);
        packet.set([0x4c, 0x53, 1, 0]);
        packet.writeInt32LE(packet.length, 4);
        decodeOrRefuse(packet);
      }),
    );
  });
});

describe('Any response', () => {
  const lines = fc.array(latin1(0, 60, NOTHING), { maxLength: 20 });
  const piece = fc.oneof(
    fc.record({ kind: fc.constant('header'), status: fc.integer({ min: -1, max: 999 }), lines }),
    fc.record({ kind: fc.constant('stream'), payload: fc.uint8Array({ maxLength: 300 }) }),
    fc.record({ kind: fc.constant('stderr'), payload: fc.uint8Array({ maxLength: 300 }) }),
    fc.record({ kind: fc.constant('end') }),
  );

  it('comes back from its packets, however they are cut', () => {
    fc.assert(
      fc.property(
        buildOrder,
        fc.array(piece, { maxLength: 10 }),
        fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 20 }),
        (order, pieces, sizes) => {
          const bytes = Buffer.concat(
            pieces.map((given) => {
              if ('lines' in given) return encodeRespHeader(given.status, given.lines, order);
              if (!('payload' in given)) return encodeEmpty(PacketType.RespEnd, order);
              return given.kind === 'stream'
                ? encodeStream(given.payload, order)
                : encodeStderr(given.payload, order);
            }),
          );
          const expected = pieces.map((given) => {
            if ('lines' in given) {
              return { type: 3, ...order, status: given.status, lines: given.lines, truncated: false };
            }
            if (!('payload' in given)) return { type: 5, ...order };
            return { type: given.kind === 'stream' ? 4 : 6, ...order, payload: Buffer.from(given.payload) };
          });
          const decoder = new ResponseDecoder({ server: order });
          const packets = [];
          for (let at = 0, n = 0; at < bytes.length; n++) {
            const end = at + (sizes[n % sizes.length] ?? 1);
            packets.push(...decoder.push(bytes.subarray(at, end)));
            at = end;
          }
          assert.deepEqual(packets, expected);
          assert.equal(decoder.midPacket, false);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('is read or refused with an LsapiError, whatever the bytes are', () => {
    const header = fc.tuple(
      fc.integer({ min: 2, max: 10 }),
      fc.nat({ max: 40 }),
      fc.uint8Array({ maxLength: 40 }),
    );
    fc.assert(
      fc.property(fc.array(header, { minLength: 1, maxLength: 6 }), (packets) => {
        const decoder = new ResponseDecoder();
        try {
          for (const [type, length, payload] of packets) {
            decoder.push(Buffer.from([0x4c, 0x53, type, 0, length, 0, 0, 0, ...payload]));
          }
        } catch (error) {
          assert.ok(error instanceof LsapiError, String(error));
          assert.equal(error.code, 'LSAPI_ERR_GATEWAY_RESPONSE');
        }
      }),
      { numRuns: 1000 },
    );
  });
});

function isUnambiguous(length: number): boolean {
  const swapped = Buffer.alloc(4);
  swapped.writeInt32LE(length);
  const other = swapped.readInt32BE();
  return other < 208 || other > length;
}

function sortHeaders(given: readonly NameValue[]): { known: NameValue[]; unknown: NameValue[] } {
  const first = new Map<string, string>();
  const unknown: NameValue[] = [];
  for (const [name, value] of given) {
    const canonical = KNOWN_HEADERS.find((header) => header.toLowerCase() === name.toLowerCase());
    if (canonical === undefined || first.has(canonical)) unknown.push([name, value]);
    else first.set(canonical, value);
  }
  const known = KNOWN_HEADERS.flatMap((name): NameValue[] => {
    const value = first.get(name);
    return value === undefined ? [] : [[name, value]];
  });
  return { known, unknown };
}

function result(packet: Buffer): unknown {
  try {
    return decodeRequest(packet);
  } catch (error) {
    assert.ok(error instanceof LsapiError, String(error));
    assert.match(error.code, /^LSAPI_ERR_PACKET_/);
    return error.code;
  }
}

function decodeOrRefuse(packet: Buffer): 'read' | 'refused' {
  return typeof result(packet) === 'string' ? 'refused' : 'read';
}

function cut(value: string): string {
  return value.split('\0', 1)[0] ?? '';
}
