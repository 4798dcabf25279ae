import { LsapiError } from '../errors.js';
import { KNOWN_HEADERS, KNOWN_INDEX_OFFSETS, UNKNOWN_RECORD_SIZE } from './constants.js';
import type { DecodedRequest, NameValue } from './types.js';

/** What the known-header index holds. */
export interface KnownHeaders {
  /** Values by index; `null` where absent or outside the block. */
  slots: (string | null)[];
  knownHeaders: NameValue[];
  anomalies: DecodedRequest['anomalies'];
}

/**
 * Reads the known-header index (lsapi-protocol §1.7). All 25 slots are treated alike. Offset 0 alone means absent
 * (§9, number 4); a slot that points outside the block is left out and reported (§9, number 2).
 *
 * @param view The whole packet.
 * @param start Packet offset of the index.
 * @param block The header block.
 */
export function decodeKnownHeaders(
  view: DataView,
  start: number,
  block: Buffer,
  little: boolean,
): KnownHeaders {
  const slots: (string | null)[] = [];
  const knownHeaders: NameValue[] = [];
  const anomalies: DecodedRequest['anomalies'] = [];
  for (const [index, name] of KNOWN_HEADERS.entries()) {
    const length = view.getUint16(start + 2 * index, little);
    const offset = view.getInt32(start + KNOWN_INDEX_OFFSETS + 4 * index, little);
    slots.push(null);
    if (offset === 0) continue;
    if (offset < 0 || offset + length > block.length) {
      anomalies.push({ knownHeader: name, offset, length });
      continue;
    }
    const value = block.toString('latin1', offset, offset + unwrappedLength(block, offset, length));
    slots[index] = value;
    knownHeaders.push([name, value]);
  }
  return { slots, knownHeaders, anomalies };
}

/**
 * Reads the unknown-header records (§1.8).
 *
 * @param view The whole packet.
 * @param start Packet offset of the first record.
 * @param block The header block.
 * @throws LsapiError `LSAPI_ERR_PACKET_HEADER_INDEX` if a record points outside the block.
 */
export function decodeUnknownHeaders(
  view: DataView,
  start: number,
  count: number,
  block: Buffer,
  little: boolean,
): NameValue[] {
  const text = (record: number, field: number, what: string): string => {
    const offset = view.getInt32(record + field, little);
    const length = view.getInt32(record + field + 4, little);
    if (offset < 0 || length < 0 || offset + length > block.length) {
      throw new LsapiError(
        'LSAPI_ERR_PACKET_HEADER_INDEX',
        `Header ${what} at offset ${offset} with length ${length} is outside the ${block.length} bytes of headers`,
      );
    }
    return block.toString('latin1', offset, offset + length);
  };
  const headers: NameValue[] = [];
  for (let n = 0; n < count; n++) {
    const record = start + n * UNKNOWN_RECORD_SIZE;
    headers.push([text(record, 0, 'name'), text(record, 8, 'value')]);
  }
  return headers;
}

const CR = 0x0d;
const LF = 0x0a;
const NUL = 0x00;
const SPACE = 0x20;
const TAB = 0x09;
const LENGTH_MODULUS = 0x10000;

/**
 * The length of a known header's value, where the 16 bits of the index were too few (§9, number 12): if the line in
 * the block is at least 65,536 bytes long and equals the stored length modulo 65,536, then the line's length.
 */
function unwrappedLength(block: Buffer, offset: number, stored: number): number {
  if (block.length < LENGTH_MODULUS) return stored;
  let end = offset;
  while (end < block.length && block[end] !== CR && block[end] !== LF && block[end] !== NUL) end++;
  while (end > offset && (block[end - 1] === SPACE || block[end - 1] === TAB)) end--;
  const length = end - offset;
  return length >= LENGTH_MODULUS && length % LENGTH_MODULUS === stored ? length : stored;
}
