import { LsapiError } from '../errors.js';
import { DEFAULT_PACKET_LIMIT, HOST_BUILD, MAGIC, PACKET_HEADER_SIZE } from './constants.js';
import type { ByteOrder, PacketHeader } from './types.js';

/** Limits of the packet length that count as plausible. */
export interface PacketHeaderOptions {
  /** Longest acceptable packet; 262144 unless given. */
  limit?: number;
  /** Shortest acceptable packet; 8 (a packet without payload) unless given. */
  minimum?: number;
}

/** The byte order that the marker bit stands for on this host when nothing else is known (§1.4, rule 1). */
export function preferredOrder(flag: 0 | 1): ByteOrder {
  if (flag === 0) return 'little';
  return HOST_BUILD.flag === 0 ? 'big' : HOST_BUILD.byteOrder;
}

/** Whether the packet starts with `LS` (§1.2). */
export function hasMagic(bytes: Uint8Array): boolean {
  return bytes[0] === MAGIC[0] && bytes[1] === MAGIC[1];
}

/** A `DataView` on exactly these bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * Reads the 8 bytes that every packet starts with (lsapi-protocol §1.2) and finds the packet's byte order (§1.4).
 *
 * The marker bit alone does not tell the order, so the length is read both ways: a reading counts if it lies between
 * `minimum` and `limit`. If both count, the bit decides: 0 is little-endian, 1 is big-endian on x86 and the CPU's
 * order elsewhere. The type is not checked.
 *
 * @throws LsapiError `LSAPI_ERR_PACKET_MAGIC` if the bytes do not start with `LS`; `LSAPI_ERR_PACKET_LENGTH` if there
 * are fewer than 8, or if no reading of the length is plausible.
 */
export function decodePacketHeader(bytes: Uint8Array, options: PacketHeaderOptions = {}): PacketHeader {
  const { limit = DEFAULT_PACKET_LIMIT, minimum = PACKET_HEADER_SIZE } = options;
  if (!hasMagic(bytes)) {
    throw new LsapiError(
      'LSAPI_ERR_PACKET_MAGIC',
      'Packet does not start with "LS": the peer does not speak LSAPI',
    );
  }
  if (bytes.length < PACKET_HEADER_SIZE) {
    throw new LsapiError('LSAPI_ERR_PACKET_LENGTH', `Packet header needs 8 bytes, got ${bytes.length}`);
  }
  const view = viewOf(bytes);
  const type = view.getUint8(2);
  const flag = (view.getUint8(3) & 1) === 0 ? 0 : 1;
  const preferred = preferredOrder(flag);
  for (const byteOrder of [preferred, opposite(preferred)]) {
    const length = view.getInt32(4, byteOrder === 'little');
    if (length >= minimum && length <= limit) return { type, flag, byteOrder, length };
  }
  const readings = `${view.getInt32(4, true)} (little-endian) or ${view.getInt32(4, false)} (big-endian)`;
  throw new LsapiError(
    'LSAPI_ERR_PACKET_LENGTH',
    `Packet length ${readings} is outside ${minimum} to ${limit}: raise the packet limit if the server sends more`,
  );
}

function opposite(order: ByteOrder): ByteOrder {
  return order === 'little' ? 'big' : 'little';
}
