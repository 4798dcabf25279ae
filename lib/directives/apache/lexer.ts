/** A directive's text on one logical line, blanks at both ends removed. */
export interface LogicalLine {
  readonly text: string;
  /** Number of its last physical line, from 1: the one that Apache names in its messages. */
  readonly line: number;
}

const BLANK = /[\t\n\v\f\r ]/;

/**
 * The lines of a configuration file that say something: a backslash at the end of a line continues it (a comment
 * too), empty lines and those that begin with `#` are left out.
 */
export function logicalLines(text: string): LogicalLine[] {
  const lines: LogicalLine[] = [];
  let pending = '';
  let number = 0;
  const physical = text.split('\n');
  if (physical.at(-1) === '') physical.pop();
  for (const raw of physical) {
    number++;
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    if (line.endsWith('\\') && number < physical.length) {
      pending += line.slice(0, -1);
      continue;
    }
    const whole = trim(pending + line);
    pending = '';
    if (whole !== '' && !whole.startsWith('#')) lines.push({ text: whole, line: number });
  }
  return lines;
}

/**
 * Takes the next word off a directive's arguments as Apache does: quotes, single or double, keep blanks together; a
 * backslash escapes another one and, inside quotes, the quote; every other backslash is itself. A quote that is not
 * closed reaches to the end.
 */
export function takeWord(text: string): { word: string; rest: string } {
  let at = skipBlanks(text, 0);
  if (at === text.length) return { word: '', rest: '' };
  const first = text.charAt(at);
  const quote = first === '"' || first === "'" ? first : undefined;
  if (quote !== undefined) at++;
  let word = '';
  for (; at < text.length; at++) {
    let character = text.charAt(at);
    if (quote === undefined ? BLANK.test(character) : character === quote) break;
    const following = text.charAt(at + 1);
    if (character === '\\' && (following === '\\' || (quote !== undefined && following === quote))) {
      character = following;
      at++;
    }
    word += character;
  }
  if (quote !== undefined && at < text.length) at++;
  return { word, rest: text.slice(skipBlanks(text, at)) };
}

/** All words of a directive's arguments. */
export function words(text: string): string[] {
  const found: string[] = [];
  let rest = trim(text);
  while (rest !== '') {
    const taken = takeWord(rest);
    found.push(taken.word);
    rest = taken.rest;
  }
  return found;
}

/**
 * Puts in the values of `${NAME}`. What nobody defined stays as it is written, and `undefinedName` hears of it.
 */
export function substituteVariables(
  text: string,
  valueOf: (name: string) => string | undefined,
  undefinedName: (name: string) => void,
): string {
  return text.replace(/\$\{([^}:]+)\}/g, (whole, name: string) => {
    const value = valueOf(name);
    if (value === undefined) undefinedName(name);
    return value ?? whole;
  });
}

/** Removes Apache's blanks at both ends, and no others: text is one character a byte. */
export function trim(text: string): string {
  let end = text.length;
  while (end > 0 && BLANK.test(text.charAt(end - 1))) end--;
  return text.slice(skipBlanks(text, 0), end);
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (at < text.length && BLANK.test(text.charAt(at))) at++;
  return at;
}
