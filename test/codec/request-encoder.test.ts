import assert from 'node:assert/strict';
import {
  buildHeaderBlock,
  decodeRequest,
  encodeRequest,
  HOST_BUILD,
  type NameValue,
  type RequestFields,
} from '#lib/codec/index.js';
import { isLsapiError, type LsapiErrorCode } from '#lib/errors.js';

const GET = { requestLine: 'GET / HTTP/1.1', headers: [] };

describe('encodeRequest', () => {
  it('uses flag and byte order of the host where none are given, and the opposite order for the other flag', () => {
    const { flag, byteOrder } = HOST_BUILD;
    const request = decodeRequest(encodeRequest({ env: [], header: GET }));
    assert.deepEqual([request.flag, request.byteOrder], [flag, byteOrder]);
    const other = encodeRequest({ flag: flag === 0 ? 1 : 0, env: [], header: GET });
    const length = byteOrder === 'little' ? other.readInt32BE(4) : other.readInt32LE(4);
    assert.equal(length, other.length);
  });

  it('points the value offsets at the last entry of each name', () => {
    const env: NameValue[] = [
      ['SCRIPT_NAME', '/of-a-rewrite-rule'],
      ['SCRIPT_NAME', '/of-the-server'],
      ['REQUEST_METHOD', 'GET'],
    ];
    const request = decodeRequest(encodeRequest({ env, header: GET }));
    assert.equal(request.scriptName, '/of-the-server');
    assert.equal(request.method, 'GET');
    assert.deepEqual(request.env, env);
  });

  it('gives offset 0 to a value that is not in the environment, and takes none from the special one', () => {
    const specialEnv: NameValue[] = [['SCRIPT_FILENAME', '/x']];
    const request = decodeRequest(encodeRequest({ env: [], specialEnv, header: GET }));
    assert.deepEqual(
      [request.scriptFileOff, request.scriptNameOff, request.queryStringOff, request.requestMethodOff],
      [0, 0, 0, 0],
    );
    assert.equal(request.scriptFilename, null);
  });

  it('starts the header index at a multiple of 8 for every length of the lists', () => {
    for (let length = 0; length < 8; length++) {
      const packet = encodeRequest({ env: [['N', 'x'.repeat(length)]], header: GET });
      const block = '\0\0\0\0GET / HTTP/1.1\r\n\r\n';
      assert.equal(packet.toString('latin1').indexOf(block) % 8, 0);
      assert.equal(packet.length % 8, block.length % 8);
    }
  });

  it('carries fields of the largest size that the wire format has', () => {
    const env: NameValue[] = [['n'.repeat(65_534), 'v'.repeat(65_534)]];
    const headers: NameValue[] = [
      ['Cookie', 'c'.repeat(65_535)],
      ['X-Long', 'u'.repeat(70_000)],
    ];
    const packet = encodeRequest({ env, header: { requestLine: GET.requestLine, headers } });
    const request = decodeRequest(packet, { limit: packet.length });
    assert.deepEqual(request.env, env);
    assert.deepEqual([...request.knownHeaders, ...request.unknownHeaders], headers);
  });

  it('carries 8192 entries of each kind', () => {
    const entries = Array.from({ length: 8192 }, (_, n): NameValue => [`N${n}`, '']);
    const header = { requestLine: GET.requestLine, headers: entries };
    const packet = encodeRequest({ env: entries, specialEnv: entries, header });
    const request = decodeRequest(packet, { limit: packet.length });
    assert.deepEqual([request.env, request.specialEnv, request.unknownHeaders], [entries, entries, entries]);
  });

  const tooMany = Array.from({ length: 8193 }, (): NameValue => ['N', '']);
  refuses('LSAPI_ERR_PACKET_COUNT', {
    '8193 environment entries': { env: tooMany },
    '8193 special entries': { specialEnv: tooMany },
    '8193 unknown headers': { header: { requestLine: GET.requestLine, headers: tooMany } },
  });
  refuses('LSAPI_ERR_PACKET_ENV', {
    'a name of 65,535 bytes': { env: [['n'.repeat(65_535), '']] },
    'a value of 65,535 bytes': { env: [['N', 'v'.repeat(65_535)]] },
    'a special value of 65,535 bytes': { specialEnv: [['N', 'v'.repeat(65_535)]] },
    'a value that is not latin1': { env: [['N', '\u0100']] },
  });
  refuses('LSAPI_ERR_HEADER_TOO_LARGE', {
    'a known header of 65,536 bytes': {
      header: { requestLine: GET.requestLine, headers: [['Cookie', 'c'.repeat(65_536)]] },
    },
  });
  refuses('LSAPI_ERR_HEADER_INVALID', {
    'a line break in the request line': { header: { requestLine: 'GET /\r\nX: 1', headers: [] } },
    'a line break in a value': { header: { requestLine: GET.requestLine, headers: [['X', 'a\nb']] } },
    'a NUL in a value': { header: { requestLine: GET.requestLine, headers: [['X', 'a\0b']] } },
    'a colon in a name': { header: { requestLine: GET.requestLine, headers: [['X:', 'a']] } },
    'an empty name': { header: { requestLine: GET.requestLine, headers: [['', 'a']] } },
    'a value that is not latin1': { header: { requestLine: GET.requestLine, headers: [['X', '\u20ac']] } },
  });
  refuses('LSAPI_ERR_PACKET_LENGTH', {
    'a body length that does not fit 32 bits': { reqBodyLen: 0x80000000 },
    'a body length that is not an integer': { reqBodyLen: 0.5 },
  });
  const bytes = Buffer.alloc(4);
  refuses('LSAPI_ERR_PACKET_HEADER_INDEX', {
    'an index entry beyond Transfer-Encoding': {
      header: { bytes, known: [{ index: 25, offset: 1, length: 1 }], unknown: [] },
    },
    'an index entry with a length of 17 bits': {
      header: { bytes, known: [{ index: 0, offset: 1, length: 65_536 }], unknown: [] },
    },
    'a record with a negative offset': {
      header: {
        bytes,
        known: [],
        unknown: [{ nameOffset: -1, nameLength: 0, valueOffset: 0, valueLength: 0 }],
      },
    },
  });
});

describe('buildHeaderBlock', () => {
  it('puts the first header of a known name in the index and everything else in records, in order', () => {
    const headers: NameValue[] = [
      ['X-First', '1'],
      ['COOKIE', 'a=1'],
      ['Cookie', 'b=2'],
      ['Upgrade', 'x'],
      ['cookie', 'c=3'],
    ];
    const request = decodeRequest(
      encodeRequest({ env: [], header: { requestLine: GET.requestLine, headers } }),
    );
    assert.deepEqual(request.knownHeaders, [['Cookie', 'a=1']]);
    assert.deepEqual(request.unknownHeaders, [
      ['X-First', '1'],
      ['Cookie', 'b=2'],
      ['Upgrade', 'x'],
      ['cookie', 'c=3'],
    ]);
  });

  it('starts with four NULs, so that no value has offset 0, and ends with an empty line', () => {
    const { bytes } = buildHeaderBlock('GET / HTTP/1.0', [['Host', 'h']]);
    assert.equal(Buffer.from(bytes).toString('latin1'), '\0\0\0\0GET / HTTP/1.0\r\nHost: h\r\n\r\n');
  });

  it('keeps an empty value apart from an absent header', () => {
    const { known } = buildHeaderBlock('GET / HTTP/1.1', [['Accept', '']]);
    assert.deepEqual(known, [{ index: 0, offset: 28, length: 0 }]);
  });

  it('lets long lengths wrap on request, as the server does', () => {
    const value = 'c'.repeat(70_000);
    const { known } = buildHeaderBlock('GET / HTTP/1.1', [['Cookie', value]], { wrapLengths: true });
    assert.deepEqual(known, [{ index: 8, offset: 28, length: 4464 }]);
  });
});

function refuses(code: LsapiErrorCode, cases: Record<string, Partial<RequestFields>>): void {
  for (const [what, fields] of Object.entries(cases)) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => encodeRequest({ env: [], header: GET, ...fields }),
        (error) => isLsapiError(error, code),
      );
    });
  }
}
