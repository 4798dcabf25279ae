/**
 * The LSAPI wire format in both directions, without any I/O: requests as a server sends them, responses as it reads
 * them.
 *
 * @module lsapi/codec
 */
export * from './constants.js';
export { encodeCredentials, type CredentialFields } from './credentials.js';
export { buildHeaderBlock, type BuildHeaderBlockOptions } from './header-block.js';
export { decodePacketHeader, type PacketHeaderOptions } from './packet-header.js';
export { decodeRequest, type DecodeRequestOptions } from './request-decoder.js';
export { encodeRequest, type RequestFields, type RequestHeaders } from './request-encoder.js';
export { ResponseDecoder, type ResponseDecoderOptions } from './response-decoder.js';
export {
  encodeEmpty,
  encodePacket,
  encodePidNotice,
  encodeRespHeader,
  encodeStderr,
  encodeStream,
  type PacketOrder,
} from './response-encoder.js';
export * from './response-packets.js';
export type * from './types.js';
