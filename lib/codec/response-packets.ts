import { PacketType } from './constants.js';
import { viewOf } from './packet-header.js';
import type { ByteOrder } from './types.js';

/** What every packet of an application carries besides its payload. */
export interface ResponsePacketBase {
  /** Marker bit of the packet (lsapi-protocol §1.4). */
  flag: 0 | 1;
  /** Order in which its integers were read. */
  byteOrder: ByteOrder;
}

/** Status and header lines (§2.1). */
export interface RespHeaderPacket extends ResponsePacketBase {
  type: typeof PacketType.RespHeader;
  /** The status field as sent: 0 (not specified) and numbers that are no HTTP status included. */
  status: number;
  /** The lines as the server sees them, latin1, without the last counted byte. */
  lines: string[];
  /** The text ended before the counted bytes of the lines did; the server then misses the end of the header. */
  truncated: boolean;
}

/** A piece of the response body (§2.2). */
export interface RespStreamPacket extends ResponsePacketBase {
  type: typeof PacketType.RespStream;
  payload: Buffer;
}

/** End of the response (§2.3). */
export interface RespEndPacket extends ResponsePacketBase {
  type: typeof PacketType.RespEnd;
}

/** Text for the server's log, or the PID notice (§2.5; see {@link pidOf}). */
export interface StderrStreamPacket extends ResponsePacketBase {
  type: typeof PacketType.StderrStream;
  payload: Buffer;
}

/** Acknowledgement of a request (§2.4). */
export interface ReqReceivedPacket extends ResponsePacketBase {
  type: typeof PacketType.ReqReceived;
  /** Normally empty; the server skips it. */
  payload: Buffer;
}

/** The application will close the connection (§2.6). */
export interface ConnClosePacket extends ResponsePacketBase {
  type: typeof PacketType.ConnClose;
}

/** Not to be sent; the server ignores it without payload and fails the connection with one (§2.7). */
export interface InternalErrorPacket extends ResponsePacketBase {
  type: typeof PacketType.InternalError;
  payload: Buffer;
}

/** A packet from an application. Payloads may share memory with the chunk that they came in. */
export type ResponsePacket =
  | RespHeaderPacket
  | RespStreamPacket
  | RespEndPacket
  | StderrStreamPacket
  | ReqReceivedPacket
  | ConnClosePacket
  | InternalErrorPacket;

/** First four payload bytes of the PID notice: NUL, `PID` (§2.5). */
export const PID_NOTICE_MAGIC: Buffer = Buffer.from('\0PID', 'latin1');

/** The process id if the packet is a PID notice (§2.5): exactly `\0PID` and a 32-bit number; else `undefined`. */
export function pidOf(packet: ResponsePacket): number | undefined {
  if (!('payload' in packet) || packet.type !== PacketType.StderrStream) return undefined;
  const { payload, byteOrder } = packet;
  if (payload.length !== 8 || !payload.subarray(0, 4).equals(PID_NOTICE_MAGIC)) return undefined;
  return viewOf(payload).getInt32(4, byteOrder === 'little');
}
