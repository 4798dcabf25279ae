import { LsapiError } from '../errors.js';
import { KNOWN_HEADERS } from './constants.js';
import { latin1Bytes } from './latin1.js';
import type { HeaderBlock, KnownHeaderEntry, NameValue, UnknownHeaderRecord } from './types.js';

/** Options of {@link buildHeaderBlock}. */
export interface BuildHeaderBlockOptions {
  /**
   * Let the 16-bit length of a known header of 65,536 bytes or more wrap, as OpenLiteSpeed does (lsapi-protocol §9,
   * number 12). Without it such a header is an error.
   */
  wrapLengths?: boolean;
}

const LEAD_IN = '\0\0\0\0';
const MAX_KNOWN_LENGTH = 0xffff;
const INDEX_BY_NAME = new Map(KNOWN_HEADERS.map((name, index) => [name.toLowerCase(), index]));

/**
 * Lays out a header block as OpenLiteSpeed does for an HTTP/1 request (lsapi-protocol §1.9): four NULs, request line,
 * `Name: value` lines, an empty line, each ended by CRLF. The first header of a known name goes to the index, its
 * repetitions and all others to the unknown-header records, in order of appearance (§1.8). Names and values are taken
 * as they are; what OpenLiteSpeed rewrites in them (Host in lower case, HTTP/1.1) is up to the caller.
 *
 * @throws LsapiError `LSAPI_ERR_HEADER_INVALID` for text that would break the lines, `LSAPI_ERR_HEADER_TOO_LARGE` for
 * a known header whose length does not fit the index.
 */
export function buildHeaderBlock(
  requestLine: string,
  headers: readonly NameValue[],
  options: BuildHeaderBlockOptions = {},
): HeaderBlock {
  const known = new Map<number, KnownHeaderEntry>();
  const unknown: UnknownHeaderRecord[] = [];
  checkText(requestLine, 'Request line', /[\r\n\0]/);
  let text = `${LEAD_IN}${requestLine}\r\n`;
  for (const [name, value] of headers) {
    checkText(name, 'Header name', /[\r\n\0:]|^$/);
    checkText(value, `Header ${name}`, /[\r\n\0]/);
    const nameOffset = text.length;
    const valueOffset = nameOffset + name.length + 2;
    text += `${name}: ${value}\r\n`;
    const index = INDEX_BY_NAME.get(name.toLowerCase());
    if (index === undefined || known.has(index)) {
      unknown.push({ nameOffset, nameLength: name.length, valueOffset, valueLength: value.length });
      continue;
    }
    if (value.length > MAX_KNOWN_LENGTH && options.wrapLengths !== true) {
      throw new LsapiError(
        'LSAPI_ERR_HEADER_TOO_LARGE',
        `Header ${name} has ${value.length} bytes: its index entry holds up to ${MAX_KNOWN_LENGTH}`,
      );
    }
    known.set(index, { index, offset: valueOffset, length: value.length & MAX_KNOWN_LENGTH });
  }
  const bytes = latin1Bytes(`${text}\r\n`, 'LSAPI_ERR_HEADER_INVALID', 'Header block');
  return { bytes, known: [...known.values()], unknown };
}

function checkText(text: string, what: string, forbidden: RegExp): void {
  if (forbidden.test(text)) {
    throw new LsapiError(
      'LSAPI_ERR_HEADER_INVALID',
      `${what} is empty or has a character that ends it early`,
    );
  }
}
