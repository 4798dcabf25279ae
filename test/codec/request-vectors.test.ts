import assert from 'node:assert/strict';
import {
  decodeRequest,
  encodeRequest,
  KNOWN_HEADERS,
  type DecodedRequest,
  type HeaderBlock,
  type NameValue,
} from '#lib/codec/index.js';
import {
  requestVectors,
  type RecordedRequest,
  type RecordedRequestFields,
  type RequestVector,
} from '../support/vectors.js';

const vectors = requestVectors();

describe('decodeRequest on recorded packets', () => {
  it('has packets of every flag and byte order to work on', () => {
    const orders = vectors.flatMap(({ requests }) =>
      requests.map(({ decoded }) => `${decoded.flag} ${decoded.byteOrder}`),
    );
    assert.deepEqual([...new Set(orders)].sort(), ['0 little', '1 big', '1 little']);
  });

  for (const vector of vectors) {
    it(`reads ${vector.id} as the recorder did`, () => {
      assert.ok(vector.requests.length > 0);
      for (const { packet, decoded } of vector.requests) {
        assert.deepEqual(decodeRequest(packet), expectedFields(vector, decoded));
      }
    });
  }

  it('recovers header values whose 16-bit length wrapped, which the recorder did not', () => {
    const wrapped = vectors.filter((vector) => wrappedHeaders(vector).size > 0);
    assert.ok(wrapped.length > 0);
    for (const vector of wrapped) {
      for (const { packet, decoded } of vector.requests) {
        const known = new Map(decodeRequest(packet).knownHeaders);
        for (const [name, value] of wrappedHeaders(vector)) {
          assert.ok(value.length > 65_535);
          assert.equal(decoded.knownHeaders[name]?.length, value.length % 65_536);
          assert.equal(known.get(name), value);
        }
      }
    }
  });

  it('leaves every packet as it was', () => {
    for (const { packet } of vectors.flatMap(({ requests }) => requests)) {
      const copy = Buffer.from(packet);
      decodeRequest(copy);
      assert.ok(copy.equals(packet));
    }
  });

  it('reads a packet alike wherever it lies in a larger buffer', () => {
    for (const { packet } of vectors.slice(0, 20).flatMap(({ requests }) => requests)) {
      const larger = Buffer.concat([Buffer.from([1, 2, 3]), packet, Buffer.alloc(16, 0xff)]);
      assert.deepEqual(decodeRequest(larger.subarray(3, 3 + packet.length)), decodeRequest(packet));
    }
  });
});

describe('encodeRequest from decoded packets', () => {
  for (const vector of vectors) {
    it(`makes the bytes of ${vector.id} again from its fields and header block`, () => {
      for (const request of vector.requests) {
        const packet = reencode(request, verbatimHeader(request));
        assert.deepEqual(packet, request.packet);
      }
    });
  }

  it('lays out plain HTTP/1 header blocks as the server does', () => {
    const requests = vectors.flatMap(({ requests }) => requests);
    let plain = 0;
    for (const request of requests) {
      const lines = plainHeaderLines(request);
      if (lines === undefined) continue;
      plain++;
      assert.deepEqual(reencode(request, { ...lines, wrapLengths: true }), request.packet);
    }
    assert.ok(plain > requests.length * 0.7, `only ${plain} of ${requests.length} packets are plain`);
  });
});

/** The meta's fields in the shape of the codec, with the corrections of lsapi-protocol §9. */
function expectedFields(vector: RequestVector, meta: RecordedRequestFields): DecodedRequest {
  const wrapped = wrappedHeaders(vector);
  const anomalies = meta.anomalies ?? [];
  return {
    flag: meta.flag,
    byteOrder: meta.byteOrder,
    packetLength: meta.packetLength,
    httpHeaderLen: meta.httpHeaderLen,
    reqBodyLen: meta.reqBodyLen,
    bodyLength: expectedBodyLength(meta),
    scriptFileOff: meta.scriptFileOff,
    scriptNameOff: meta.scriptNameOff,
    queryStringOff: meta.queryStringOff,
    requestMethodOff: meta.requestMethodOff,
    scriptFilename: meta.scriptFilename,
    scriptName: meta.scriptName,
    queryString: meta.queryString,
    method: meta.method,
    env: meta.env.map(([name, value]): NameValue => [name, value]),
    specialEnv: meta.specialEnv,
    knownHeaders: KNOWN_HEADERS.flatMap((name): NameValue[] => {
      const value = meta.knownHeaders[name];
      return value === undefined ? [] : [[name, wrapped.get(name) ?? value]];
    }),
    unknownHeaders: meta.unknownHeaders,
    anomalies: anomalies.map(({ knownHeader, offset, length }) => ({ knownHeader, offset, length })),
  };
}

/** §1.10 with §9, number 3; the meta's own bodyLength is what was seen on the wire. */
function expectedBodyLength(meta: RecordedRequestFields): number {
  if (meta.reqBodyLen >= 0) return meta.reqBodyLen;
  const contentLength = meta.knownHeaders['Content-Length'];
  if ('Transfer-Encoding' in meta.knownHeaders || contentLength === undefined) return -1;
  return Number(contentLength);
}

/** Known headers of more than 65,535 bytes as the HTTP client sent them. */
function wrappedHeaders(vector: RequestVector): Map<string, string> {
  const found = new Map<string, string>();
  const text = vector.http[0]?.toString('latin1') ?? '';
  if (text.startsWith('PRI * HTTP/2.0')) return found;
  for (const line of text.split('\r\n')) {
    const [, name = '', value = ''] = /^([^:]+): *(.*)$/.exec(line) ?? [];
    const known = KNOWN_HEADERS.find((header) => header.toLowerCase() === name.toLowerCase());
    if (known !== undefined && value.length > 65_535) found.set(known, value);
  }
  return found;
}

function reencode(request: RecordedRequest, header: Parameters<typeof encodeRequest>[0]['header']): Buffer {
  const { flag, byteOrder, reqBodyLen, specialEnv } = decodeRequest(request.packet);
  const env = request.decoded.env.map(([name, value, uncut]): NameValue => [name, uncut ?? value]);
  return encodeRequest({ flag, byteOrder, reqBodyLen, specialEnv, env, header });
}

/** Block, index and records read from the packet at the places that the meta gives. */
function verbatimHeader({ packet, decoded }: RecordedRequest): HeaderBlock {
  const little = decoded.byteOrder === 'little';
  const int32 = (at: number): number => (little ? packet.readInt32LE(at) : packet.readInt32BE(at));
  const uint16 = (at: number): number => (little ? packet.readUInt16LE(at) : packet.readUInt16BE(at));
  const { knownHeaderIndex, unknownHeaders, httpHeader } = decoded.layout;
  return {
    bytes: packet.subarray(httpHeader),
    known: KNOWN_HEADERS.map((_, index) => ({
      index,
      length: uint16(knownHeaderIndex + 2 * index),
      offset: int32(knownHeaderIndex + 52 + 4 * index),
    })),
    unknown: decoded.unknownHeaders.map((_, n) => ({
      nameOffset: int32(unknownHeaders + 16 * n),
      nameLength: int32(unknownHeaders + 16 * n + 4),
      valueOffset: int32(unknownHeaders + 16 * n + 8),
      valueLength: int32(unknownHeaders + 16 * n + 12),
    })),
  };
}

/**
 * Request line and headers, if the block has nothing but lines `Name: value` in which the server changed nothing: it
 * blanks and renames lines that it edits (§1.9), which leaves records without a line or lines with spaces at the end.
 */
function plainHeaderLines({
  packet,
  decoded,
}: RecordedRequest): { requestLine: string; headers: NameValue[] } | undefined {
  const text = packet.toString('latin1', decoded.layout.httpHeader);
  const match =
    /^\0{4}([A-Za-z-]+ [^\r\n]*)\r\n((?:[!-9;-~]+: (?:[^ \t\r\n][^\r\n]*[^ \t\r\n]|[^ \t\r\n])\r\n)*)\r\n$/;
  const [, requestLine, lines] = match.exec(text) ?? [];
  if (requestLine === undefined || lines === undefined) return undefined;
  const headers = lines.split('\r\n').slice(0, -1);
  return {
    requestLine,
    headers: headers.map((line): NameValue => {
      const colon = line.indexOf(': ');
      return [line.slice(0, colon), line.slice(colon + 2)];
    }),
  };
}
