import type { RawRequest } from '../raw/raw-request.js';
import type { RawResponse } from '../raw/raw-response.js';
import { linesOf, pairsOf, type ResponseHead } from './response-head.js';

/** Bodies that can be sent without a stream. Bytes are nobody else's. */
export type ReadyBody = string | Uint8Array | null;

/** Makes a Response of the platform. */
type Build = (body: ReadyBody, init: ResponseInit) => Response;

/**
 * What a light Response holds: all that is needed to send it, and the platform's Response once somebody wants more
 * than status and headers.
 */
export class ResponseState {
  readonly status: number;
  readonly statusText: string;
  readonly #build: Build;
  readonly #body: ReadyBody;
  readonly #headerText: string;
  readonly #headerCount: number;
  #headers: Headers | undefined = undefined;
  #real: Response | undefined = undefined;
  #sent = false;

  constructor(build: Build, body: ReadyBody, head: ResponseHead) {
    this.#build = build;
    this.#body = body;
    this.status = head.status;
    this.statusText = head.statusText;
    this.#headerText = head.headerText;
    this.#headerCount = head.headerCount;
  }

  get type(): Response['type'] {
    return 'default';
  }

  get url(): string {
    return '';
  }

  get redirected(): boolean {
    return false;
  }

  get ok(): boolean {
    return this.status < 300;
  }

  get headers(): Headers {
    this.#headers ??= this.#real?.headers ?? new Headers(pairsOf(this.#headerText));
    return this.#headers;
  }

  get body(): Response['body'] {
    return this.#body === null ? null : this.real().body;
  }

  get bodyUsed(): boolean {
    return this.#real?.bodyUsed ?? (this.#sent && this.#body !== null);
  }

  /** The same once more, unless the platform's Response has to tee its stream: undefined then. */
  clone(): ResponseState | undefined {
    if (!this.#isReady) return undefined;
    const clone = new ResponseState(this.#build, this.#body, {
      status: this.status,
      statusText: this.statusText,
      headerText: this.#headerText,
      headerCount: this.#headerCount,
    });
    if (this.#headers !== undefined) clone.#headers = new Headers(this.#headers);
    return clone;
  }

  /** The platform's Response, with the headers as they are now. */
  real(): Response {
    const { status, statusText } = this;
    if (this.#real === undefined) {
      this.#real = this.#build(this.#body, {
        status,
        statusText,
        headers: this.#headers ?? pairsOf(this.#headerText),
      });
      if (this.#sent) void this.#real.body?.getReader().read();
    }
    if (this.#headers !== undefined && this.#headers !== this.#real.headers) {
      replaceHeaders(this.#real.headers, this.#headers);
    }
    return this.#real;
  }

  /** Sends the whole answer at once. False where it has to be sent as any Response is. */
  send(request: RawRequest, response: RawResponse): boolean {
    if (!this.#isReady) return false;
    const { headerText, headerCount } = this.#lines;
    // There the order of the lines counts.
    if (this.#body === null && headerText.includes('x-litespeed-location')) return false;
    this.#sent = true;
    // What GET would get has a length that is not known where there is no body.
    const announceLength = this.#body !== null || request.method !== 'HEAD';
    response.sendLines(this.status, headerText, headerCount, this.#body, announceLength);
    return true;
  }

  /** Whether the body is still there, and nobody has a stream of it. */
  get #isReady(): boolean {
    return this.#real === undefined && (!this.#sent || this.#body === null);
  }

  get #lines(): Pick<ResponseHead, 'headerText' | 'headerCount'> {
    if (this.#headers !== undefined) return linesOf(this.#headers);
    return { headerText: this.#headerText, headerCount: this.#headerCount };
  }
}

function replaceHeaders(target: Headers, source: Headers): void {
  for (const name of [...target.keys()]) target.delete(name);
  for (const [name, value] of source) target.append(name, value);
}
