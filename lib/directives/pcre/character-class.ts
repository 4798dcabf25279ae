import { characterEscape, type PatternReader } from './reader.js';
import { complement, ESCAPED_SETS, POSIX_SETS, setOf, withBothCases } from './sets.js';
import type { ByteSet } from './syntax.js';

/** Reads a class behind its `[`, and the `]` with it. */
export function readClass(reader: PatternReader, ignoreCase: boolean): ByteSet {
  const negative = reader.take('^');
  const set = new Uint8Array(256);
  let first = true;
  let quoted = false;
  for (;;) {
    if (reader.done) reader.fail('missing terminating ] for character class');
    if (quoted && reader.take('\\E')) {
      quoted = false;
      continue;
    }
    if (!quoted && reader.take('\\Q')) {
      quoted = true;
      continue;
    }
    if (!quoted && reader.take('\\E')) continue;
    if (!quoted && !first && reader.take(']')) break;
    first = false;
    const item = quoted ? reader.next().charCodeAt(0) : readItem(reader);
    if (typeof item !== 'number') {
      add(set, item);
      if (reader.peek() === '-' && reader.peek(1) !== ']' && reader.peek(1) !== '')
        reader.fail('invalid range in character class');
      continue;
    }
    if (!quoted && reader.peek() === '-' && reader.peek(1) !== ']' && reader.peek(1) !== '') {
      reader.at++;
      const last = readItem(reader);
      if (typeof last !== 'number') reader.fail('invalid range in character class');
      if (last < item) reader.fail('range out of order in character class');
      add(
        set,
        setOf((byte) => byte >= item && byte <= last),
      );
      continue;
    }
    set[item] = 1;
  }
  const cased = ignoreCase ? withBothCases(set) : set;
  return negative ? complement(cased) : cased;
}

/** A byte, or a set that an escape or a POSIX name stands for. */
function readItem(reader: PatternReader): number | ByteSet {
  const posix = reader.match(/\[:(\^?)([a-z]+):\]/y);
  if (posix !== undefined) {
    const set = POSIX_SETS[posix[2] ?? ''];
    if (set === undefined) reader.fail('unknown POSIX class name');
    return posix[1] === '^' ? complement(set) : set;
  }
  if (reader.match(/\[[.=][^\]]*[.=]\]/y) !== undefined)
    reader.fail('POSIX collating elements are not supported');
  const character = reader.next();
  if (character !== '\\') return character.charCodeAt(0);
  const letter = reader.peek();
  if (letter === 'b') {
    reader.at++;
    return 8;
  }
  const set = ESCAPED_SETS[letter.toLowerCase()];
  if (set !== undefined) {
    reader.at++;
    return letter === letter.toLowerCase() ? set : complement(set);
  }
  const octal = reader.match(/[0-7]{1,3}/y);
  if (octal !== undefined) return parseInt(octal[0], 8) & 255;
  return characterEscape(reader) ?? reader.fail(`unrecognized character follows \\: ${letter}`);
}

function add(to: ByteSet, from: ByteSet): void {
  for (let byte = 0; byte < 256; byte++) if (from[byte] === 1) to[byte] = 1;
}
