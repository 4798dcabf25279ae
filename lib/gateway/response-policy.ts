import { isKnownStatus } from './status.js';

/** A response header after OpenLiteSpeed's treatment, as it goes to the client. */
export interface ResponseHead {
  readonly kind: 'respond';
  readonly status: number;
  /** Names in lower case and values, alternating, in order. Without Content-Length and connection headers. */
  readonly headers: readonly string[];
  /** The application's Content-Length. */
  readonly contentLength: number | undefined;
  /** Whether the application asked for chunked framing. */
  readonly chunked: boolean;
  /** The encoding that has to be undone for clients that do not accept it. */
  readonly encoding: 'gzip' | 'deflate' | undefined;
  /** Lines that could not be passed on, with the reason: for the log. */
  readonly dropped: readonly string[];
}

/** The request goes on with another URI of this server. */
export interface InternalRedirect {
  readonly kind: 'redirect';
  /** A URI, or with `X-LiteSpeed-Location` perhaps the path of a file below the document root. */
  readonly location: string;
  /** Names and values that belong to the final response. */
  readonly carried: readonly string[];
}

/** The client gets nothing and its connection is closed: `Status: 444`. */
export interface DropClient {
  readonly kind: 'drop';
}

/** OpenLiteSpeed would leave the client waiting: the gateway answers 502 and says why. */
export interface InvalidHead {
  readonly kind: 'invalid';
  readonly reason: string;
}

/** What to do with a response header. */
export type HeadTreatment = ResponseHead | InternalRedirect | DropClient | InvalidHead;

/** Longest name and value of one line together (lsapi-protocol §1.11): beyond it OpenLiteSpeed hangs. */
const MAX_LINE = 16_380;

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

const FORBIDDEN_IN_VALUE = /[\u0000-\u0008\u000a-\u001f\u007f]/;

/** What the server makes itself or does not have, so that the application's line is swallowed (§2.10). */
const SWALLOWED = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'date',
  'server',
  'lsrecaptcha',
  // No trailers can be carried over LSAPI, and Node refuses to announce any for a response that is not chunked.
  'trailer',
]);

/**
 * Treats a response header as OpenLiteSpeed does (lsapi-protocol §2.1, §2.10): a pure function of what the application
 * sent.
 *
 * @param numericStatus RESP_HEADER's status field; 0 if there was none.
 * @param lines Header lines as sent, latin1.
 */
export function treatHead(numericStatus: number, lines: readonly string[]): HeadTreatment {
  const head = new HeadBuilder(numericStatus);
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon === -1) continue;
    const name = line.slice(0, colon).trim();
    if (name === '') continue;
    const value = line.slice(colon + 1).replace(/^[ \t]+/, '');
    const verdict = head.add(name, value);
    if (verdict !== undefined) return verdict;
  }
  return head.result();
}

class HeadBuilder {
  #status: number;
  readonly #headers: string[] = [];
  /** Values so far by name: for the rules about repetitions. */
  readonly #values = new Map<string, string[]>();
  readonly #dropped: string[] = [];
  #contentLength: number | undefined;
  #chunked = false;
  #encoding: 'gzip' | 'deflate' | undefined;
  #redirect: string | undefined;
  #redirectIsFinal = false;
  #dispositionSeen = false;
  readonly #carried: string[] = [];

  constructor(numericStatus: number) {
    this.#status = isKnownStatus(numericStatus) ? numericStatus : 200;
  }

  /** Takes one line; an answer ends the treatment. */
  add(name: string, value: string): DropClient | InvalidHead | undefined {
    if (name.length + value.length > MAX_LINE) {
      return invalid(
        `the line "${name.slice(0, 40)}" of the response header has ${name.length + value.length} bytes, at most ` +
          `${MAX_LINE} work. Send less in one header line.`,
      );
    }
    const key = name.toLowerCase();
    switch (key) {
      case 'status':
        return this.#setStatus(value);
      case 'location':
        this.#location(value);
        return undefined;
      case 'x-litespeed-location':
        this.#fileLocation(value);
        return undefined;
      case 'content-length':
        return this.#setContentLength(value);
      case 'transfer-encoding':
        if (/^chunked/i.test(value)) this.#chunked = true;
        return undefined;
      case 'content-encoding':
        this.#contentEncoding(value);
        return undefined;
      case 'content-type':
        this.#contentType(value);
        return undefined;
      case 'set-cookie':
      case 'lsc-cookie':
        this.#push('set-cookie', value);
        return undefined;
      case 'content-disposition':
        this.#dispositionSeen = true;
        this.#append(key, value);
        return undefined;
      default:
        if (!SWALLOWED.has(key)) this.#append(key, value);
        return undefined;
    }
  }

  result(): HeadTreatment {
    if (this.#redirect !== undefined) {
      return { kind: 'redirect', location: this.#redirect, carried: this.#carried };
    }
    if (this.#status < 200) {
      return invalid(
        `the response status is ${this.#status}, which is no final status: OpenLiteSpeed would send it as it is and ` +
          'the client would wait for ever. LSAPI cannot carry interim responses or upgrades.',
      );
    }
    return {
      kind: 'respond',
      status: this.#status,
      headers: this.#status === 304 ? without(this.#headers, 'content-type') : this.#headers,
      contentLength: this.#contentLength,
      chunked: this.#chunked,
      encoding: this.#encoding,
      dropped: this.#dropped,
    };
  }

  /** `Status: NNN text` overrides the numeric field because it is processed later (§2.1). */
  #setStatus(value: string): DropClient | undefined {
    const status = Number(/^\d{3}/.exec(value)?.[0] ?? 0);
    if (status === 444) return { kind: 'drop' };
    if (!isKnownStatus(status)) return undefined;
    this.#status = status;
    // A redirect by Location counts only while the status is 200; the line was stored as a plain header as well.
    if (status !== 200 && !this.#redirectIsFinal) this.#redirect = undefined;
    return undefined;
  }

  /** With status 200: a path is an internal redirect, anything else becomes a 302. Else a plain header. */
  #location(value: string): void {
    if (this.#status === 200) {
      if (value.startsWith('/')) this.#redirect = value;
      else this.#status = 302;
    }
    this.#append('location', value);
  }

  /** Always internal for a path; anything else becomes a 302. */
  #fileLocation(value: string): void {
    if (value.startsWith('/')) {
      this.#redirect = value;
      this.#redirectIsFinal = true;
    } else {
      this.#status = 302;
      this.#append('location', value);
    }
  }

  /** Digits only; the first line counts. */
  #setContentLength(value: string): InvalidHead | undefined {
    if (this.#contentLength !== undefined) return undefined;
    const length = Number(value);
    if (!/^\d+$/.test(value.trimEnd()) || !Number.isSafeInteger(length)) {
      return invalid(
        `the response has "Content-Length: ${value.slice(0, 40)}", which is no number: OpenLiteSpeed would drop the ` +
          'response and leave the client waiting. Send digits only.',
      );
    }
    this.#contentLength = length;
    return undefined;
  }

  #contentEncoding(value: string): void {
    if (/^none/i.test(value)) return;
    if (/^x?-?gzip/i.test(value)) this.#encoding = 'gzip';
    else if (/^deflate/i.test(value)) this.#encoding = 'deflate';
    this.#append('content-encoding', value);
  }

  /** A second Content-Type replaces the first in its place (§9, number 14). */
  #contentType(value: string): void {
    const at = this.#headers.findIndex((text, n) => n % 2 === 0 && text === 'content-type');
    if (at === -1) this.#push('content-type', value);
    else if (this.#isSendable('content-type', value)) this.#headers[at + 1] = value;
  }

  /** Any other header: of a repetition only those list members are kept that were not there yet (§2.10). */
  #append(name: string, value: string): void {
    const before = this.#values.get(name);
    if (before === undefined) {
      this.#values.set(name, [value]);
      this.#push(name, value);
      return;
    }
    if (before.includes(value)) return;
    const seen = new Set(before.flatMap(listMembers));
    const members = listMembers(value);
    const added = members.filter((member) => !seen.has(member));
    before.push(value);
    if (added.length > 0) this.#push(name, added.length === members.length ? value : added.join(', '));
  }

  #push(name: string, value: string): void {
    if (!this.#isSendable(name, value)) return;
    this.#headers.push(name, value);
    const behindRedirect = this.#redirect !== undefined && this.#dispositionSeen;
    if (behindRedirect || name === 'content-disposition') this.#carried.push(name, value);
  }

  /** OpenLiteSpeed passes on what would inject headers; the gateway does not, and Node would refuse it. */
  #isSendable(name: string, value: string): boolean {
    if (TOKEN.test(name) && !FORBIDDEN_IN_VALUE.test(value)) return true;
    this.#dropped.push(
      `header line "${name}" has characters that HTTP forbids; OpenLiteSpeed would pass them on`,
    );
    return false;
  }
}

function listMembers(value: string): string[] {
  return value.split(',').map((member) => member.trim());
}

function without(headers: readonly string[], name: string): string[] {
  return headers.filter((_, n) => headers[n - (n % 2)] !== name);
}

function invalid(reason: string): InvalidHead {
  return { kind: 'invalid', reason };
}
