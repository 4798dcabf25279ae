import { LsapiError } from '../errors.js';
import {
  HOST_BUILD,
  MAGIC,
  MAX_RESP_HEADER_PAYLOAD,
  MAX_RESP_LINE,
  MAX_STREAM_PAYLOAD,
  MIN_RESP_HEADER_PAYLOAD,
  PACKET_HEADER_SIZE,
  PacketType,
  type BuildOrder,
} from './constants.js';
import { latin1Bytes } from './latin1.js';
import { PID_NOTICE_MAGIC } from './response-packets.js';

/** Flag and byte order of the packets; those of this host's build unless given (lsapi-protocol §1.4). */
export type PacketOrder = BuildOrder;

/** A packet of any type with the given payload (§1.2). Checks nothing: meant for the others and for tests. */
export function encodePacket(
  type: PacketType,
  payload: Uint8Array = Buffer.alloc(0),
  order: PacketOrder = HOST_BUILD,
): Buffer {
  const packet = Buffer.alloc(PACKET_HEADER_SIZE + payload.length);
  packet.set([...MAGIC, type, order.flag]);
  writeInt32(packet, packet.length, 4, order);
  packet.set(payload, PACKET_HEADER_SIZE);
  return packet;
}

/** A packet without payload: RESP_END, CONN_CLOSE, REQ_RECEIVED, ABORT_REQUEST, INTERNAL_ERROR (§1.3). */
export function encodeEmpty(
  type: Exclude<
    PacketType,
    typeof PacketType.BeginRequest | typeof PacketType.RespHeader | typeof PacketType.RespStream
  >,
  order: PacketOrder = HOST_BUILD,
): Buffer {
  return encodePacket(type, undefined, order);
}

/**
 * A RESP_HEADER packet (§2.1). Lines are latin1 `Name: value` without line end. This is the wire format only: neither
 * the status nor the text of the lines is checked, so that tests can send what an application should not.
 *
 * @throws LsapiError `LSAPI_ERR_HEADER_TOO_LARGE` if a line or all of them do not fit, `LSAPI_ERR_HEADER_INVALID` if
 * a line is not latin1.
 */
export function encodeRespHeader(
  status: number,
  lines: readonly string[],
  order: PacketOrder = HOST_BUILD,
): Buffer {
  const texts = lines.map((line) => {
    if (line.length > MAX_RESP_LINE) {
      throw new LsapiError(
        'LSAPI_ERR_HEADER_TOO_LARGE',
        `Header line has ${line.length} bytes, allowed: ${MAX_RESP_LINE}`,
      );
    }
    return latin1Bytes(`${line}\0`, 'LSAPI_ERR_HEADER_INVALID', 'Header line');
  });
  const fixed = Buffer.alloc(MIN_RESP_HEADER_PAYLOAD + 2 * lines.length);
  writeInt32(fixed, lines.length, 0, order);
  writeInt32(fixed, status, 4, order);
  for (const [n, text] of texts.entries()) {
    const at = MIN_RESP_HEADER_PAYLOAD + 2 * n;
    if (order.byteOrder === 'little') fixed.writeInt16LE(text.length, at);
    else fixed.writeInt16BE(text.length, at);
  }
  const payload = Buffer.concat([fixed, ...texts]);
  if (payload.length > MAX_RESP_HEADER_PAYLOAD) {
    throw new LsapiError(
      'LSAPI_ERR_HEADER_TOO_LARGE',
      `Response header has ${payload.length} bytes, allowed: ${MAX_RESP_HEADER_PAYLOAD}`,
    );
  }
  return encodePacket(PacketType.RespHeader, payload, order);
}

/** RESP_STREAM packets for a piece of the body, 16,384 bytes each at most (§2.2). An empty piece makes one packet. */
export function encodeStream(payload: Uint8Array, order: PacketOrder = HOST_BUILD): Buffer {
  return encodeSplit(PacketType.RespStream, payload, order);
}

/** STDERR_STREAM packets for text (§2.5); a string is sent as UTF-8. */
export function encodeStderr(text: Uint8Array | string, order: PacketOrder = HOST_BUILD): Buffer {
  return encodeSplit(PacketType.StderrStream, typeof text === 'string' ? Buffer.from(text) : text, order);
}

/** The notice that a forked process sends before its first request (§2.5). */
export function encodePidNotice(pid: number, order: PacketOrder = HOST_BUILD): Buffer {
  const payload = Buffer.concat([PID_NOTICE_MAGIC, Buffer.alloc(4)]);
  writeInt32(payload, pid, 4, order);
  return encodePacket(PacketType.StderrStream, payload, order);
}

function encodeSplit(type: PacketType, payload: Uint8Array, order: PacketOrder): Buffer {
  const packets: Buffer[] = [];
  let at = 0;
  do {
    packets.push(encodePacket(type, payload.subarray(at, at + MAX_STREAM_PAYLOAD), order));
    at += MAX_STREAM_PAYLOAD;
  } while (at < payload.length);
  return packets.length === 1 && packets[0] !== undefined ? packets[0] : Buffer.concat(packets);
}

function writeInt32(target: Buffer, value: number, at: number, order: PacketOrder): void {
  if (order.byteOrder === 'little') target.writeInt32LE(value, at);
  else target.writeInt32BE(value, at);
}
