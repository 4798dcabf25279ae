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
