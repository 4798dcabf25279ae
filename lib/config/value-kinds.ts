/**
 * What the text of an environment variable can mean: each kind turns text into a typed value, says what it
 * accepts, and writes a value back as text. Kinds never throw; a value that makes no sense is an answer too.
 */

/** The outcome of reading one text. A `warning` goes with a value that was accepted, but not as written. */
export type Parsed<T> = { ok: true; value: T; warning?: string } | { ok: false; reason: string };

/** One kind of value, for instance "whole seconds from 1 to 3600". */
export interface ValueKind<T> {
  /** What is accepted, as it stands in help texts: `0 to 10000`, `auto, on or off`. */
  readonly accepts: string;
  /** Reads the text of a variable that is present; the text may be empty. */
  parse(text: string): Parsed<T>;
  /** Writes a value for people, with its unit. */
  format(value: T): string;
}

/** Largest value of the C library's `int`, which most numbers of LSAPI_* variables are. */
export const LARGEST_INT = 2_147_483_647;

/** 1 KiB, 1 MiB and 1 GiB in bytes. */
export const KIB = 1024;
export const MIB = 1024 * KIB;
export const GIB = 1024 * MIB;

/**
 * How strictly a number is read. `library`: as `atoi` does (protocol §5.2), so blanks before it and anything
 * after it are tolerated, the latter with a warning. `exact`: nothing but the number.
 */
export type Strictness = 'library' | 'exact';

interface LeadingNumber {
  value: number;
  /** What follows the number, blanks at its ends removed. */
  rest: string;
}

/** The integer at the start of a text, as `atoi` finds it, but without overflow; `null` where there is none. */
function leadingInteger(text: string): LeadingNumber | null {
  const match = /^[ \t\n\v\f\r]*([+-]?[0-9]+)(.*)$/s.exec(text);
  if (match?.[1] === undefined) return null;
  // "-0" is 0: a negative zero would show up in comparisons and in what is printed.
  return { value: Number(match[1]) + 0, rest: (match[2] ?? '').trim() };
}

/** What {@link integer} needs to know. */
export interface IntegerOptions {
  /** Smallest accepted value. */
  min: number;
  /** Largest accepted value. Default: {@link LARGEST_INT}. */
  max?: number;
  /** `true`: a larger value counts as `max`, with a warning. Otherwise it makes no sense. */
  capped?: boolean;
  /** Values below this one, if accepted, all mean this one. */
  floor?: number;
  /** Unit for people: `s`, `ms`; none for plain counts. */
  unit?: 's' | 'ms';
  /** What a special value means, for people: `{ 0: 'never' }`. */
  words?: Readonly<Record<number, string>>;
  strictness: Strictness;
}

/** A whole number within a range. */
export function integer(options: IntegerOptions): ValueKind<number> {
  const { min, max = LARGEST_INT, capped = false, floor = min, unit, words = {}, strictness } = options;
  const suffix = unit === undefined ? '' : ` ${unit}`;
  const lowest = min === -LARGEST_INT ? `up to ${max}` : `${min} to ${max}`;
  return {
    accepts: `${lowest}${suffix}`,
    parse(text) {
      const found = leadingInteger(text);
      if (found === null) return { ok: false, reason: 'is not a number' };
      if (found.rest !== '' && strictness === 'exact') return { ok: false, reason: 'is not a whole number' };
      if (found.value < min) return { ok: false, reason: `is below ${min}` };
      if (found.value > max) {
        if (!capped) return { ok: false, reason: `is above ${max}` };
        return { ok: true, value: max, warning: `is above ${max}; ${max} is used` };
      }
      const value = Math.max(found.value, floor);
      return found.rest === ''
        ? { ok: true, value }
        : { ok: true, value, warning: ignoredRest(found.rest, value) };
    },
    format(value) {
      return `${value}${suffix}${words[value] === undefined ? '' : ` (${words[value]})`}`;
    },
  };
}

/** A number that stands for yes and no: anything but 0 is yes, as in the library. */
export function numericSwitch(): ValueKind<boolean> {
  return {
    accepts: '0 (off), any other number (on)',
    parse(text) {
      const found = leadingInteger(text);
      if (found === null) return { ok: false, reason: 'is not a number' };
      const value = found.value !== 0;
      return found.rest === ''
        ? { ok: true, value }
        : { ok: true, value, warning: ignoredRest(found.rest, found.value) };
    },
    format: (value) => (value ? 'on' : 'off'),
  };
}

/**
 * A variable that counts by its presence, whatever its value, even empty or `0`.
 *
 * @param present what its presence sets
 * @param words how `true` and `false` are put to people
 */
export function presence(present: boolean, words: { true: string; false: string }): ValueKind<boolean> {
  return {
    accepts: 'presence alone counts, even when empty or 0',
    parse: () => ({ ok: true, value: present }),
    format: (value) => (value ? words.true : words.false),
  };
}

/** One of a few words, in any case. */
export function oneOf<const W extends string>(...words: readonly W[]): ValueKind<W> {
  const list = enumerate(words);
  return {
    accepts: list,
    parse(text) {
      const word = words.find((candidate) => candidate === text.trim().toLowerCase());
      return word === undefined ? { ok: false, reason: `is not one of ${list}` } : { ok: true, value: word };
    },
    format: (value) => value,
  };
}

/** A text, mostly a path. An empty one counts as absent, because that is how launchers leave a field blank. */
export function text(absent: string): ValueKind<string | undefined> {
  return {
    accepts: 'any text; empty: as if absent',
    parse: (value) => ({ ok: true, value: value === '' ? undefined : value }),
    format: (value) => value ?? absent,
  };
}

/** What {@link size} needs to know, in bytes. */
export interface SizeOptions {
  /** Smallest accepted size, apart from `off`. */
  min: number;
  /** Largest accepted size. */
  max: number;
  /** `true`: 0 is accepted and means "off". */
  zeroIsOff?: boolean;
}

/** An amount of bytes: a number with an optional K, M or G (powers of 1024; `KB`, `MiB` and the like too). */
export function size({ min, max, zeroIsOff = false }: SizeOptions): ValueKind<number> {
  const range = `${formatBytes(min)} to ${formatBytes(max)}`;
  return {
    accepts: `${zeroIsOff ? '0 (off) or ' : ''}${range}, in bytes or with K, M, G`,
    parse(value) {
      const bytes = parseBytes(value);
      if (bytes === null) return { ok: false, reason: 'is not a size such as 65536, 512K, 200M or 1G' };
      if (bytes === 0 && zeroIsOff) return { ok: true, value: 0 };
      if (bytes < min) return { ok: false, reason: `is below ${formatBytes(min)}` };
      if (bytes > max) return { ok: false, reason: `is above ${formatBytes(max)}` };
      return { ok: true, value: bytes };
    },
    format: (value) => (value === 0 && zeroIsOff ? '0 (off)' : formatBytes(value)),
  };
}

const UNITS: Readonly<Record<string, number>> = { '': 1, B: 1, K: KIB, M: MIB, G: GIB };

/** The bytes that a text such as `200M` means (64 bit, exact up to 2^53 − 1), `null` where it means none. */
export function parseBytes(value: string): number | null {
  const found = leadingInteger(value);
  if (found === null) return null;
  const unit = UNITS[found.rest.toUpperCase().replace(/^([KMG])I?B$/, '$1')];
  if (unit === undefined) return null;
  const bytes = found.value * unit;
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** Bytes in the largest unit that divides them: `262144` is `256K`, `1000` stays `1000 bytes`. */
export function formatBytes(bytes: number): string {
  for (const [letter, unit] of [
    ['G', GIB],
    ['M', MIB],
    ['K', KIB],
  ] as const) {
    if (bytes !== 0 && bytes % unit === 0) return `${bytes / unit}${letter}`;
  }
  return `${bytes} bytes`;
}

/** `a, b or c`. */
function enumerate(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

function ignoredRest(rest: string, value: number): string {
  return `has ${JSON.stringify(rest)} after the number, which is ignored; ${value} is used`;
}
