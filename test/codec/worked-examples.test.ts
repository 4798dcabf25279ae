import assert from 'node:assert/strict';
import {
  decodeRequest,
  encodeEmpty,
  encodePidNotice,
  encodeRequest,
  encodeRespHeader,
  encodeStream,
  PacketType,
  pidOf,
  ResponseDecoder,
  type NameValue,
} from '#lib/codec/index.js';

/** The worked examples of lsapi-protocol §8, which were verified with the reference library. */

const LITTLE = { flag: 0, byteOrder: 'little' } as const;
const BIG = { flag: 1, byteOrder: 'big' } as const;

const GET_ENV: NameValue[] = [
  ['SERVER_NAME', 'h'],
  ['SCRIPT_FILENAME', '/app.js'],
  ['QUERY_STRING', 'tiny'],
  ['SCRIPT_NAME', '/hi'],
  ['REQUEST_METHOD', 'GET'],
];
const GET_HEADER = {
  requestLine: 'GET /hi?tiny HTTP/1.1',
  headers: [
    ['Host', 'h'],
    ['X-Foo', 'bar'],
    ['Accept', '*/*'],
  ] satisfies NameValue[],
};

/** §8.1: the environment lists and the header block, which have the same bytes in any byte order. */
const GET_LISTS = `
  00 00 00 00
  00 0c 00 02 53 45 52 56 45 52 5f 4e 41 4d 45 00 68 00
  00 10 00 08 53 43 52 49 50 54 5f 46 49 4c 45 4e 41 4d 45 00 2f 61 70 70 2e 6a 73 00
  00 0d 00 05 51 55 45 52 59 5f 53 54 52 49 4e 47 00 74 69 6e 79 00
  00 0c 00 04 53 43 52 49 50 54 5f 4e 41 4d 45 00 2f 68 69 00
  00 0f 00 04 52 45 51 55 45 53 54 5f 4d 45 54 48 4f 44 00 47 45 54 00
  00 00 00 00 00 00 00 00 00`;
const GET_BLOCK = `
  00 00 00 00 47 45 54 20 2f 68 69 3f 74 69 6e 79 20 48 54 54 50 2f 31 2e 31 0d 0a
  48 6f 73 74 3a 20 68 0d 0a 58 2d 46 6f 6f 3a 20 62 61 72 0d 0a 41 63 63 65 70 74 3a 20 2a 2f 2a 0d 0a 0d 0a`;

const GET_LITTLE = hex(`
  4c 53 01 00 8f 01 00 00 3f 00 00 00 00 00 00 00 56 00 00 00 84 00 00 00 6f 00 00 00 9b 00 00 00
  01 00 00 00 05 00 00 00 00 00 00 00
  ${GET_LISTS}
  03 00 ${zeros(18)} 01 00 ${zeros(28)} ${zeros(2)}
  38 00 00 00 ${zeros(36)} 21 00 00 00 ${zeros(56)}
  24 00 00 00 05 00 00 00 2b 00 00 00 03 00 00 00
  ${GET_BLOCK}`);

const GET_BIG = hex(`
  4c 53 01 01 00 00 01 8f 00 00 00 3f 00 00 00 00 00 00 00 56 00 00 00 84 00 00 00 6f 00 00 00 9b
  00 00 00 01 00 00 00 05 00 00 00 00
  ${GET_LISTS}
  00 03 ${zeros(18)} 00 01 ${zeros(28)} ${zeros(2)}
  00 00 00 38 ${zeros(36)} 00 00 00 21 ${zeros(56)}
  00 00 00 24 00 00 00 05 00 00 00 2b 00 00 00 03
  ${GET_BLOCK}`);

const POST_LITTLE = hex(`
  4c 53 01 00 93 01 00 00 53 00 00 00 05 00 00 00 56 00 00 00 84 00 00 00 6f 00 00 00 9a 00 00 00
  00 00 00 00 05 00 00 00 00 00 00 00 00 00 00 00
  00 0c 00 02 53 45 52 56 45 52 5f 4e 41 4d 45 00 68 00
  00 10 00 08 53 43 52 49 50 54 5f 46 49 4c 45 4e 41 4d 45 00 2f 61 70 70 2e 6a 73 00
  00 0d 00 05 51 55 45 52 59 5f 53 54 52 49 4e 47 00 62 6f 64 79 00
  00 0c 00 03 53 43 52 49 50 54 5f 4e 41 4d 45 00 2f 70 00
  00 0f 00 05 52 45 51 55 45 53 54 5f 4d 45 54 48 4f 44 00 50 4f 53 54 00
  00 00 00 00 00 00 00 00 00
  ${zeros(12)} 0a 00 01 00 ${zeros(4)} 01 00 ${zeros(28)} ${zeros(2)}
  ${zeros(24)} 32 00 00 00 4e 00 00 00 ${zeros(8)} 21 00 00 00 ${zeros(56)}
  00 00 00 00 50 4f 53 54 20 2f 70 3f 62 6f 64 79 20 48 54 54 50 2f 31 2e 31 0d 0a 48 6f 73 74 3a 20 68 0d 0a
  43 6f 6e 74 65 6e 74 2d 54 79 70 65 3a 20 74 65 78 74 2f 70 6c 61 69 6e 0d 0a
  43 6f 6e 74 65 6e 74 2d 4c 65 6e 67 74 68 3a 20 35 0d 0a 0d 0a`);

const REPLY = hex(`
  4c 53 07 00 08 00 00 00
  4c 53 03 00 38 00 00 00 02 00 00 00 c8 00 00 00 18 00 0c 00
  43 6f 6e 74 65 6e 74 2d 54 79 70 65 3a 74 65 78 74 2f 70 6c 61 69 6e 00 58 2d 54 65 73 74 3a 20 79 65 73 00
  4c 53 04 00 0a 00 00 00 68 69
  4c 53 05 00 08 00 00 00`);

describe('Worked examples of the protocol', () => {
  it('8.1: minimal GET, little-endian', () => {
    assert.equal(GET_LITTLE.length, 399);
    assert.deepEqual(decodeRequest(GET_LITTLE), {
      ...LITTLE,
      packetLength: 399,
      httpHeaderLen: 63,
      reqBodyLen: 0,
      bodyLength: 0,
      scriptFileOff: 0x56,
      scriptNameOff: 0x84,
      queryStringOff: 0x6f,
      requestMethodOff: 0x9b,
      scriptFilename: '/app.js',
      scriptName: '/hi',
      queryString: 'tiny',
      method: 'GET',
      env: GET_ENV,
      specialEnv: [],
      knownHeaders: [
        ['Accept', '*/*'],
        ['Host', 'h'],
      ],
      unknownHeaders: [['X-Foo', 'bar']],
      anomalies: [],
    });
    assert.deepEqual(encodeRequest({ ...LITTLE, env: GET_ENV, header: GET_HEADER }), GET_LITTLE);
  });

  it('8.3: the same GET, big-endian, differs in flag and byte order only', () => {
    assert.deepEqual(decodeRequest(GET_BIG), { ...decodeRequest(GET_LITTLE), ...BIG });
    assert.deepEqual(encodeRequest({ ...BIG, env: GET_ENV, header: GET_HEADER }), GET_BIG);
  });

  it('8.4: POST with a body of 5 bytes', () => {
    assert.equal(POST_LITTLE.length, 403);
    const request = decodeRequest(POST_LITTLE);
    assert.equal(request.bodyLength, 5);
    assert.deepEqual(request.knownHeaders, [
      ['Content-Type', 'text/plain'],
      ['Content-Length', '5'],
      ['Host', 'h'],
    ]);
    const header = {
      requestLine: 'POST /p?body HTTP/1.1',
      headers: [
        ['Host', 'h'],
        ['Content-Type', 'text/plain'],
        ['Content-Length', '5'],
      ] satisfies NameValue[],
    };
    assert.deepEqual(encodeRequest({ ...LITTLE, reqBodyLen: 5, env: request.env, header }), POST_LITTLE);
  });

  it('8.2: reply of a worker', () => {
    assert.equal(REPLY.length, 82);
    const lines = ['Content-Type:text/plain', 'X-Test: yes'];
    assert.deepEqual(new ResponseDecoder({ server: LITTLE }).push(REPLY), [
      { ...LITTLE, type: PacketType.ReqReceived, payload: Buffer.alloc(0) },
      { ...LITTLE, type: PacketType.RespHeader, status: 200, lines, truncated: false },
      { ...LITTLE, type: PacketType.RespStream, payload: Buffer.from('hi') },
      { ...LITTLE, type: PacketType.RespEnd },
    ]);
    const encoded = [
      encodeEmpty(PacketType.ReqReceived, LITTLE),
      encodeRespHeader(200, lines, LITTLE),
      encodeStream(Buffer.from('hi'), LITTLE),
      encodeEmpty(PacketType.RespEnd, LITTLE),
    ];
    assert.deepEqual(Buffer.concat(encoded), REPLY);
  });

  it('8.2: end of response with "do not reuse this connection"', () => {
    const bytes = hex('4c 53 05 00 08 00 00 00 4c 53 08 00 08 00 00 00');
    assert.deepEqual(new ResponseDecoder({ server: LITTLE }).push(bytes), [
      { ...LITTLE, type: PacketType.RespEnd },
      { ...LITTLE, type: PacketType.ConnClose },
    ]);
    const encoded = [encodeEmpty(PacketType.RespEnd, LITTLE), encodeEmpty(PacketType.ConnClose, LITTLE)];
    assert.deepEqual(Buffer.concat(encoded), bytes);
  });

  it('8.2: PID notice of a forked process', () => {
    const bytes = hex('4c 53 06 00 10 00 00 00 00 50 49 44 e7 1d 00 00');
    const [packet] = new ResponseDecoder({ server: LITTLE }).push(bytes);
    assert.ok(packet !== undefined);
    assert.equal(pidOf(packet), 0x1de7);
    assert.deepEqual(encodePidNotice(0x1de7, LITTLE), bytes);
  });
});

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
}

function zeros(count: number): string {
  return '00 '.repeat(count);
}
