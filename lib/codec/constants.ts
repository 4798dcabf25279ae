import type { ByteOrder } from './types.js';
import { endianness } from 'node:os';

/** Packet types (lsapi-protocol §1.3). An application receives 1 and 2 only, a server accepts 3 to 9 only. */
export const PacketType = {
  BeginRequest: 1,
  AbortRequest: 2,
  RespHeader: 3,
  RespStream: 4,
  RespEnd: 5,
  StderrStream: 6,
  ReqReceived: 7,
  ConnClose: 8,
  InternalError: 9,
} as const;

/** One of the numbers of {@link PacketType}. */
export type PacketType = (typeof PacketType)[keyof typeof PacketType];

/** The headers of the known-header index, in index order (lsapi-protocol §1.7). */
export const KNOWN_HEADERS = [
  'Accept',
  'Accept-Charset',
  'Accept-Encoding',
  'Accept-Language',
  'Authorization',
  'Connection',
  'Content-Type',
  'Content-Length',
  'Cookie',
  'Cookie2',
  'Host',
  'Pragma',
  'Referer',
  'User-Agent',
  'Cache-Control',
  'If-Modified-Since',
  'If-Match',
  'If-None-Match',
  'If-Range',
  'If-Unmodified-Since',
  'Keep-Alive',
  'Range',
  'X-Forwarded-For',
  'Via',
  'Transfer-Encoding',
] as const;

/** Index of Content-Length in {@link KNOWN_HEADERS}. */
export const CONTENT_LENGTH_INDEX = KNOWN_HEADERS.indexOf('Content-Length');
/** Index of Transfer-Encoding in {@link KNOWN_HEADERS}. */
export const TRANSFER_ENCODING_INDEX = KNOWN_HEADERS.indexOf('Transfer-Encoding');

/** The two bytes that every packet starts with: `LS` (§1.2). */
export const MAGIC = [0x4c, 0x53] as const;
/** Size of the packet header (§1.2). */
export const PACKET_HEADER_SIZE = 8;
/** Packet header and request header: where the special environment list starts (§1.5). */
export const REQUEST_HEADER_END = 44;
/** Four zero bytes end each environment list (§1.6). */
export const LIST_TERMINATOR_SIZE = 4;
/** Size of the known-header index: 25 lengths, 2 bytes of padding, 25 offsets (§1.7). */
export const KNOWN_INDEX_SIZE = 152;
/** Where the offsets start within the known-header index (§1.7). */
export const KNOWN_INDEX_OFFSETS = 52;
/** Size of an unknown-header record (§1.8). */
export const UNKNOWN_RECORD_SIZE = 16;
/** Smallest BEGIN_REQUEST: empty lists, padding, index, no header block (§1.12). */
export const MIN_REQUEST_SIZE = 208;
/** Default limit of a BEGIN_REQUEST packet (§9, number 13). */
export const DEFAULT_PACKET_LIMIT = 262_144;
/** Most entries in each environment list, and most unknown headers (§1.11). */
export const MAX_ENTRIES = 8192;
/** Longest key or value of an environment entry without its NUL: the 16-bit length counts the NUL (§1.6). */
export const MAX_ENV_FIELD = 65_534;
/** Largest payload of RESP_STREAM, STDERR_STREAM, REQ_RECEIVED and INTERNAL_ERROR (§1.11, §2.9). */
export const MAX_STREAM_PAYLOAD = 16_384;
/** Smallest payload of RESP_HEADER: count and status (§2.9). */
export const MIN_RESP_HEADER_PAYLOAD = 8;
/** Largest payload of RESP_HEADER (§1.11, §2.9). */
export const MAX_RESP_HEADER_PAYLOAD = 65_535;
/** Most lines in a RESP_HEADER: OpenLiteSpeed rejects 4096 (§1.11). */
export const MAX_RESP_HEADER_LINES = 4095;
/** Longest response header line without its NUL: the length is a signed 16-bit number (§1.11). */
export const MAX_RESP_LINE = 32_766;

/** The marker bit and the integer order that one build of a sender uses (§1.4). */
export interface BuildOrder {
  readonly flag: 0 | 1;
  readonly byteOrder: ByteOrder;
}

const X86_ARCHITECTURES: readonly string[] = ['x64', 'ia32'];

/** What a program compiled for this machine sends: flag 0 on x86, flag 1 elsewhere, in the CPU's order (§1.4). */
export const HOST_BUILD: BuildOrder = {
  flag: X86_ARCHITECTURES.includes(process.arch) ? 0 : 1,
  byteOrder: endianness() === 'LE' ? 'little' : 'big',
};
