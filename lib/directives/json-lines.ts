/** What is wrong with the text of a JSON file, and where. */
export class JsonError extends Error {
  /** From 1. */
  readonly line: number;

  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}

/** Where the parts of a JSON text are. */
export interface JsonLines {
  /** Line numbers from 1 by the path into the value, as in `scriptAliases[0].target`: of keys, and of list items. */
  readonly lines: ReadonlyMap<string, number>;
  /** Paths of keys that their object has had before: JSON takes the last one without a word. */
  readonly repeated: readonly { readonly path: string; readonly line: number }[];
}

/**
 * Finds the lines of a JSON text: `JSON.parse()` tells nothing about a good one, and of a broken one not the line.
 *
 * @throws JsonError for text that is no JSON, with what was expected in its place
 */
export function jsonLines(text: string): JsonLines {
  return new JsonScanner(text).scan();
}

const BLANK = /[ \t\r\n]*/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*"/y;
const PLAIN = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const WORD = /[^\s,:[\]{}"]{1,40}|./y;
/** Lists and objects inside each other; a configuration has five. */
const DEEPEST = 100;

class JsonScanner {
  readonly #text: string;
  #at = 0;
  /** Up to where line breaks are counted, and how many lines there were. */
  #counted = 0;
  #line = 1;
  #depth = 0;
  readonly #lines = new Map<string, number>();
  readonly #repeated: { path: string; line: number }[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  scan(): JsonLines {
    this.#value('');
    this.#blank();
    if (this.#at < this.#text.length) throw this.#error('the end of the file');
    return { lines: this.#lines, repeated: this.#repeated };
  }

  #value(path: string): void {
    this.#blank();
    if (this.#depth === DEEPEST)
      throw new JsonError(`More than ${DEEPEST} levels are inside each other`, this.#lineHere());
    this.#depth++;
    const start = this.#text[this.#at];
    if (start === '{') this.#object(path);
    else if (start === '[') this.#list(path);
    else if (start === '"') this.#string('a text in quotes');
    else if (this.#take(PLAIN) === undefined) throw this.#error('a value');
    this.#depth--;
  }

  #object(path: string): void {
    this.#at++;
    const keys = new Set<string>();
    if (this.#accept('}')) return;
    do {
      this.#blank();
      const line = this.#lineHere();
      const key = JSON.parse(
        this.#string(keys.size === 0 ? 'a key in quotes or "}"' : 'a key in quotes'),
      ) as string;
      const inner = path === '' ? key : `${path}.${key}`;
      if (keys.has(key)) this.#repeated.push({ path: inner, line });
      keys.add(key);
      this.#lines.set(inner, line);
      if (!this.#accept(':')) throw this.#error('":" behind the key');
      this.#value(inner);
    } while (this.#accept(','));
    if (!this.#accept('}')) throw this.#error('"," or "}"');
  }

  #list(path: string): void {
    this.#at++;
    if (this.#accept(']')) return;
    let length = 0;
    do {
      this.#blank();
      const inner = `${path}[${length++}]`;
      this.#lines.set(inner, this.#lineHere());
      this.#value(inner);
    } while (this.#accept(','));
    if (!this.#accept(']')) throw this.#error('"," or "]"');
  }

  #string(expected: string): string {
    const text = this.#take(STRING);
    if (text !== undefined) return text;
    if (this.#text[this.#at] === '"') {
      throw new JsonError(
        'A text is not closed, or has a line break or an unknown escape in it',
        this.#lineHere(),
      );
    }
    throw this.#error(expected);
  }

  #accept(sign: string): boolean {
    this.#blank();
    if (this.#text[this.#at] !== sign) return false;
    this.#at++;
    return true;
  }

  #blank(): void {
    this.#take(BLANK);
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #lineHere(): number {
    for (; this.#counted < this.#at; this.#counted++) if (this.#text[this.#counted] === '\n') this.#line++;
    return this.#line;
  }

  #error(expected: string): JsonError {
    const line = this.#lineHere();
    const text = this.#take(STRING);
    const found = text?.slice(0, 40) ?? this.#take(WORD);
    const shown =
      found === undefined
        ? 'the file ends'
        : `there is ${text === undefined ? JSON.stringify(found) : found}`;
    return new JsonError(`Expected ${expected}, but ${shown}`, line);
  }
}
