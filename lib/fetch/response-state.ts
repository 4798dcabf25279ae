import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { type HeaderText, toHeaderText } from '../raw/header-text.js';
import type { RawRequest } from '../raw/raw-request.js';
import type { RawResponse } from '../raw/raw-response.js';
import { type HeaderLine, isBodyless, pairsOf, readHead, type ResponseHead } from './response-head.js';

/** Bodies that can be sent without a stream. Bytes are nobody else's. */
export type ReadyBody = string | Uint8Array | null;

/** Makes a Response of the platform. */
type Build = (body: ReadyBody, init: ResponseInit) => Response;

/** What is in the streams that light Responses have handed out. */
const wholes = new WeakMap<ReadableStream, Exclude<ReadyBody, null>>();

/** All that a stream will give, where it is the untouched one of a light Response. */
export function wholeOf(stream: ReadableStream): Exclude<ReadyBody, null> | undefined {
  // Node's types know its own streams only there.
  return stream.locked || Readable.isDisturbed(stream as never) ? undefined : wholes.get(stream);
}

/** Leaves a stream as if it had been read for being sent. */
export function useUp(stream: ReadableStream): void {
  void stream.getReader().cancel();
}

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
    if (this.#body === null) return null;
    const { body } = this.real();
    if (body !== null) wholes.set(body, this.#body);
    return body;
  }

  get bodyUsed(): boolean {
    return this.#real?.bodyUsed ?? (this.#sent && this.#body !== null);
  }

  /**
   * Status and headers for another Response.
   *
   * @param hasBody - some statuses cannot have one
   * @param type - the content type unless the headers tell another
   * @returns undefined where the platform has to make one of the two
   */
  headFor(hasBody: boolean, type: HeaderLine | undefined): ResponseHead | undefined {
    const { status, statusText } = this;
    if (this.#headers !== undefined || type !== undefined) {
      return readHead({ status, statusText, headers: this.headers }, hasBody, type);
    }
    if (hasBody && isBodyless(status)) return undefined;
    return { status, statusText, headerText: this.#headerText, headerCount: this.#headerCount };
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
      if (this.#sent && this.#real.body !== null) useUp(this.#real.body);
    }
    if (this.#headers !== undefined && this.#headers !== this.#real.headers) {
      replaceHeaders(this.#real.headers, this.#headers);
    }
    return this.#real;
  }

  /** Sends the whole answer at once. False where it has to be sent as any Response is. */
  send(request: RawRequest, response: RawResponse): boolean {
    if (!this.#isReady) return false;
    const { text, count } = this.#lines;
    // There the order of the lines counts.
    if (this.#body === null && text.includes('x-litespeed-location')) return false;
    this.#sent = true;
    // What GET would get has a length that is not known where there is no body.
    const announceLength = this.#body !== null || request.method !== 'HEAD';
    response.sendLines(this.status, text, count, this.#body, announceLength);
    return true;
  }

  /** Whether the body is still there, and nobody has a stream of it. */
  get #isReady(): boolean {
    return this.#real === undefined && (!this.#sent || this.#body === null);
  }

  get #lines(): HeaderText {
    if (this.#headers !== undefined) return toHeaderText(this.#headers);
    return { text: this.#headerText, count: this.#headerCount };
  }
}

function replaceHeaders(target: Headers, source: Headers): void {
  for (const name of [...target.keys()]) target.delete(name);
  for (const [name, value] of source) target.append(name, value);
}
