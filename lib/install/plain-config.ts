/**
 * Reads OpenLiteSpeed's plain text configuration as the server does (`plainconf.cpp` of OpenLiteSpeed 1.9): a line is a
 * keyword and its value; a line that ends in `{` begins a block, one that begins with `}` ends it; `#` begins a comment
 * line; `\` at the end goes on in the next line; `<<<WORD` takes all lines up to one that is WORD. Keywords have no case.
 * Entries remember where they stand in the text, so that edits leave every other byte alone.
 */

/** One keyword with its value, or a block. */
export interface ConfigEntry {
  /** In lower case. */
  readonly keyword: string;
  /** What follows the keyword, of a block its name; lines of a `<<<` value are separated by line feeds. */
  readonly value: string;
  /** What is in the block; `undefined`: no block. */
  readonly children: readonly ConfigEntry[] | undefined;
  /** Where its first line begins, and the line after its last one; offsets into the text. */
  readonly start: number;
  readonly end: number;
  /** Of a block: where the line begins that closes it. */
  readonly closing: number;
  /** Its first line, counted from 1. */
  readonly line: number;
}

/** A text, taken apart. */
export interface PlainConfig {
  readonly text: string;
  readonly entries: readonly ConfigEntry[];
  /** What the server would complain about: braces without a partner. */
  readonly problems: readonly { readonly line: number; readonly what: string }[];
}

interface OpenBlock {
  readonly entry: { -readonly [K in keyof ConfigEntry]: ConfigEntry[K] };
  readonly children: ConfigEntry[];
}

/** A physical line: its text without the line end, and where it stands. */
interface Line {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly number: number;
}

/** Takes a configuration apart. Never fails: what cannot be read is among the `problems`. */
export function parsePlainConfig(text: string): PlainConfig {
  const entries: ConfigEntry[] = [];
  const problems: { line: number; what: string }[] = [];
  const open: OpenBlock[] = [];
  const lines = linesOf(text);

  const add = (entry: ConfigEntry): void => void (open.at(-1)?.children ?? entries).push(entry);

  const read = (statement: string, first: Line, last: Line): void => {
    if (statement.startsWith('}')) {
      const block = open.pop();
      if (block === undefined) problems.push({ line: first.number, what: '"}" closes no block' });
      else {
        block.entry.end = last.end;
        block.entry.closing = first.start;
      }
      const rest = statement.slice(1).trim();
      if (rest !== '') read(rest, first, last);
      return;
    }
    const isBlock = statement.endsWith('{');
    const { keyword, value } = split(isBlock ? statement.slice(0, -1).trimEnd() : statement);
    if (isBlock && keyword === '') {
      problems.push({ line: first.number, what: '"{" has no keyword before it' });
      return;
    }
    const children: ConfigEntry[] = [];
    const entry = {
      keyword,
      value,
      children: isBlock ? children : undefined,
      start: first.start,
      end: last.end,
      closing: last.end,
      line: first.number,
    };
    add(entry);
    if (isBlock) open.push({ entry, children });
  };

  for (let index = 0; index < lines.length; index++) {
    const first = lines[index] as Line;
    let last = first;
    let statement = first.text.trim();
    if (isEmpty(statement)) continue;
    const heredoc = /^.+?<<<(.+)$/.exec(statement);
    if (heredoc !== null) {
      const sign = (heredoc[1] ?? '').trim().toLowerCase();
      const body: string[] = [];
      while (index + 1 < lines.length) {
        last = lines[++index] as Line;
        if (last.text.trim().toLowerCase() === sign) break;
        body.push(last.text);
      }
      statement = statement.slice(0, statement.indexOf('<<<')) + body.join('\n').trimEnd();
    }
    while (heredoc === null && /(?:^|[^\\])\\$/.test(statement) && index + 1 < lines.length) {
      last = lines[++index] as Line;
      statement = statement.slice(0, -1) + last.text.trim();
    }
    read(statement, first, last);
  }
  for (const { entry } of open) {
    entry.end = text.length;
    entry.closing = text.length;
    problems.push({ line: entry.line, what: `the block "${entry.keyword} ${entry.value}" is not closed` });
  }
  return { text, entries, problems };
}

/** The blocks and lines of this keyword, among `entries` only. */
export function entriesOf(entries: readonly ConfigEntry[] | undefined, keyword: string): ConfigEntry[] {
  const wanted = keyword.toLowerCase();
  return (entries ?? []).filter((entry) => entry.keyword === wanted);
}

/** The value of the first line of this keyword, as the server takes it; `undefined`: not there, or empty. */
export function valueOf(entry: ConfigEntry | undefined, keyword: string): string | undefined {
  const value = entriesOf(entry?.children, keyword)[0]?.value;
  return value === '' ? undefined : value;
}

/** A number as the server reads it, with the suffixes K, M and G; `undefined`: not there, or none. */
export function numberOf(entry: ConfigEntry | undefined, keyword: string): number | undefined {
  return leadingNumber(valueOf(entry, keyword));
}

/** The number that a value begins with, its unit considered. */
export function leadingNumber(value: string | undefined): number | undefined {
  const match = /^(-?\d+)\s*([kmg]?)/i.exec(value ?? '');
  if (match === null) return undefined;
  const factor = { k: 1024, m: 1024 ** 2, g: 1024 ** 3 }[(match[2] ?? '').toLowerCase()] ?? 1;
  return Number(match[1]) * factor;
}

function linesOf(text: string): Line[] {
  const lines: Line[] = [];
  for (let start = 0; start < text.length;) {
    const feed = text.indexOf('\n', start);
    const end = feed < 0 ? text.length : feed + 1;
    lines.push({
      text: text.slice(start, feed < 0 ? end : feed).replace(/\r$/, ''),
      start,
      end,
      number: lines.length + 1,
    });
    start = end;
  }
  return lines;
}

/** Comments, and lines of nothing but `#`, `\` and blanks. */
function isEmpty(statement: string): boolean {
  return statement.startsWith('#') || /^[#\s\\]*$/.test(statement);
}

function split(statement: string): { keyword: string; value: string } {
  const match = /^(\S+)\s*([^]*)$/.exec(statement);
  return { keyword: (match?.[1] ?? '').toLowerCase(), value: (match?.[2] ?? '').trim() };
}
