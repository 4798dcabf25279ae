import { PatternError } from './syntax.js';

/** Reads an expression character by character. */
export class PatternReader {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  get done(): boolean {
    return this.at >= this.text.length;
  }

  /** The next character, '' at the end. */
  peek(ahead = 0): string {
    return this.text.charAt(this.at + ahead);
  }

  next(): string {
    return this.text.charAt(this.at++);
  }

  /** Takes `token` if it comes next. */
  take(token: string): boolean {
    if (!this.text.startsWith(token, this.at)) return false;
    this.at += token.length;
    return true;
  }

  /** Takes what a sticky expression matches here. */
  match(expression: RegExp): RegExpExecArray | undefined {
    expression.lastIndex = this.at;
    const found = expression.exec(this.text);
    if (found === null) return undefined;
    this.at += found[0].length;
    return found;
  }

  fail(what: string): never {
    throw new PatternError(`${what} (at offset ${this.at})`);
  }
}

const SIMPLE: Readonly<Record<string, number>> = { t: 9, n: 10, f: 12, r: 13, a: 7, e: 27 };

/**
 * The byte that an escape stands for, read behind its backslash; `undefined` (nothing read) if it is none of
 * a character.
 */
export function characterEscape(reader: PatternReader): number | undefined {
  const letter = reader.peek();
  if (letter === '') reader.fail('\\ at the end of the expression');
  if (!/[A-Za-z0-9]/.test(letter)) {
    reader.at++;
    return letter.charCodeAt(0);
  }
  const simple = SIMPLE[letter];
  if (simple !== undefined) {
    reader.at++;
    return simple;
  }
  const hexadecimal = reader.match(/x(?:\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{0,2}))/y);
  if (hexadecimal !== undefined)
    return byte(reader, parseInt(hexadecimal[1] ?? hexadecimal[2] ?? '', 16) || 0);
  const octal = reader.match(/o\{([0-7]+)\}|(0[0-7]{0,2})/y);
  if (octal !== undefined) return byte(reader, parseInt(octal[1] ?? octal[2] ?? '', 8));
  const control = reader.match(/c([\x20-\x7e])/y);
  if (control !== undefined) return (control[1] ?? '').toUpperCase().charCodeAt(0) ^ 0x40;
  return undefined;
}

function byte(reader: PatternReader, value: number): number {
  if (value > 255) reader.fail('character code point value is too large');
  return value;
}
