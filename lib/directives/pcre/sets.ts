import type { ByteSet } from './syntax.js';

/** A set of all bytes for which `test` holds. */
export function setOf(test: (byte: number) => boolean): ByteSet {
  return Uint8Array.from({ length: 256 }, (_, byte) => (test(byte) ? 1 : 0));
}

export function singleton(byte: number): ByteSet {
  return setOf((other) => other === byte);
}

export function complement(set: ByteSet): ByteSet {
  return set.map((held) => 1 - held);
}

/** The set with the other case of every ASCII letter in it: PCRE's tables know no more in the C locale. */
export function withBothCases(set: ByteSet): ByteSet {
  return setOf((byte) => {
    if (set[byte] === 1) return true;
    const letter = byte | 0x20;
    return letter >= 0x61 && letter <= 0x7a && set[byte ^ 0x20] === 1;
  });
}

const matches = (expression: RegExp) => setOf((byte) => expression.test(String.fromCharCode(byte)));

export const ANY = setOf(() => true);
export const NO_NEWLINE = setOf((byte) => byte !== 10);
export const WORD = matches(/[A-Za-z0-9_]/);

/** Sets that an escape of one letter stands for, lower-case letters. The upper-case letter is the complement. */
export const ESCAPED_SETS: Readonly<Record<string, ByteSet>> = {
  d: matches(/[0-9]/),
  w: WORD,
  s: matches(/[\t-\r ]/),
  h: setOf((byte) => byte === 9 || byte === 32 || byte === 0xa0),
  v: setOf((byte) => (byte >= 10 && byte <= 13) || byte === 0x85),
};

/** `[:name:]` inside a class. */
export const POSIX_SETS: Readonly<Record<string, ByteSet>> = {
  alpha: matches(/[A-Za-z]/),
  lower: matches(/[a-z]/),
  upper: matches(/[A-Z]/),
  alnum: matches(/[A-Za-z0-9]/),
  ascii: setOf((byte) => byte < 128),
  blank: matches(/[ \t]/),
  cntrl: setOf((byte) => byte < 32 || byte === 127),
  digit: matches(/[0-9]/),
  graph: setOf((byte) => byte > 32 && byte < 127),
  print: setOf((byte) => byte >= 32 && byte < 127),
  punct: setOf((byte) => byte > 32 && byte < 127 && !/[A-Za-z0-9]/.test(String.fromCharCode(byte))),
  space: matches(/[\t-\r ]/),
  word: WORD,
  xdigit: matches(/[0-9A-Fa-f]/),
};
