import { LsapiError } from '../errors.js';
import {
  HOST_BUILD,
  MAX_RESP_HEADER_LINES,
  MAX_RESP_HEADER_PAYLOAD,
  MAX_STREAM_PAYLOAD,
  MIN_RESP_HEADER_PAYLOAD,
  PACKET_HEADER_SIZE,
  PacketType,
  type BuildOrder,
} from './constants.js';
import { hasMagic } from './packet-header.js';
import type { RespHeaderPacket, ResponsePacket, ResponsePacketBase } from './response-packets.js';
import type { ByteOrder, PacketHeader } from './types.js';

/** Options of {@link ResponseDecoder}. */
export interface ResponseDecoderOptions {
  /**
   * The server to stand in for: its packets' flag and byte order, that of this host's build unless given. A server
   * reads packets that carry its own flag in its own order, the others in the opposite one (lsapi-protocol §1.4).
   */
  server?: BuildOrder;
}

/** The payload lengths that a server accepts for each packet type (§2.9). */
const PAYLOAD_LIMITS: ReadonlyMap<number, readonly [min: number, max: number]> = new Map([
  [PacketType.RespHeader, [MIN_RESP_HEADER_PAYLOAD, MAX_RESP_HEADER_PAYLOAD]],
  [PacketType.RespStream, [0, MAX_STREAM_PAYLOAD]],
  [PacketType.RespEnd, [0, 0]],
  [PacketType.StderrStream, [0, MAX_STREAM_PAYLOAD]],
  [PacketType.ReqReceived, [0, MAX_STREAM_PAYLOAD]],
  [PacketType.ConnClose, [0, 0]],
  [PacketType.InternalError, [0, MAX_STREAM_PAYLOAD]],
]);

/**
 * Decodes what an application sends on one connection, however it is cut into chunks, with the checks that
 * OpenLiteSpeed makes on single packets (lsapi-protocol §2.1, §2.9). Rules about the order of packets (one RESP_HEADER
 * per response, nothing after RESP_END, no INTERNAL_ERROR with payload) are left to the caller.
 */
export class ResponseDecoder {
  readonly #server: BuildOrder;
  readonly #headerBytes = Buffer.alloc(PACKET_HEADER_SIZE);
  #headerFill = 0;
  #header: PacketHeader | undefined;
  #payload = Buffer.alloc(0);
  #payloadFill = 0;
  #failure: LsapiError | undefined;
  #decodedBeforeFailure: ResponsePacket[] = [];

  constructor(options: ResponseDecoderOptions = {}) {
    this.#server = options.server ?? HOST_BUILD;
  }

  /** The violation that ended decoding, if there was one. */
  get failure(): LsapiError | undefined {
    return this.#failure;
  }

  /**
   * The packets of the chunk that {@link push} threw for which came before the violation. Use them where the outcome
   * must not depend on how the data was cut into chunks.
   */
  get decodedBeforeFailure(): readonly ResponsePacket[] {
    return this.#decodedBeforeFailure;
  }

  /** Whether a part of a packet has arrived; an end of the stream now cuts it off. */
  get midPacket(): boolean {
    return this.#headerFill > 0;
  }

  /**
   * Takes the next chunk and returns the packets that are complete with it, in order. Payloads that lie whole within
   * the chunk are views of it, so do not reuse its memory while they are needed.
   *
   * @throws LsapiError `LSAPI_ERR_GATEWAY_RESPONSE` on the first violation, and the same error on every later call.
   */
  push(chunk: Uint8Array): ResponsePacket[] {
    if (this.#failure !== undefined) throw this.#failure;
    const packets: ResponsePacket[] = [];
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    try {
      let at = 0;
      while (at < bytes.length) at = this.#consume(bytes, at, packets);
    } catch (error) {
      if (error instanceof LsapiError) {
        this.#failure = error;
        this.#decodedBeforeFailure = packets;
      }
      throw error;
    }
    return packets;
  }

  /** Takes bytes from offset `at` up to the end of the packet header or of the packet; returns the next offset. */
  #consume(bytes: Buffer, at: number, packets: ResponsePacket[]): number {
    if (this.#header === undefined) {
      const taken = bytes.copy(this.#headerBytes, this.#headerFill, at);
      this.#headerFill += taken;
      if (this.#headerFill < PACKET_HEADER_SIZE) return at + taken;
      const header = decodeServerSide(this.#headerBytes, this.#server);
      if (header.length === PACKET_HEADER_SIZE) this.#emit(header, Buffer.alloc(0), packets);
      else this.#header = header;
      return at + taken;
    }
    const header = this.#header;
    const size = header.length - PACKET_HEADER_SIZE;
    if (this.#payloadFill === 0) {
      if (bytes.length - at >= size) {
        this.#emit(header, bytes.subarray(at, at + size), packets);
        return at + size;
      }
      this.#payload = Buffer.alloc(size);
    }
    const taken = bytes.copy(this.#payload, this.#payloadFill, at);
    this.#payloadFill += taken;
    if (this.#payloadFill === size) this.#emit(header, this.#payload, packets);
    return at + taken;
  }

  #emit(header: PacketHeader, payload: Buffer, packets: ResponsePacket[]): void {
    this.#header = undefined;
    this.#headerFill = 0;
    this.#payloadFill = 0;
    packets.push(toPacket(header, payload));
  }
}

/** The packet header as a server reads it (§1.2, §2.9): the order follows from the flag alone. */
function decodeServerSide(bytes: Buffer, server: BuildOrder): PacketHeader {
  if (!hasMagic(bytes))
    throw violation(`packet starts with ${bytes.toString('hex', 0, 2)} instead of 4c53 ("LS")`);
  const type = bytes.readUInt8(2);
  const limits = PAYLOAD_LIMITS.get(type);
  if (limits === undefined) throw violation(`packet type ${type} is not one of 3 to 9`);
  const flag = (bytes.readUInt8(3) & 1) === 0 ? 0 : 1;
  const byteOrder = orderOf(flag, server);
  const length = byteOrder === 'little' ? bytes.readInt32LE(4) : bytes.readInt32BE(4);
  if (length < PACKET_HEADER_SIZE) throw violation(`packet length ${length} is below 8`);
  const payload = length - PACKET_HEADER_SIZE;
  const [min, max] = limits;
  if (payload < min || payload > max) {
    throw violation(`payload of packet type ${type} has ${payload} bytes, allowed: ${min} to ${max}`);
  }
  return { type, flag, byteOrder, length };
}

function orderOf(flag: 0 | 1, server: BuildOrder): ByteOrder {
  if (flag === server.flag) return server.byteOrder;
  return server.byteOrder === 'little' ? 'big' : 'little';
}

function toPacket({ type, flag, byteOrder }: PacketHeader, payload: Buffer): ResponsePacket {
  const base: ResponsePacketBase = { flag, byteOrder };
  switch (type) {
    case PacketType.RespHeader:
      return decodeRespHeader(base, payload);
    case PacketType.RespEnd:
    case PacketType.ConnClose:
      return { type, ...base };
    case PacketType.RespStream:
    case PacketType.StderrStream:
    case PacketType.ReqReceived:
    case PacketType.InternalError:
      return { type, ...base, payload };
    default:
      throw violation(`packet type ${type} is not one of 3 to 9`);
  }
}

/**
 * RESP_HEADER's payload as OpenLiteSpeed reads it (§2.1): line lengths count the NUL, so the last counted byte is cut
 * off whatever it is; a length of 0 or below is skipped and takes no text; where the text is too short the rest of it
 * makes the last line.
 */
function decodeRespHeader(base: ResponsePacketBase, payload: Buffer): RespHeaderPacket {
  const little = base.byteOrder === 'little';
  const count = little ? payload.readInt32LE(0) : payload.readInt32BE(0);
  const status = little ? payload.readInt32LE(4) : payload.readInt32BE(4);
  if (count < 0 || count > MAX_RESP_HEADER_LINES) {
    throw violation(`RESP_HEADER announces ${count} lines, allowed: 0 to ${MAX_RESP_HEADER_LINES}`);
  }
  const textStart = MIN_RESP_HEADER_PAYLOAD + 2 * count;
  if (textStart > payload.length) {
    throw violation(
      `RESP_HEADER announces ${count} lines, its ${payload.length} bytes cannot hold their lengths`,
    );
  }
  const lines: string[] = [];
  let at = textStart;
  let truncated = false;
  for (let n = 0; n < count; n++) {
    const lengthAt = MIN_RESP_HEADER_PAYLOAD + 2 * n;
    const length = little ? payload.readInt16LE(lengthAt) : payload.readInt16BE(lengthAt);
    if (length <= 0) continue;
    if (at + length > payload.length) {
      truncated = true;
      if (at < payload.length) lines.push(withoutLastNul(payload.toString('latin1', at, payload.length)));
      break;
    }
    lines.push(payload.toString('latin1', at, at + length - 1));
    at += length;
  }
  return { type: PacketType.RespHeader, ...base, status, lines, truncated };
}

function withoutLastNul(text: string): string {
  return text.endsWith('\0') ? text.slice(0, -1) : text;
}

function violation(what: string): LsapiError {
  return new LsapiError(
    'LSAPI_ERR_GATEWAY_RESPONSE',
    `Application breaks the LSAPI response format: ${what}`,
  );
}
