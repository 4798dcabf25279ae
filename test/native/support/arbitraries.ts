import fc from 'fast-check';
import { encodeRequest, KNOWN_HEADERS, type BuildOrder, type NameValue } from '#lib/codec/index.js';

/** Text of latin1 code points other than the excluded ones. */
export function latin1(options: { min?: number; max: number; except?: RegExp }): fc.Arbitrary<string> {
  const { min = 0, max, except } = options;
  const unit = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
  return fc.string({
    unit: except === undefined ? unit : unit.filter((character) => !except.test(character)),
    minLength: min,
    maxLength: max,
  });
}

/** Both flags with both byte orders: neither tells the other (protocol §1.4). */
export const order: fc.Arbitrary<BuildOrder> = fc.record({
  flag: fc.constantFrom(0, 1),
  byteOrder: fc.constantFrom('little', 'big'),
});

const env: fc.Arbitrary<NameValue[]> = fc.array(
  fc.tuple(
    fc.oneof(
      fc.constantFrom('SCRIPT_FILENAME', 'SCRIPT_NAME', 'QUERY_STRING', 'REQUEST_METHOD', 'REQUEST_URI'),
      latin1({ max: 20, except: /\0/ }),
    ),
    latin1({ max: 40 }),
  ),
  { maxLength: 10 },
);

const headers: fc.Arbitrary<NameValue[]> = fc.array(
  fc.oneof(
    fc.tuple(
      fc.oneof(fc.constantFrom(...KNOWN_HEADERS), latin1({ min: 1, max: 20, except: /[\r\n\0:]/ })),
      latin1({ max: 40, except: /[\r\n\0]/ }),
    ),
    fc.tuple(
      fc.constant('Content-Length'),
      fc.oneof(
        fc.nat().map(String),
        fc.constantFrom('', '-1', '1e3', ' 7', '9007199254740991', '9007199254740992', '99999999999999999'),
      ),
    ),
  ),
  { maxLength: 20 },
);

/** Packets of requests with any content that the format can carry. */
export const requestPacket: fc.Arbitrary<Buffer> = fc
  .record({
    order,
    reqBodyLen: fc.oneof(fc.constantFrom(0, -1, -2), fc.integer({ min: -0x80000000, max: 0x7fffffff })),
    env,
    specialEnv: fc.array(
      fc.tuple(
        latin1({ max: 20 }).map((name) => `\x01${name}`),
        latin1({ max: 40 }),
      ),
      { maxLength: 4 },
    ),
    requestLine: latin1({ max: 60, except: /[\r\n\0]/ }),
    headers,
  })
  .map(({ order, reqBodyLen, env, specialEnv, requestLine, headers }) =>
    encodeRequest({ ...order, reqBodyLen, env, specialEnv, header: { requestLine, headers } }),
  );

/**
 * Changes to a packet. Half of them hit the integers of the request header, where they do most harm; values are
 * mostly those around which parsers go wrong.
 */
export const changes = fc.array(
  fc.record({
    at: fc.nat(),
    inHeader: fc.boolean(),
    bytes: fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 4 }),
      fc
        .constantFrom(0, 1, -1, 43, 44, 8192, 8193, 0x7fffffff, -0x80000000, 0xffff, 0x10000)
        .chain((value) => fc.boolean().map((little) => integerBytes(value, little))),
    ),
  }),
  { minLength: 1, maxLength: 6 },
);

/** The packet with the changes made. */
export function changed(
  packet: Buffer,
  list: typeof changes extends fc.Arbitrary<infer T> ? T : never,
): Buffer {
  const result = Buffer.from(packet);
  for (const { at, inHeader, bytes } of list) {
    const start = inHeader ? (at * 4) % 44 : at % result.length;
    result.set(bytes.subarray(0, result.length - start), start);
  }
  return result;
}

function integerBytes(value: number, little: boolean): Uint8Array {
  const bytes = Buffer.alloc(4);
  if (little) bytes.writeInt32LE(value | 0);
  else bytes.writeInt32BE(value | 0);
  return bytes;
}
