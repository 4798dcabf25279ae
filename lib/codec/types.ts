/** Byte order of a packet's integers. The environment lists' lengths are big-endian in any case. */
export type ByteOrder = 'little' | 'big';

/** A name and its value. Both are latin1: one code point a byte, as the wire carries them. */
export type NameValue = [name: string, value: string];

/**
 * A BEGIN_REQUEST packet, decoded. The native parser and the TypeScript codec both produce exactly this shape,
 * which is what their tests compare. All strings are latin1.
 */
export interface DecodedRequest {
  flag: 0 | 1;
  byteOrder: ByteOrder;
  packetLength: number;
  httpHeaderLen: number;
  /** The field as sent: -1 and -2 included. */
  reqBodyLen: number;
  /** Bytes of body that follow the packet after the rules for -1 and -2 were applied; -1: unknown. */
  bodyLength: number;
  scriptFileOff: number;
  scriptNameOff: number;
  queryStringOff: number;
  requestMethodOff: number;
  /** The NUL-terminated values at the four offsets; `null` where the offset is below 44 (absent). */
  scriptFilename: string | null;
  scriptName: string | null;
  queryString: string | null;
  method: string | null;
  /** In wire order, values cut at their first NUL. */
  env: NameValue[];
  /** In wire order; names start with a control byte, values are whole (they may be binary). */
  specialEnv: NameValue[];
  /**
   * Present entries of the 25-slot index, in index order. A length that wrapped at 65,536 is recovered from the
   * header block; entries that point outside the block are left out and listed in `anomalies`.
   */
  knownHeaders: NameValue[];
  /** In wire order, names unfiltered (the server leaves blanked names behind). */
  unknownHeaders: NameValue[];
  anomalies: { knownHeader: string; offset: number; length: number }[];
}

/** The first 8 bytes of any packet (lsapi-protocol §1.2). */
export interface PacketHeader {
  /** Not checked: may be a number that the protocol does not know. */
  type: number;
  /** The marker bit; the other bits of the flag byte are ignored. */
  flag: 0 | 1;
  /** The order that makes the length plausible; holds for the whole packet. */
  byteOrder: ByteOrder;
  /** Length of the whole packet, these 8 bytes included. */
  length: number;
}

/** An entry of the known-header index (§1.7). The offset counts from the start of the header block. */
export interface KnownHeaderEntry {
  /** 0 to 24: position in `KNOWN_HEADERS`. */
  index: number;
  offset: number;
  length: number;
}

/** An unknown-header record (§1.8). Offsets count from the start of the header block. */
export interface UnknownHeaderRecord {
  nameOffset: number;
  nameLength: number;
  valueOffset: number;
  valueLength: number;
}

/** A header block (§1.9) with the index entries and records that point into it. */
export interface HeaderBlock {
  bytes: Uint8Array;
  known: readonly KnownHeaderEntry[];
  unknown: readonly UnknownHeaderRecord[];
}
