import assert from 'node:assert/strict';
import {
  decodePacketHeader,
  decodeRequest,
  encodeRequest,
  HOST_BUILD,
  KNOWN_HEADERS,
  type HeaderBlock,
  type NameValue,
  type RequestFields,
} from '#lib/codec/index.js';
import { isLsapiError, type LsapiErrorCode } from '#lib/errors.js';

const LITTLE = { flag: 0, byteOrder: 'little' } as const;
const ENV: NameValue[] = [
  ['SCRIPT_NAME', '/s'],
  ['QUERY_STRING', ''],
  ['REQUEST_METHOD', 'GET'],
];
const HOST_INDEX = 10;

// Packet offsets in packet() below: special list at 44, one entry of 8 bytes and the terminator up to 56; then ENV.
const SPECIAL_ENV: NameValue[] = [['\x01x', '1']];
const ENV_START = 44 + 4 + 3 + 2 + 4;
const ENV_END = ENV_START + (4 + 12 + 3) + (4 + 13 + 1) + (4 + 15 + 4) + 4;
const INDEX_START = Math.ceil(ENV_END / 8) * 8;
const RECORDS_START = INDEX_START + 152;

describe('decodeRequest: refusals', () => {
  it('accepts the packet that the refusals below are made of', () => {
    const request = decodeRequest(packet());
    assert.equal(request.method, 'GET');
    assert.deepEqual(request.knownHeaders, [['Host', 'h']]);
    assert.deepEqual(request.unknownHeaders, [['X-A', 'b']]);
  });

  refuses('LSAPI_ERR_PACKET_MAGIC', {
    'the first byte is not L': (bytes) => bytes.writeUInt8(0x58, 0),
    'the second byte is not S': (bytes) => bytes.writeUInt8(0x58, 1),
  });
  refuses('LSAPI_ERR_PACKET_TYPE', {
    'the type is ABORT_REQUEST': (bytes) => bytes.writeUInt8(2, 2),
    'the type is 0': (bytes) => bytes.writeUInt8(0, 2),
  });
  refuses('LSAPI_ERR_PACKET_LENGTH', {
    'the length is one more than the packet has': (bytes) => bytes.writeInt32LE(bytes.length + 1, 4),
    'the length is one less than the packet has': (bytes) => bytes.writeInt32LE(bytes.length - 1, 4),
    'the length is 207, less than any packet has': (bytes) => bytes.writeInt32LE(207, 4),
    'the length is 0': (bytes) => bytes.writeInt32LE(0, 4),
    'the length is negative': (bytes) => bytes.writeInt32LE(-1, 4),
    'the length is above the limit': (bytes) => bytes.writeInt32LE(262_145, 4),
  });
  refuses('LSAPI_ERR_PACKET_COUNT', {
    'the header block length is negative': (bytes) => bytes.writeInt32LE(-1, 8),
    'the number of unknown headers is negative': (bytes) => bytes.writeInt32LE(-1, 32),
    'the number of unknown headers is 8193': (bytes) => bytes.writeInt32LE(8193, 32),
    'the number of environment entries is negative': (bytes) => bytes.writeInt32LE(-0x80000000, 36),
    'the number of environment entries is 8193': (bytes) => bytes.writeInt32LE(8193, 36),
    'the number of special entries is negative': (bytes) => bytes.writeInt32LE(-1, 40),
    'the number of special entries is 8193': (bytes) => bytes.writeInt32LE(8193, 40),
  });
  refuses('LSAPI_ERR_PACKET_ENV', {
    'a special name has length 0': (bytes) => bytes.writeUInt16BE(0, 44),
    'a special value has length 0': (bytes) => bytes.writeUInt16BE(0, 46),
    'a special name does not end in NUL': (bytes) => bytes.writeUInt8(1, 50),
    'a special value does not end in NUL': (bytes) => bytes.writeUInt8(1, 52),
    'the special list is not ended by zeros': (bytes) => bytes.writeUInt8(1, 56),
    'there is one special entry less than counted': (bytes) => bytes.writeInt32LE(2, 40),
    'there is one special entry more than counted': (bytes) => bytes.writeInt32LE(0, 40),
    'a name has length 0': (bytes) => bytes.writeUInt16BE(0, ENV_START),
    'a value has length 0': (bytes) => bytes.writeUInt16BE(0, ENV_START + 2),
    'a name is longer than the packet': (bytes) => bytes.writeUInt16BE(0xffff, ENV_START),
    'a value is longer than the packet': (bytes) => bytes.writeUInt16BE(0xffff, ENV_START + 2),
    'a name does not end in NUL': (bytes) => bytes.writeUInt8(0x41, ENV_START + 4 + 11),
    'a value does not end in NUL': (bytes) => bytes.writeUInt8(0x41, ENV_START + 4 + 12 + 2),
    'the list is not ended by zeros': (bytes) => bytes.writeUInt8(1, ENV_END - 1),
    'there is one entry less than counted': (bytes) => bytes.writeInt32LE(ENV.length + 1, 36),
    'there is one entry more than counted': (bytes) => bytes.writeInt32LE(ENV.length - 1, 36),
  });
  refuses('LSAPI_ERR_PACKET_OFFSET', {
    'the offset of SCRIPT_FILENAME is negative': (bytes) => bytes.writeInt32LE(-1, 16),
    'the offset of SCRIPT_FILENAME is in the special list': (bytes) => bytes.writeInt32LE(44, 16),
    'the offset of SCRIPT_NAME is before the list': (bytes) => bytes.writeInt32LE(ENV_START - 1, 20),
    'the offset of QUERY_STRING is behind the list': (bytes) => bytes.writeInt32LE(ENV_END, 24),
    'the offset of REQUEST_METHOD is behind the packet': (bytes) => bytes.writeInt32LE(0x7fffffff, 28),
  });
  refuses('LSAPI_ERR_PACKET_LAYOUT', {
    'the header block is longer than counted': (bytes) => bytes.writeInt32LE(bytes.readInt32LE(8) - 1, 8),
    'the header block is shorter than counted': (bytes) => bytes.writeInt32LE(bytes.readInt32LE(8) + 1, 8),
    'the header block length is the largest number': (bytes) => bytes.writeInt32LE(0x7fffffff, 8),
    'there is one unknown header less than counted': (bytes) => bytes.writeInt32LE(2, 32),
    'there is one unknown header more than counted': (bytes) => bytes.writeInt32LE(0, 32),
  });
  refuses('LSAPI_ERR_PACKET_HEADER_INDEX', {
    'an unknown name has a negative offset': (bytes) => bytes.writeInt32LE(-1, RECORDS_START),
    'an unknown name has a negative length': (bytes) => bytes.writeInt32LE(-1, RECORDS_START + 4),
    'an unknown value has a negative offset': (bytes) => bytes.writeInt32LE(-1, RECORDS_START + 8),
    'an unknown value ends behind the block': (bytes) =>
      bytes.writeInt32LE(bytes.length - bytes.readInt32LE(RECORDS_START + 8), RECORDS_START + 12),
    'offset plus length overflows 32 bits': (bytes) => {
      bytes.writeInt32LE(0x7fffffff, RECORDS_START + 8);
      bytes.writeInt32LE(0x7fffffff, RECORDS_START + 12);
    },
  });

  it('reports the first fault in the order of the codes', () => {
    const bytes = packet();
    const faults: [LsapiErrorCode, () => void][] = [
      ['LSAPI_ERR_PACKET_HEADER_INDEX', () => bytes.writeInt32LE(-1, RECORDS_START)],
      ['LSAPI_ERR_PACKET_LAYOUT', () => bytes.writeInt32LE(1, 8)],
      ['LSAPI_ERR_PACKET_OFFSET', () => bytes.writeInt32LE(-1, 16)],
      ['LSAPI_ERR_PACKET_ENV', () => bytes.writeUInt8(1, ENV_END - 1)],
      ['LSAPI_ERR_PACKET_COUNT', () => bytes.writeInt32LE(-1, 40)],
      ['LSAPI_ERR_PACKET_LENGTH', () => bytes.writeInt32LE(0, 4)],
      ['LSAPI_ERR_PACKET_TYPE', () => bytes.writeUInt8(9, 2)],
      ['LSAPI_ERR_PACKET_MAGIC', () => bytes.writeUInt8(0, 0)],
    ];
    for (const [code, addFault] of faults) {
      addFault();
      assertRefused(bytes, code);
    }
  });

  it('accepts a length up to the limit that was set, not beyond', () => {
    const bytes = packet();
    assert.equal(decodeRequest(bytes, { limit: bytes.length }).packetLength, bytes.length);
    assert.throws(() => decodeRequest(bytes, { limit: bytes.length - 1 }), {
      code: 'LSAPI_ERR_PACKET_LENGTH',
    });
  });
});

describe('decodeRequest: values', () => {
  it('takes every value offset below 44 for an absent value', () => {
    for (const offset of [0, 1, 43]) {
      const bytes = packet();
      bytes.writeInt32LE(offset, 20);
      assert.equal(decodeRequest(bytes).scriptName, null);
    }
  });

  it('cuts environment values at the first NUL, special values not', () => {
    const bytes = packet({ env: [['PATH_INFO', '/a\0b']], specialEnv: [['\0SUEXEC_AUTH', '\0\x01\xff\0']] });
    assert.deepEqual(decodeRequest(bytes).env, [['PATH_INFO', '/a']]);
    assert.deepEqual(decodeRequest(bytes).specialEnv, [['\0SUEXEC_AUTH', '\0\x01\xff\0']]);
  });

  it('ignores all bits of the flag byte but the lowest', () => {
    const bytes = packet();
    bytes.writeUInt8(0xfe, 3);
    assert.equal(decodeRequest(bytes).flag, 0);
  });

  it('treats all 25 known headers alike', () => {
    const headers = KNOWN_HEADERS.map((name): NameValue => [name, `value of ${name}`]);
    const bytes = packet({ header: { requestLine: 'GET / HTTP/1.1', headers } });
    assert.deepEqual(decodeRequest(bytes).knownHeaders, headers);
  });

  it('takes offset 0 for an absent header, whatever its length', () => {
    const bytes = packet();
    bytes.writeUInt16LE(7, INDEX_START + 2 * 24);
    assert.deepEqual(decodeRequest(bytes).knownHeaders, [['Host', 'h']]);
    assert.deepEqual(decodeRequest(bytes).anomalies, []);
  });

  it('leaves out known headers that point outside the block and lists them', () => {
    for (const offset of [-1, 0x7fffffff]) {
      const bytes = packet();
      bytes.writeInt32LE(offset, INDEX_START + 52 + 4 * HOST_INDEX);
      assert.deepEqual(decodeRequest(bytes).knownHeaders, []);
      assert.deepEqual(decodeRequest(bytes).anomalies, [{ knownHeader: 'Host', offset, length: 1 }]);
    }
  });

  it('accepts a known header that ends exactly with the block, not one byte later', () => {
    const bytes = packet();
    const offset = bytes.readInt32LE(INDEX_START + 52 + 4 * HOST_INDEX);
    const upToEnd = bytes.readInt32LE(8) - offset;
    bytes.writeUInt16LE(upToEnd, INDEX_START + 2 * HOST_INDEX);
    assert.equal(decodeRequest(bytes).knownHeaders[0]?.[1].length, upToEnd);
    bytes.writeUInt16LE(upToEnd + 1, INDEX_START + 2 * HOST_INDEX);
    assert.deepEqual(decodeRequest(bytes).knownHeaders, []);
  });
});

describe('decodeRequest: lengths that wrapped at 65,536', () => {
  const cases: [string, string, number, number][] = [
    ['is 0 for 65,536 bytes', `${'c'.repeat(65_536)}\r\n`, 0, 65_536],
    ['is 4,464 for 70,000 bytes', `${'c'.repeat(70_000)}\r\n`, 4464, 70_000],
    ['wrapped twice', `${'c'.repeat(131_073)}\r\n`, 1, 131_073],
    ['is followed by blanks up to the line end', `${'c'.repeat(65_537)} \t \r\n`, 1, 65_537],
    ['belongs to a line that LF alone ends', `${'c'.repeat(65_536)}\n`, 0, 65_536],
    ['belongs to a line that NUL ends', `${'c'.repeat(65_536)}\0`, 0, 65_536],
    ['belongs to a line that the block ends', 'c'.repeat(65_536), 0, 65_536],
    ['is not that of the line', `${'c'.repeat(65_537)}\r\n`, 2, 2],
    ['is short because the line is', `cc\r\n${'x'.repeat(65_536)}`, 1, 1],
    ['is 65,535, which fits', `${'c'.repeat(65_535)}\r\n`, 65_535, 65_535],
  ];
  for (const [what, text, stored, expected] of cases) {
    it(`gives ${expected} bytes where the stored length ${what}`, () => {
      const block: HeaderBlock = {
        bytes: Buffer.from(`\0\0\0\0${text}`, 'latin1'),
        known: [{ index: 8, offset: 4, length: stored }],
        unknown: [],
      };
      assert.deepEqual(decodeRequest(packet({ header: block })).knownHeaders, [
        ['Cookie', 'c'.repeat(expected)],
      ]);
    });
  }

  it('is not looked for in a block of 65,535 bytes, which cannot hold such a line', () => {
    const bytes = Buffer.alloc(65_535, 'c');
    const header = { bytes, known: [{ index: 8, offset: 1, length: 0 }], unknown: [] };
    assert.deepEqual(decodeRequest(packet({ header })).knownHeaders, [['Cookie', '']]);
  });
});

describe('decodeRequest: body length', () => {
  const cases: [string, number, NameValue[], number][] = [
    ['the field wins over Content-Length', 3, [['Content-Length', '5']], 3],
    ['0 is no body', 0, [], 0],
    ['-2 takes Content-Length', -2, [['Content-Length', '5000000000']], 5_000_000_000],
    ['-1 takes Content-Length too', -1, [['Content-Length', '5']], 5],
    ['any other negative number does as well', -7, [['Content-Length', '5']], 5],
    ['-2 without Content-Length is unknown', -2, [], -1],
    ['-1 without Content-Length is unknown', -1, [], -1],
    [
      'Transfer-Encoding makes it unknown',
      -1,
      [
        ['Content-Length', '4'],
        ['Transfer-Encoding', 'chunked'],
      ],
      -1,
    ],
    ['leading zeros are allowed', -2, [['Content-Length', '0000000000000005']], 5],
    ['17 digits are too many', -2, [['Content-Length', '00000000000000005']], -1],
    ['2^53 - 1 is the largest', -2, [['Content-Length', '9007199254740991']], 9_007_199_254_740_991],
    ['2^53 is too large', -2, [['Content-Length', '9007199254740992']], -1],
    ['a sign is not a digit', -2, [['Content-Length', '+5']], -1],
    ['a list is not a number', -2, [['Content-Length', '5, 5']], -1],
    ['a blank is not a digit', -2, [['Content-Length', '5 ']], -1],
    ['an empty value is unknown', -2, [['Content-Length', '']], -1],
    ['digits of other scripts are none', -2, [['Content-Length', '\xb2']], -1],
  ];
  for (const [what, reqBodyLen, headers, expected] of cases) {
    it(what, () => {
      const request = decodeRequest(
        packet({ reqBodyLen, header: { requestLine: 'POST / HTTP/1.1', headers } }),
      );
      assert.equal(request.reqBodyLen, reqBodyLen);
      assert.equal(request.bodyLength, expected);
    });
  }

  it('is unknown where Content-Length points outside the block', () => {
    const known = [{ index: 7, offset: 92, length: 2 }];
    const bytes = packet({ reqBodyLen: -2, header: { bytes: Buffer.alloc(93), known, unknown: [] } });
    assert.equal(decodeRequest(bytes).bodyLength, -1);
    assert.deepEqual(decodeRequest(bytes).anomalies, [
      { knownHeader: 'Content-Length', offset: 92, length: 2 },
    ]);
  });
});

describe('decodePacketHeader', () => {
  // Read the other way round these are far above any limit.
  const PLAIN_LITTLE = [0x01, 0x02, 0x00, 0x00];
  const PLAIN_BIG = [0x00, 0x00, 0x02, 0x01];
  // 0x00010100 either way.
  const EITHER = [0x00, 0x01, 0x01, 0x00];

  it('takes the only plausible byte order, whatever the flag says', () => {
    for (const flag of [0, 1] as const) {
      assert.deepEqual(decodePacketHeader(header(flag, PLAIN_LITTLE)), {
        type: 1,
        flag,
        byteOrder: 'little',
        length: 513,
      });
      assert.deepEqual(decodePacketHeader(header(flag, PLAIN_BIG)), {
        type: 1,
        flag,
        byteOrder: 'big',
        length: 513,
      });
    }
  });

  it('lets the flag decide if both byte orders are plausible', () => {
    assert.equal(decodePacketHeader(header(0, EITHER)).byteOrder, 'little');
    const flag1 = HOST_BUILD.flag === 0 ? 'big' : HOST_BUILD.byteOrder;
    assert.equal(decodePacketHeader(header(1, EITHER)).byteOrder, flag1);
  });

  it('does not try the other byte order because the preferred one misses the size of the packet', () => {
    // 0x00030000 and 0x00000300 are both within the limit; the packet has the length of the second.
    const bytes = Buffer.alloc(0x300);
    bytes.set(header(0, [0x00, 0x00, 0x03, 0x00]));
    assert.throws(() => decodeRequest(bytes), { code: 'LSAPI_ERR_PACKET_LENGTH', message: /196608/ });
  });

  it('counts readings from the minimum up to the limit', () => {
    assert.equal(decodePacketHeader(header(0, [8, 0, 0, 0])).length, 8);
    assert.equal(decodePacketHeader(header(0, [9, 0, 0, 0]), { minimum: 9, limit: 9 }).length, 9);
    for (const length of [8, 10]) {
      assert.throws(() => decodePacketHeader(header(0, [length, 0, 0, 0]), { minimum: 9, limit: 9 }), {
        code: 'LSAPI_ERR_PACKET_LENGTH',
      });
    }
  });

  it('refuses fewer than 8 bytes', () => {
    assert.throws(() => decodePacketHeader(header(0, PLAIN_LITTLE).subarray(0, 7)), {
      code: 'LSAPI_ERR_PACKET_LENGTH',
    });
    assert.throws(() => decodePacketHeader(Buffer.alloc(0)), { code: 'LSAPI_ERR_PACKET_MAGIC' });
  });
});

function packet(fields: Partial<RequestFields> = {}): Buffer {
  const header = {
    requestLine: 'GET /s HTTP/1.1',
    headers: [
      ['Host', 'h'],
      ['X-A', 'b'],
    ] satisfies NameValue[],
  };
  return encodeRequest({ ...LITTLE, env: ENV, specialEnv: SPECIAL_ENV, header, ...fields });
}

function header(flag: 0 | 1, length: number[]): Buffer {
  return Buffer.from([0x4c, 0x53, 1, flag, ...length]);
}

function refuses(code: LsapiErrorCode, faults: Record<string, (bytes: Buffer) => unknown>): void {
  for (const [what, addFault] of Object.entries(faults)) {
    it(`${code}: ${what}`, () => {
      const bytes = packet();
      addFault(bytes);
      assertRefused(bytes, code);
    });
  }
}

function assertRefused(bytes: Buffer, code: LsapiErrorCode): void {
  assert.throws(
    () => decodeRequest(bytes),
    (error) => isLsapiError(error, code),
  );
}
