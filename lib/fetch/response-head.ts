/** What a constructor was told of status and headers. */
export interface ResponseHead {
  readonly status: number;
  readonly statusText: string;
  /** Lines as the raw response takes them, `name: value` and LF; names in lower case, sorted as Headers sorts them. */
  readonly headerText: string;
  readonly headerCount: number;
}

type Lines = Pick<ResponseHead, 'headerText' | 'headerCount'>;

/** One header, ready for the wire. */
export class HeaderLine {
  readonly text: string;

  constructor(
    readonly name: string,
    readonly value: string,
  ) {
    this.text = `${name}: ${value}\n`;
  }
}

/** The content types that bodies have of themselves. */
export const TEXT_TYPE = new HeaderLine('content-type', 'text/plain;charset=UTF-8');
export const JSON_TYPE = new HeaderLine('content-type', 'application/json');

const NAME = /^[\w!#$%&'*+.^`|~-]+$/;
/** Header values that are taken as they are, and reason phrases: no control characters but tabs. */
const TEXT = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Names as apps write them, with the last value of each: most answers of an app have the same headers, which need not
 * be checked again then. Bounded in number and length, since names and values may be made from requests.
 */
const known = new Map<string, HeaderLine>();
const KNOWN_NAMES = 200;
const KNOWN_VALUE_LENGTH = 80;

/**
 * Reads a Response's `init` where it is of the ordinary kind: plain objects, valid values. Undefined for anything
 * else, which is the platform's to convert or to refuse: its rules, and its errors, are not repeated here.
 *
 * @param hasBody - some statuses cannot have one
 * @param type - the content type unless the headers tell another
 */
export function readHead(
  init: unknown,
  hasBody: boolean,
  type: HeaderLine | undefined,
): ResponseHead | undefined {
  if (init === undefined || init === null) {
    return {
      status: 200,
      statusText: '',
      headerText: type?.text ?? '',
      headerCount: type === undefined ? 0 : 1,
    };
  }
  if (typeof init !== 'object' || !isPlain(init)) return undefined;
  const { status = 200, statusText = '', headers } = init as Record<string, unknown>;
  // Numbers that are converted otherwise (NaN, fractions) fail the comparison too.
  if (typeof status !== 'number' || !(status >= 200 && status <= 599) || status % 1 !== 0) return undefined;
  if (hasBody && isBodyless(status)) return undefined;
  if (typeof statusText !== 'string' || !TEXT.test(statusText)) return undefined;
  const lines = readHeaders(headers, type);
  return lines && { status, statusText, headerText: lines.headerText, headerCount: lines.headerCount };
}

/** Statuses that cannot have a body (Fetch Standard §2.2.3), as far as a Response can have them. */
export function isBodyless(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}

/** The headers of such lines, for whoever wants to see them. */
export function pairsOf(headerText: string): [string, string][] {
  const pairs: [string, string][] = [];
  for (let begin = 0; begin < headerText.length;) {
    const colon = headerText.indexOf(':', begin);
    const end = headerText.indexOf('\n', colon);
    pairs.push([headerText.slice(begin, colon), headerText.slice(colon + 2, end)]);
    begin = end + 1;
  }
  return pairs;
}

function readHeaders(headers: unknown, type: HeaderLine | undefined): Lines | undefined {
  const lines: HeaderLine[] = [];
  if (headers === undefined) {
    // nothing but the type
  } else if (typeof headers !== 'object' || headers === null) {
    return undefined;
  } else if (Array.isArray(headers)) {
    for (const pair of headers as unknown[]) {
      if (!Array.isArray(pair) || pair.length !== 2) return undefined;
      if (!insert(lines, toLine(pair[0], pair[1]))) return undefined;
    }
  } else if (isPlain(headers)) {
    // With an iterator it is a list of pairs; a symbol for a name is an error.
    if (Symbol.iterator in headers || Object.getOwnPropertySymbols(headers).length > 0) return undefined;
    for (const name of Object.keys(headers)) {
      if (!insert(lines, toLine(name, (headers as Record<string, unknown>)[name]))) return undefined;
    }
  } else if (headers instanceof Headers && Object.getPrototypeOf(headers) === Headers.prototype) {
    // Checked, sorted and joined already.
    for (const [name, value] of headers) lines.push(new HeaderLine(name, value));
  } else {
    return undefined;
  }
  if (type !== undefined) insert(lines, type); // refused where there is one
  let headerText = '';
  for (const line of lines) headerText += line.text;
  return { headerText, headerCount: lines.length };
}

/** Undefined for what has to be converted, or refused. */
function toLine(name: unknown, value: unknown): HeaderLine | undefined {
  if (typeof name !== 'string' || typeof value !== 'string') return undefined;
  const before = known.get(name);
  if (before?.value === value) return before;
  if (before === undefined && !NAME.test(name)) return undefined;
  // Headers trims what is around a value.
  if (!TEXT.test(value) || isBlank(value.charCodeAt(0)) || isBlank(value.charCodeAt(value.length - 1))) {
    return undefined;
  }
  const line = new HeaderLine(before?.name ?? name.toLowerCase(), value);
  if (value.length <= KNOWN_VALUE_LENGTH && (before !== undefined || known.size < KNOWN_NAMES))
    known.set(name, line);
  return line;
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** Keeps the order that Headers has. False where lines would have to be joined: the platform knows how. */
function insert(lines: HeaderLine[], line: HeaderLine | undefined): boolean {
  if (line === undefined) return false;
  let at = lines.length;
  while (at > 0 && lines[at - 1]!.name > line.name) at--;
  if (at > 0 && lines[at - 1]!.name === line.name && line.name !== 'set-cookie') return false;
  if (at === lines.length) lines.push(line);
  else lines.splice(at, 0, line);
  return true;
}

/** An object as literals make it: reading it twice gives the same, and no class has a say in it. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
