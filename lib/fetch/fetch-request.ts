import { ReadableStream } from 'node:stream/web';
import type { RawRequest } from '../raw/raw-request.js';
import type { FetchContext } from './fetch-context.js';
import { plainUrl } from './plain-url.js';
import { acceptStandIns } from './platform-request.js';
import { hostHeader, isSecureText } from './request-texts.js';
import { createHeaders } from './request-headers.js';
import { requestUrl } from './request-url.js';
import { standIn } from './stand-in.js';

/**
 * A Request that is built when it is needed: method, URL, headers and signal, which are all that most handlers look
 * at, come from the raw request, at a fraction of what the platform's Request costs. Everything else is that
 * Request's affair. It is an instance of Request, and can be cloned, copied and fetched.
 */
class FetchRequest {
  readonly #raw: RawRequest;
  readonly #context: FetchContext;
  #url: string | undefined = undefined;
  #headers: Headers | undefined = undefined;
  #real: Request | undefined = undefined;

  constructor(raw: RawRequest, context: FetchContext) {
    this.#raw = raw;
    this.#context = context;
  }

  /** The platform's Request that `value` stands for, if it is one of ours. */
  static realOf(value: unknown): Request | undefined {
    return typeof value === 'object' && value !== null && #raw in value ? value.#build() : undefined;
  }

  get method(): string {
    return this.#raw.method;
  }

  get url(): string {
    if (this.#url === undefined) {
      const { url, headerText = '', envText = '' } = this.#raw;
      const host = hostHeader(headerText);
      this.#url = plainUrl(url, host, isSecureText(envText)) ?? requestUrl(url, host, this.#context.env);
    }
    return this.#url;
  }

  get headers(): Headers {
    this.#headers ??= this.#real?.headers ?? createHeaders(this.#raw);
    return this.#headers;
  }

  get signal(): AbortSignal {
    return this.#raw.signal;
  }

  get body(): Request['body'] {
    return this.#hasBody ? this.#build().body : null;
  }

  get bodyUsed(): boolean {
    return this.#real?.bodyUsed ?? false;
  }

  get #hasBody(): boolean {
    const { method, bodyLength } = this.#raw;
    return bodyLength > 0 && method !== 'GET' && method !== 'HEAD';
  }

  #build(): Request {
    this.#real ??= new Request(this.url, {
      method: this.method,
      headers: this.headers,
      signal: this.signal,
      ...(this.#hasBody && { body: bodyStream(this.#raw), duplex: 'half' }),
    });
    return this.#real;
  }
}

let prepared = false;

/** A Request for a raw request whose connections announce requests with their texts. */
export function createRequest(raw: RawRequest, context: FetchContext): Request {
  if (!prepared) {
    prepared = true;
    delegateToPlatform();
  }
  return new FetchRequest(raw, context) as unknown as Request;
}

/** When the first request comes, since to look at `Request` makes Node load its implementation. */
function delegateToPlatform(): void {
  const { prototype } = FetchRequest;
  standIn(prototype, Request.prototype, (value) => FetchRequest.realOf(value)!);
  acceptStandIns(prototype, (value) => FetchRequest.realOf(value));
  Object.defineProperty(prototype, 'constructor', { value: Request, configurable: true, writable: true });
}

/** The body, read from the server as it is consumed. */
function bodyStream(raw: RawRequest): ReadableStream {
  let chunks: AsyncIterator<Uint8Array> | undefined;
  return new ReadableStream({
    type: 'bytes',
    async pull(controller) {
      chunks ??= raw.body;
      const chunk = await chunks.next();
      if (chunk.done === true) {
        controller.close();
        controller.byobRequest?.respond(0);
      } else {
        // A copy: a byte stream takes the memory of what it is given, and the raw request's is shared.
        controller.enqueue(new Uint8Array(chunk.value));
      }
    },
    cancel() {
      // Not awaited: it waits for the chunk that is being waited for.
      void chunks?.return?.();
    },
  });
}
