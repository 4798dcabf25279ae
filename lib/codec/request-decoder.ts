import { LsapiError } from '../errors.js';
import {
  CONTENT_LENGTH_INDEX,
  DEFAULT_PACKET_LIMIT,
  KNOWN_INDEX_SIZE,
  LIST_TERMINATOR_SIZE,
  MAX_ENTRIES,
  MIN_REQUEST_SIZE,
  PacketType,
  REQUEST_HEADER_END,
  TRANSFER_ENCODING_INDEX,
  UNKNOWN_RECORD_SIZE,
} from './constants.js';
import { decodeKnownHeaders, decodeUnknownHeaders } from './header-index.js';
import { decodePacketHeader, hasMagic, viewOf } from './packet-header.js';
import type { DecodedRequest, NameValue } from './types.js';

/** Options of {@link decodeRequest}. */
export interface DecodeRequestOptions {
  /** Longest acceptable packet; 262144 unless given (lsapi-protocol §9, number 13). */
  limit?: number;
}

/**
 * Decodes one whole BEGIN_REQUEST packet (lsapi-protocol §1.5 to §1.10, §9). The checks of §1.12 are made in the
 * order of the `LSAPI_ERR_PACKET_*` codes, so that a packet with several faults always reports the same one.
 *
 * @param packet Exactly the packet: neither a part nor any body bytes.
 * @throws LsapiError with one of the `LSAPI_ERR_PACKET_*` codes.
 */
export function decodeRequest(packet: Uint8Array, options: DecodeRequestOptions = {}): DecodedRequest {
  const { limit = DEFAULT_PACKET_LIMIT } = options;
  const header = decodeRequestPacketHeader(packet, limit);
  const view = viewOf(packet);
  const bytes = Buffer.from(packet.buffer, packet.byteOffset, packet.byteLength);
  const fields = decodeFields(view, header.byteOrder === 'little');

  const specialEnv = decodeList(bytes, REQUEST_HEADER_END, fields.cntSpecialEnv, 'special environment');
  const env = decodeList(bytes, specialEnv.end, fields.cntEnv, 'environment');
  const valueAt = (offset: number, name: string): string | null =>
    decodeValueAt(bytes, offset, specialEnv.end, env.end, name);
  const scriptFilename = valueAt(fields.scriptFileOff, 'SCRIPT_FILENAME');
  const scriptName = valueAt(fields.scriptNameOff, 'SCRIPT_NAME');
  const queryString = valueAt(fields.queryStringOff, 'QUERY_STRING');
  const method = valueAt(fields.requestMethodOff, 'REQUEST_METHOD');

  const indexStart = alignToEight(env.end);
  const recordsStart = indexStart + KNOWN_INDEX_SIZE;
  const blockStart = recordsStart + fields.cntUnknownHeaders * UNKNOWN_RECORD_SIZE;
  if (blockStart + fields.httpHeaderLen !== packet.length) {
    throw new LsapiError(
      'LSAPI_ERR_PACKET_LAYOUT',
      `Blocks of the packet end at ${blockStart + fields.httpHeaderLen}, its length is ${packet.length}`,
    );
  }
  const block = bytes.subarray(blockStart);
  const little = header.byteOrder === 'little';
  const unknownHeaders = decodeUnknownHeaders(view, recordsStart, fields.cntUnknownHeaders, block, little);
  const { slots, knownHeaders, anomalies } = decodeKnownHeaders(view, indexStart, block, little);

  return {
    flag: header.flag,
    byteOrder: header.byteOrder,
    packetLength: header.length,
    httpHeaderLen: fields.httpHeaderLen,
    reqBodyLen: fields.reqBodyLen,
    bodyLength: bodyLengthOf(fields.reqBodyLen, slots),
    scriptFileOff: fields.scriptFileOff,
    scriptNameOff: fields.scriptNameOff,
    queryStringOff: fields.queryStringOff,
    requestMethodOff: fields.requestMethodOff,
    scriptFilename,
    scriptName,
    queryString,
    method,
    env: env.entries.map(([name, value]): NameValue => [name, cutAtNul(value)]),
    specialEnv: specialEnv.entries,
    knownHeaders,
    unknownHeaders,
    anomalies,
  };
}

function decodeRequestPacketHeader(packet: Uint8Array, limit: number) {
  if (hasMagic(packet) && packet[2] !== PacketType.BeginRequest) {
    const type = packet[2] === undefined ? 'missing' : String(packet[2]);
    throw new LsapiError('LSAPI_ERR_PACKET_TYPE', `Packet type is ${type} where BEGIN_REQUEST (1) is due`);
  }
  const header = decodePacketHeader(packet, { limit, minimum: MIN_REQUEST_SIZE });
  if (header.length !== packet.length) {
    throw new LsapiError(
      'LSAPI_ERR_PACKET_LENGTH',
      `Packet says it has ${header.length} bytes, but ${packet.length} were given`,
    );
  }
  return header;
}

/** Block B (§1.5) with the checks of its counts (§1.12). */
function decodeFields(view: DataView, little: boolean) {
  const fields = {
    httpHeaderLen: view.getInt32(8, little),
    reqBodyLen: view.getInt32(12, little),
    scriptFileOff: view.getInt32(16, little),
    scriptNameOff: view.getInt32(20, little),
    queryStringOff: view.getInt32(24, little),
    requestMethodOff: view.getInt32(28, little),
    cntUnknownHeaders: view.getInt32(32, little),
    cntEnv: view.getInt32(36, little),
    cntSpecialEnv: view.getInt32(40, little),
  };
  if (fields.httpHeaderLen < 0) {
    throw new LsapiError(
      'LSAPI_ERR_PACKET_COUNT',
      `Header block length is negative: ${fields.httpHeaderLen}`,
    );
  }
  for (const name of ['cntUnknownHeaders', 'cntEnv', 'cntSpecialEnv'] as const) {
    if (fields[name] < 0 || fields[name] > MAX_ENTRIES) {
      throw new LsapiError(
        'LSAPI_ERR_PACKET_COUNT',
        `${name} is ${fields[name]}, allowed: 0 to ${MAX_ENTRIES}`,
      );
    }
  }
  return fields;
}

/** An environment list (§1.6); `end` is the offset behind its terminator. Values are whole, without their last NUL. */
function decodeList(
  bytes: Buffer,
  start: number,
  count: number,
  what: string,
): { entries: NameValue[]; end: number } {
  const malformed = (problem: string, at: number): LsapiError =>
    new LsapiError('LSAPI_ERR_PACKET_ENV', `Malformed ${what} list: ${problem} at packet offset ${at}`);
  const entries: NameValue[] = [];
  let at = start;
  for (let n = 0; n < count; n++) {
    if (at + 4 > bytes.length) throw malformed('truncated entry', at);
    const nameEnd = at + 4 + bytes.readUInt16BE(at);
    const valueEnd = nameEnd + bytes.readUInt16BE(at + 2);
    if (nameEnd === at + 4 || valueEnd === nameEnd) throw malformed('length of zero', at);
    if (valueEnd > bytes.length) throw malformed('truncated entry', at);
    if (bytes[nameEnd - 1] !== 0) throw malformed('name without NUL at its end', at);
    if (bytes[valueEnd - 1] !== 0) throw malformed('value without NUL at its end', at);
    entries.push([
      bytes.toString('latin1', at + 4, nameEnd - 1),
      bytes.toString('latin1', nameEnd, valueEnd - 1),
    ]);
    at = valueEnd;
  }
  const end = at + LIST_TERMINATOR_SIZE;
  if (end > bytes.length || bytes.readUInt32BE(at) !== 0)
    throw malformed('terminator is not four zero bytes', at);
  return { entries, end };
}

/** The NUL-terminated value at one of the four offsets of block B (§1.5); below 44 it is absent. */
function decodeValueAt(
  bytes: Buffer,
  offset: number,
  envStart: number,
  envEnd: number,
  name: string,
): string | null {
  if (offset >= 0 && offset < REQUEST_HEADER_END) return null;
  const end = offset >= envStart && offset < envEnd ? bytes.indexOf(0, offset) : -1;
  if (end < 0 || end >= envEnd) {
    throw new LsapiError(
      'LSAPI_ERR_PACKET_OFFSET',
      `Offset ${offset} of ${name} is outside the environment list`,
    );
  }
  return bytes.toString('latin1', offset, end);
}

/** Number of body bytes after the packet (§1.10 as corrected by §9, number 3); -1: unknown. */
function bodyLengthOf(reqBodyLen: number, slots: readonly (string | null)[]): number {
  if (reqBodyLen >= 0) return reqBodyLen;
  if (slots[TRANSFER_ENCODING_INDEX] !== null) return -1;
  const contentLength = slots[CONTENT_LENGTH_INDEX] ?? '';
  if (!/^[0-9]{1,16}$/.test(contentLength)) return -1;
  const length = Number(contentLength);
  return Number.isSafeInteger(length) ? length : -1;
}

function cutAtNul(value: string): string {
  const nul = value.indexOf('\0');
  return nul < 0 ? value : value.slice(0, nul);
}

function alignToEight(offset: number): number {
  return Math.ceil(offset / 8) * 8;
}
