import type { RawRequest } from '../raw/raw-request.js';
import { headerValue } from './request-texts.js';
import { standIn } from './stand-in.js';

const NAME = /^[\w!#$%&'*+.^`|~-]+$/;
/** Values that Headers takes as they are. */
const VALUE = /^(?![\t ])[\t\x20-\x7e\x80-\xff]*$(?<![\t ])/;

/**
 * The Headers of a request, built when it is needed: most handlers ask for one or two of the twenty that a browser
 * sends, which are found in the request's text at a fraction of the cost. An instance of Headers, which the platform
 * reads as any list of pairs where it is given one.
 */
class RequestHeaders {
  readonly #raw: RawRequest;
  #real: Headers | undefined = undefined;

  constructor(raw: RawRequest) {
    this.#raw = raw;
  }

  static realOf(value: unknown): Headers {
    // What is none of ours has the platform complain.
    if (typeof value !== 'object' || value === null || !(#raw in value)) return value as Headers;
    value.#real ??= toHeaders(value.#raw.headers);
    return value.#real;
  }

  get(name: string): string | null {
    const value = this.#find(name);
    return value === undefined ? RequestHeaders.realOf(this).get(name) : value;
  }

  has(name: string): boolean {
    const value = this.#find(name);
    return value === undefined ? RequestHeaders.realOf(this).has(name) : value !== null;
  }

  /** Undefined where it takes the platform to tell: names and values that it may refuse, and after changes. */
  #find(name: unknown): string | null | undefined {
    if (this.#real !== undefined || typeof name !== 'string' || !NAME.test(name)) return undefined;
    const value = headerValue(this.#raw.headerText ?? '', name.toLowerCase());
    if (value === undefined) return null;
    return VALUE.test(value) ? value : undefined;
  }
}

let prepared = false;

/** The Headers of a raw request whose connections announce requests with their texts. */
export function createHeaders(raw: RawRequest): Headers {
  if (!prepared) {
    prepared = true;
    standIn(RequestHeaders.prototype, Headers.prototype, (value) => RequestHeaders.realOf(value));
  }
  return new RequestHeaders(raw) as unknown as Headers;
}

function toHeaders(record: Record<string, string>): Headers {
  try {
    return new Headers(record);
  } catch {
    // The server lets names and values pass that Headers refuses. What is no header for the web has no place in it.
    const headers = new Headers();
    for (const [name, value] of Object.entries(record)) {
      try {
        headers.append(name, value);
      } catch {
        continue;
      }
    }
    return headers;
  }
}
