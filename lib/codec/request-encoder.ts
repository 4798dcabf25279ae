import { LsapiError } from '../errors.js';
import {
  HOST_BUILD,
  KNOWN_HEADERS,
  KNOWN_INDEX_OFFSETS,
  KNOWN_INDEX_SIZE,
  LIST_TERMINATOR_SIZE,
  MAGIC,
  MAX_ENTRIES,
  MAX_ENV_FIELD,
  PacketType,
  REQUEST_HEADER_END,
  UNKNOWN_RECORD_SIZE,
} from './constants.js';
import { buildHeaderBlock, type BuildHeaderBlockOptions } from './header-block.js';
import { latin1Bytes } from './latin1.js';
import { viewOf } from './packet-header.js';
import type { ByteOrder, HeaderBlock, NameValue } from './types.js';

/** The headers of a request to encode: given, or to be laid out by {@link buildHeaderBlock}. */
export type RequestHeaders =
  HeaderBlock | ({ requestLine: string; headers: readonly NameValue[] } & BuildHeaderBlockOptions);

/** What {@link encodeRequest} makes a packet of. Strings are latin1. */
export interface RequestFields {
  /** Marker bit (lsapi-protocol §1.4); that of this host's build unless given. */
  flag?: 0 | 1;
  /** Order of the integers; that of this host's build for its own flag, else the other one, unless given. */
  byteOrder?: ByteOrder;
  /** Length of the body that follows the packet; 0 unless given, -1 and -2 as in §1.10. */
  reqBodyLen?: number;
  /** Environment in wire order (§1.6). Values may contain NULs. */
  env: readonly NameValue[];
  /** PHP settings and the like (§1.6); their names start with a control byte. */
  specialEnv?: readonly NameValue[];
  header: RequestHeaders;
}

/**
 * Encodes a BEGIN_REQUEST packet as OpenLiteSpeed lays it out (lsapi-protocol §1.5 to §1.9).
 *
 * The four value offsets point at SCRIPT_FILENAME, SCRIPT_NAME, QUERY_STRING and REQUEST_METHOD in `env`. If a name
 * occurs more than once the last one counts: the server adds its own entries after those of rewrite rules. A name that
 * does not occur gives offset 0.
 *
 * @throws LsapiError `LSAPI_ERR_PACKET_COUNT`, `LSAPI_ERR_PACKET_ENV`, `LSAPI_ERR_PACKET_HEADER_INDEX` or
 * `LSAPI_ERR_PACKET_LENGTH` for what the wire format cannot carry; see {@link buildHeaderBlock} for headers.
 */
export function encodeRequest(fields: RequestFields): Buffer {
  const { flag, byteOrder } = resolveOrder(fields);
  const reqBodyLen = fields.reqBodyLen ?? 0;
  requireInteger(reqBodyLen, -0x80000000, 0x7fffffff, 'LSAPI_ERR_PACKET_LENGTH', 'reqBodyLen');
  const { header } = fields;
  const block = 'bytes' in header ? header : buildHeaderBlock(header.requestLine, header.headers, header);
  if (block.unknown.length > MAX_ENTRIES) throw tooManyEntries('unknown headers', block.unknown.length);

  const specialEnv = encodeList(fields.specialEnv ?? [], 'special environment');
  const env = encodeList(fields.env, 'environment');
  const envStart = REQUEST_HEADER_END + specialEnv.bytes.length;
  const indexStart = Math.ceil((envStart + env.bytes.length) / 8) * 8;
  const recordsStart = indexStart + KNOWN_INDEX_SIZE;
  const blockStart = recordsStart + block.unknown.length * UNKNOWN_RECORD_SIZE;
  const total = blockStart + block.bytes.length;
  requireInteger(total, 0, 0x7fffffff, 'LSAPI_ERR_PACKET_LENGTH', 'Packet length');

  const packet = Buffer.alloc(total);
  const view = viewOf(packet);
  const little = byteOrder === 'little';
  packet.set([...MAGIC, PacketType.BeginRequest, flag]);
  const valueOffset = (name: string): number => {
    const offset = env.valueOffsets.get(name);
    return offset === undefined ? 0 : envStart + offset;
  };
  const integers = [
    total,
    block.bytes.length,
    reqBodyLen,
    valueOffset('SCRIPT_FILENAME'),
    valueOffset('SCRIPT_NAME'),
    valueOffset('QUERY_STRING'),
    valueOffset('REQUEST_METHOD'),
    block.unknown.length,
    fields.env.length,
    fields.specialEnv?.length ?? 0,
  ];
  for (const [n, integer] of integers.entries()) view.setInt32(4 + 4 * n, integer, little);
  packet.set(specialEnv.bytes, REQUEST_HEADER_END);
  packet.set(env.bytes, envStart);
  writeKnownIndex(view, indexStart, block, little);
  writeUnknownRecords(view, recordsStart, block, little);
  packet.set(block.bytes, blockStart);
  return packet;
}

function resolveOrder(fields: RequestFields): { flag: 0 | 1; byteOrder: ByteOrder } {
  const flag = fields.flag ?? HOST_BUILD.flag;
  if (fields.byteOrder !== undefined) return { flag, byteOrder: fields.byteOrder };
  const swapped = HOST_BUILD.byteOrder === 'little' ? 'big' : 'little';
  return { flag, byteOrder: flag === HOST_BUILD.flag ? HOST_BUILD.byteOrder : swapped };
}

/** A list of §1.6 with its terminator; `valueOffsets` has the start of the last value of each name. */
function encodeList(
  entries: readonly NameValue[],
  what: string,
): { bytes: Buffer; valueOffsets: ReadonlyMap<string, number> } {
  if (entries.length > MAX_ENTRIES) throw tooManyEntries(`${what} entries`, entries.length);
  const parts: Buffer[] = [];
  const valueOffsets = new Map<string, number>();
  let at = 0;
  for (const [name, value] of entries) {
    const nameBytes = envField(name, `Name in the ${what}`);
    const valueBytes = envField(value, `Value of ${name} in the ${what}`);
    const lengths = Buffer.alloc(4);
    lengths.writeUInt16BE(nameBytes.length, 0);
    lengths.writeUInt16BE(valueBytes.length, 2);
    valueOffsets.set(name, at + 4 + nameBytes.length);
    parts.push(lengths, nameBytes, valueBytes);
    at += 4 + nameBytes.length + valueBytes.length;
  }
  parts.push(Buffer.alloc(LIST_TERMINATOR_SIZE));
  return { bytes: Buffer.concat(parts), valueOffsets };
}

function envField(text: string, what: string): Buffer {
  if (text.length > MAX_ENV_FIELD) {
    throw new LsapiError(
      'LSAPI_ERR_PACKET_ENV',
      `${what} has ${text.length} bytes, allowed: ${MAX_ENV_FIELD}`,
    );
  }
  return latin1Bytes(`${text}\0`, 'LSAPI_ERR_PACKET_ENV', what);
}

function writeKnownIndex(view: DataView, start: number, block: HeaderBlock, little: boolean): void {
  for (const { index, offset, length } of block.known) {
    requireIndexField(index, KNOWN_HEADERS.length - 1, 'Position in the known-header index');
    requireIndexField(length, 0xffff, 'Length of a known header');
    requireIndexField(offset, 0x7fffffff, 'Offset of a known header');
    view.setUint16(start + 2 * index, length, little);
    view.setInt32(start + KNOWN_INDEX_OFFSETS + 4 * index, offset, little);
  }
}

function writeUnknownRecords(view: DataView, start: number, block: HeaderBlock, little: boolean): void {
  for (const [n, record] of block.unknown.entries()) {
    const integers = [record.nameOffset, record.nameLength, record.valueOffset, record.valueLength];
    for (const [field, integer] of integers.entries()) {
      requireIndexField(integer, 0x7fffffff, 'Offset or length of an unknown header');
      view.setInt32(start + UNKNOWN_RECORD_SIZE * n + 4 * field, integer, little);
    }
  }
}

function requireIndexField(value: number, max: number, what: string): void {
  requireInteger(value, 0, max, 'LSAPI_ERR_PACKET_HEADER_INDEX', what);
}

function requireInteger(
  value: number,
  min: number,
  max: number,
  code: 'LSAPI_ERR_PACKET_HEADER_INDEX' | 'LSAPI_ERR_PACKET_LENGTH',
  what: string,
): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new LsapiError(code, `${what} is ${value}, allowed: integers from ${min} to ${max}`);
  }
}

function tooManyEntries(what: string, count: number): LsapiError {
  return new LsapiError('LSAPI_ERR_PACKET_COUNT', `${count} ${what}, allowed: ${MAX_ENTRIES}`);
}
