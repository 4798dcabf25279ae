import http from 'node:http';
import { LsapiError } from '../errors.js';

/** What a header may be set to. */
export type HeaderValue = string | number | readonly string[];

/** Longest line that the server takes, name included (protocol §1.11). */
const MAXIMUM_LINE = 16380;
/** Payload of the packet: 8 bytes, two for the length of each line, and the lines (protocol §2.1). */
const MAXIMUM_PAYLOAD = 65535;
const MAXIMUM_COUNT = 1000;

/** The header text for the native side: lines ended by LF. Refuses what the server cannot carry. */
export class HeaderLines {
  text = '';
  count = 0;
  /** As announced by the app; -1 without. */
  contentLength = -1;
  /** Whether trailers are announced. */
  hasTrailer = false;
  /** Lower-case names whose values share a line (`uniqueHeaders` of the server). */
  readonly #unique: ReadonlySet<string> | null | undefined;

  constructor(unique: ReadonlySet<string> | null | undefined) {
    this.#unique = unique;
  }

  /** Takes what writeHead() got, in any of its forms. */
  addAll(headers: object): void {
    if (!Array.isArray(headers)) {
      for (const [name, value] of Object.entries(headers)) this.add(name, value as HeaderValue, true);
      return;
    }
    const list = headers as readonly unknown[];
    if (Array.isArray(list[0])) {
      for (const [name, value] of list as [string, HeaderValue][]) this.add(name, value, true);
      return;
    }
    if (list.length % 2 !== 0) {
      throw Object.assign(new TypeError('The list of headers has a name without a value'), {
        code: 'ERR_INVALID_ARG_VALUE',
      });
    }
    for (let index = 0; index < list.length; index += 2) {
      this.add(list[index] as string, list[index + 1] as HeaderValue, true);
    }
  }

  /** @param validate Whether name and value have not been checked by setHeader(). */
  add(name: string, value: HeaderValue, validate: boolean): void {
    if (!Array.isArray(value)) {
      this.#addLine(name, value as string, validate);
      return;
    }
    // One line each, but cookies, and what the server was told to, in a single line: as Node sends them.
    const values = value as readonly string[];
    const isJoined =
      (values.length > 1 && name.length === 6 && name.toLowerCase() === 'cookie') ||
      this.#unique?.has(name.toLowerCase());
    if (isJoined) this.#addLine(name, values.join('; '), true);
    else for (const item of values) this.#addLine(name, item, true); // the list may have changed since setHeader()
  }

  /** A length that Node found out by itself. */
  addContentLength(length: number): void {
    this.text += `Content-Length: ${length}\n`;
    this.count++;
  }

  #addLine(name: string, value: string, validate: boolean): void {
    if (validate) {
      http.validateHeaderName(name);
      http.validateHeaderValue(name, value);
    }
    if (name.length === 14 && name.toLowerCase() === 'content-length') {
      if (this.contentLength >= 0) return; // the server ignores a second one
      this.contentLength = parseLength(value);
    }
    if (name.length === 7 && name.toLowerCase() === 'trailer') this.hasTrailer = true;
    const line = `${name}: ${value}\n`;
    if (
      line.length - 1 > MAXIMUM_LINE ||
      8 + 2 * (this.count + 1) + this.text.length + line.length > MAXIMUM_PAYLOAD ||
      this.count === MAXIMUM_COUNT
    ) {
      throw tooLarge(name, line.length - 1);
    }
    this.text += line;
    this.count++;
  }
}

/** What Node's server answers to trailers that are announced for a body which is not chunked. */
export function trailerRefused(): Error {
  return Object.assign(new Error('Trailers are invalid with this transfer encoding'), {
    code: 'ERR_HTTP_TRAILER_INVALID',
  });
}

function parseLength(value: string | number): number {
  const text = String(value).trim();
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new LsapiError(
    'LSAPI_ERR_CONTENT_LENGTH',
    `Content-Length must be digits only, not ${JSON.stringify(text)}.`,
  );
}

function tooLarge(name: string, size: number): LsapiError {
  return new LsapiError(
    'LSAPI_ERR_HEADER_TOO_LARGE',
    `Response header ${JSON.stringify(name.slice(0, 60))} (${size} bytes) does not fit: the server takes ` +
      `${MAXIMUM_LINE} bytes a line, ${MAXIMUM_PAYLOAD} bytes and ${MAXIMUM_COUNT} lines in all. Send less in headers.`,
  );
}
