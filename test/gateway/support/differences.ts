import { gunzipSync } from 'node:zlib';
import { PacketType, ResponseDecoder, type RespHeaderPacket, type ResponsePacket } from '#lib/codec/index.js';
import type { RecordedResponsePacket, ResponseVector } from '../../support/vectors.js';
import { allWrites, ownPage, type Outcome } from './replay.js';

/** A rule by which the gateway differs from OpenLiteSpeed on purpose. */
export interface Difference {
  readonly name: string;
  readonly reason: string;
  readonly applies: (vector: ResponseVector) => boolean;
  /** Turns what OpenLiteSpeed did into what the gateway has to do instead. */
  readonly adjust: (outcome: Outcome, vector: ResponseVector) => void;
}

/** The complete list: whatever a vector shows that no rule here covers must be the same. */
export const DIFFERENCES: readonly Difference[] = [
  {
    name: 'header packet cut by reads',
    reason:
      'OpenLiteSpeed answers 500 when a read ends inside the count, status or line lengths of RESP_HEADER (a bug of ' +
      'its parser); the gateway reads packets however they are cut',
    applies: (vector) =>
      cutsFixedPart(vector) && vector.meta.http.responses[0]?.statusLine.includes(' 500 ') === true,
    adjust: (outcome, vector) => Object.assign(outcome, uncutOutcome(vector)),
  },
  {
    name: 'status 205 without length',
    reason: 'OpenLiteSpeed sends no Content-Length, so that an HTTP/1.1 client waits; the gateway sends 0',
    applies: (vector) => recordedStatuses(vector).includes(205),
    adjust: (outcome) => {
      for (const response of outcome.responses.filter(({ status }) => status === 205)) {
        response.headers = [...response.headers, 'content-length: 0'].sort();
        response.complete = true;
      }
    },
  },
  {
    name: 'interim status as the final one',
    reason:
      'OpenLiteSpeed sends 1xx as it is and the client waits for ever; the gateway answers 502 and says why',
    applies: (vector) =>
      recordedStatuses(vector).every((status) => status < 200) && recordedStatuses(vector).length > 0,
    adjust: (outcome) => {
      outcome.responses = [ownPage(502)];
      refused(outcome);
    },
  },
  {
    name: 'response that OpenLiteSpeed does not get over',
    reason:
      'a header line over 16380 bytes or a Content-Length that is no number makes OpenLiteSpeed leave the client ' +
      'without any answer; the gateway answers 502 and says why',
    applies: (vector) =>
      vector.meta.http.statusLine === null &&
      headerLines(vector).some((line) => isTooLong(line) || isBadLength(line)),
    adjust: (outcome) => {
      outcome.responses = [ownPage(502)];
      refused(outcome);
    },
  },
  {
    name: 'characters that HTTP forbids in a header',
    reason:
      'OpenLiteSpeed passes CR, LF, NUL and control characters on, which lets an application inject headers; the ' +
      'gateway drops such a line and logs it',
    applies: (vector) =>
      packetsOf(vector).every((packet) => !isRespHeader(packet) || !packet.truncated) &&
      headerLines(vector).some((line) => FORBIDDEN.test(line)),
    adjust: (outcome, vector) => {
      const injected = headerLines(vector)
        .filter((line) => FORBIDDEN.test(line))
        .flatMap((line) => line.split('\r\n'))
        .map((line) => line.slice(0, line.indexOf(':')).trim().toLowerCase());
      withoutHeaders(outcome, injected);
    },
  },
  {
    name: 'Trailer header',
    reason: 'LSAPI carries no trailers, and Node refuses to announce any in a response that is not chunked',
    applies: (vector) => headerLines(vector).some((line) => /^trailer\s*:/i.test(line)),
    adjust: (outcome) => withoutHeaders(outcome, ['trailer']),
  },
  {
    name: 'padding of a replaced Content-Type',
    reason: 'OpenLiteSpeed overwrites the first value in place and leaves blanks behind the second',
    applies: (vector) =>
      packetsOf(vector)
        .filter(isRespHeader)
        .some(({ lines }) => lines.filter((line) => /^content-type\s*:/i.test(line)).length > 1) &&
      recordedHeader(vector, 'content-type')?.endsWith(' ') === true,
    adjust: (outcome) => {
      for (const response of outcome.responses) {
        response.headers = response.headers.map((line) =>
          /^content-type:/.test(line) ? line.trimEnd() : line,
        );
      }
    },
  },
  {
    name: 'Location before Status',
    reason: 'OpenLiteSpeed damages the Location when a Status line follows it; the gateway sends it as it is',
    applies: (vector) => {
      const names = headerLines(vector).map((line) => line.slice(0, line.indexOf(':')).toLowerCase());
      const location = names.indexOf('location');
      return (
        location !== -1 &&
        names.indexOf('status') > location &&
        recordedHeader(vector, 'location')?.startsWith(':') === true
      );
    },
    adjust: (outcome) => {
      for (const response of outcome.responses) {
        response.headers = response.headers.map((line) => line.replace(/^location: : /, 'location: '));
      }
    },
  },
  {
    name: 'answer before the body was read',
    reason:
      'OpenLiteSpeed goes on sending the body and takes the connection for the next request, which breaks it if the ' +
      'application does not count; the gateway closes the connection',
    applies: ({ meta }) => meta.lsapi.seenByAppAfterwards.some(({ event }) => /body bytes/.test(event)),
    adjust: (outcome) => {
      for (const connection of outcome.connections) connection.state = 'closed by server';
    },
  },
  {
    name: 'announced length not reached',
    reason:
      'OpenLiteSpeed leaves the client waiting for bytes that never come; the gateway closes the connection, so that ' +
      'the client notices',
    applies: ({ meta }) =>
      meta.http.clientConnection.startsWith('left open') &&
      meta.http.responses.some(({ framing, complete }) => framing === 'content-length' && complete === false),
    adjust: (outcome) => {
      outcome.client = 'closed';
    },
  },
  {
    name: 'error documents',
    reason: 'the gateway has none, so the page of an error is not another request for the application',
    applies: (vector) => errorDocumentStatus(vector) !== undefined,
    adjust: (outcome, vector) => {
      const connections = [vector.meta.lsapi, ...(vector.meta.lsapiOtherConnections ?? [])];
      const own = connections.findIndex(({ requestsReceived }) => requestsReceived.some(isForErrorDocument));
      outcome.deliveries = own;
      outcome.connections = outcome.connections.slice(0, own);
      outcome.responses = [ownPage(errorDocumentStatus(vector) ?? 0)];
    },
  },
  {
    name: 'compression by the server',
    reason: 'the gateway does not compress: use the application without compression and look at plain bytes',
    applies: (vector) =>
      /GzipCompress 1/.test(vector.meta.serverConfig) &&
      recordedHeader(vector, 'content-encoding') === 'gzip' &&
      !headerLines(vector).some((line) => /^content-encoding:/i.test(line)),
    adjust: (outcome) => {
      withoutHeaders(outcome, ['content-encoding', 'vary', 'content-length', 'transfer-encoding']);
      for (const response of outcome.responses) {
        response.body = gunzipSync(Buffer.from(response.body, 'latin1')).toString('latin1');
        response.headers = [...response.headers, `content-length: ${response.body.length}`].sort();
      }
    },
  },
  {
    name: 'cache',
    reason: 'the gateway has no cache module, which would mark responses and answer some of them',
    applies: (vector) => recordedHeader(vector, 'x-litespeed-cache') !== undefined,
    adjust: (outcome) => withoutHeaders(outcome, ['x-litespeed-cache']),
  },
  {
    name: 'body bytes behind the end of the response',
    reason:
      'OpenLiteSpeed appends them to the body; for the gateway they are a fault that costs the connection',
    applies: (vector) => bytesBehindEnd(vector).length > 0,
    adjust: (outcome, vector) => {
      const extra = bytesBehindEnd(vector);
      for (const response of outcome.responses) {
        if (!response.body.endsWith(extra)) continue;
        response.body = response.body.slice(0, response.body.length - extra.length);
        response.headers = response.headers.map((line) =>
          line.startsWith('content-length:') ? `content-length: ${response.body.length}` : line,
        );
      }
      for (const connection of outcome.connections) connection.state = 'closed by server';
    },
  },
];

/** The error documents of the recorded server are asked for with their status. */
function isForErrorDocument({ queryString }: { queryString: string }): boolean {
  return /^code=\d{3}$/.test(queryString);
}

function errorDocumentStatus({ meta }: ResponseVector): number | undefined {
  const received = (meta.lsapiOtherConnections ?? []).flatMap(({ requestsReceived }) => requestsReceived);
  const found = received.find(isForErrorDocument);
  return found === undefined ? undefined : Number(found.queryString.slice('code='.length));
}

/** The rules that cover a vector. */
export function differencesOf(vector: ResponseVector): Difference[] {
  return DIFFERENCES.filter(({ applies }) => applies(vector));
}

const FORBIDDEN = /[\u0000-\u0008\u000a-\u001f\u007f]/;

function refused(outcome: Outcome): void {
  outcome.client = 'closed';
  outcome.connections = outcome.connections.map(() => ({ state: 'closed by server', aborted: true }));
}

function withoutHeaders(outcome: Outcome, names: readonly string[]): void {
  for (const response of outcome.responses) {
    response.headers = response.headers.filter((line) => !names.includes(line.slice(0, line.indexOf(':'))));
  }
}

function isTooLong(line: string): boolean {
  return line.replace(/ *:[ \t]*/, '').length > 16_380;
}

function isBadLength(line: string): boolean {
  return /^content-length\s*:/i.test(line) && !/:\s*\d+\s*$/.test(line);
}

function recordedStatuses({ meta }: ResponseVector): number[] {
  return meta.http.responses.map(({ statusLine }) => Number(statusLine.split(' ')[1]));
}

function recordedHeader({ meta }: ResponseVector, name: string): string | undefined {
  return meta.http.responses.flatMap(({ headers }) => headers).find(([key]) => key === name)?.[1];
}

/** The packets of the first connection, as far as they can be decoded. */
function packetsOf({ streams }: ResponseVector): readonly ResponsePacket[] {
  const decoder = new ResponseDecoder({ server: { flag: 0, byteOrder: 'little' } });
  try {
    return decoder.push(streams[0].bytes);
  } catch {
    return decoder.decodedBeforeFailure;
  }
}

function headerLines(vector: ResponseVector): string[] {
  return packetsOf(vector).flatMap((packet) => (packet.type === PacketType.RespHeader ? packet.lines : []));
}

function isRespHeader(packet: ResponsePacket): packet is RespHeaderPacket {
  return packet.type === PacketType.RespHeader;
}

function bytesBehindEnd(vector: ResponseVector): string {
  const packets = packetsOf(vector);
  const end = packets.findIndex(({ type }) => type === PacketType.RespEnd);
  if (end === -1 || vector.meta.lsapi.requestsReceived.length > 1) return '';
  return packets
    .slice(end + 1)
    .map((packet) => (packet.type === PacketType.RespStream ? packet.payload.toString('latin1') : ''))
    .join('');
}

/** Whether a write of the application ends within the fixed part of RESP_HEADER: count, status, line lengths. */
function cutsFixedPart({ meta, streams }: ResponseVector): boolean {
  const boundaries = allWrites(meta.lsapi.writes, streams[0].bytes.length).map(
    ({ offset, length }) => offset + length,
  );
  return meta.lsapi.packets.some(({ type, offset, headerCount = 0 }) => {
    const fixedEnd = offset + 16 + 2 * headerCount;
    return type === PacketType.RespHeader && boundaries.some((at) => at > offset + 8 && at < fixedEnd);
  });
}

/** What the same bytes give if they are not cut there. */
function uncutOutcome(vector: ResponseVector): Outcome {
  const packets = packetsOf(vector);
  const header = packets.find(isRespHeader);
  const body = packets
    .map((packet) => (packet.type === PacketType.RespStream ? packet.payload.toString('latin1') : ''))
    .join('');
  const ends = vector.meta.lsapi.packets.map(({ offset, length }: RecordedResponsePacket) => offset + length);
  const at = vector.meta.lsapi.packets.findIndex(({ type }) => type === PacketType.RespHeader);
  const headerEnd = ends[at] ?? 0;
  const writes = allWrites(vector.meta.lsapi.writes, vector.streams[0].bytes.length);
  const flushed = writes.some(({ offset, length }) => {
    const boundary = offset + length;
    return boundary >= headerEnd && boundary < (ends.at(-1) ?? 0);
  });
  const lines = (header?.lines ?? []).map((line) => {
    const colon = line.indexOf(':');
    return `${line.slice(0, colon).trim().toLowerCase()}: ${line.slice(colon + 1).trimStart()}`;
  });
  lines.push(
    'connection: keep-alive',
    flushed ? 'transfer-encoding: chunked' : `content-length: ${body.length}`,
  );
  return {
    responses: [{ status: header?.status ?? 0, headers: lines.sort(), body, complete: true }],
    client: 'open',
    deliveries: 1,
    connections: [{ state: 'open', aborted: false }],
  };
}
