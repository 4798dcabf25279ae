import { LsapiError } from '../errors.js';
import type { RawRequest } from '../raw/raw-request.js';
import type { RawResponse } from '../raw/raw-response.js';
import { announcedLength, checkChunk, checkHeaders, checkStatus } from './checks.js';
import type { StartResponse, WsgiChunk, WsgiHeaders, WsgiWrite } from './wsgi.js';

/**
 * PEP 3333's rules for what an application sends: the header leaves with the first part that is not empty, or at the
 * end, and can be replaced until then.
 */
export class WsgiResponse {
  readonly startResponse: StartResponse;
  readonly write: WsgiWrite;
  readonly #request: RawRequest;
  readonly #response: RawResponse;
  /** 0 before startResponse(). */
  #status = 0;
  #headers: WsgiHeaders = [];
  /** Bytes that Content-Length announces and that have not come yet; -1 where they do not count. */
  #left = -1;

  constructor(request: RawRequest, response: RawResponse) {
    this.#request = request;
    this.#response = response;
    // Functions of their own: applications get them without an object.
    this.startResponse = (...parameters) => this.#start(parameters);
    this.write = (chunk) => this.#write(chunk);
  }

  /** The one part that there is; its length is announced. */
  async sendWhole(chunk: WsgiChunk): Promise<void> {
    this.#accept(chunk);
    if (this.#response.headersSent) {
      if (chunk.length > 0) await this.#response.write(chunk);
      this.finish();
      return;
    }
    this.#requireComplete();
    this.#writeHead();
    this.#response.end(chunk);
  }

  /** The body is complete. */
  finish(): void {
    if (this.#status === 0) throw notStarted();
    this.#requireComplete();
    if (!this.#response.headersSent) {
      this.#writeHead();
      // The length of what GET would get is not known.
      if (this.#request.method === 'HEAD') this.#response.flush();
    }
    this.#response.end();
  }

  #start(parameters: Parameters<StartResponse>): WsgiWrite {
    if (parameters.length < 2 || parameters.length > 3) {
      throw new LsapiError(
        'LSAPI_ERR_WSGI_START',
        `startResponse(status, headers, excInfo) takes two or three arguments, not ${parameters.length}.`,
      );
    }
    const [status, headers, excInfo] = parameters;
    if (excInfo !== undefined && excInfo !== null) {
      if (this.#response.headersSent) throw errorOf(excInfo);
    } else if (this.#status !== 0) {
      throw new LsapiError(
        'LSAPI_ERR_WSGI_START',
        'startResponse() has been called already. To replace status and headers because of an error, pass the error as ' +
          'the third argument.',
      );
    }
    const code = checkStatus(status);
    checkHeaders(headers);
    const length = announcedLength(headers);
    this.#status = code;
    this.#headers = headers.map(([name, value]) => [name, value] as const);
    const bodyless = this.#request.method === 'HEAD' || code === 204 || code === 205 || code === 304;
    this.#left = bodyless ? -1 : length;
    return this.write;
  }

  #write(chunk: WsgiChunk): true | Promise<void> {
    this.#accept(chunk);
    if (chunk.length === 0) return true;
    this.#writeHead();
    return this.#response.write(chunk);
  }

  #accept(chunk: WsgiChunk): void {
    checkChunk(chunk);
    if (this.#status === 0) throw notStarted();
    if (this.#left === -1) return;
    const size = Buffer.byteLength(chunk);
    if (size > this.#left) {
      throw new LsapiError(
        'LSAPI_ERR_CONTENT_LENGTH',
        `The body is longer than its Content-Length: ${size} bytes came where ${this.#left} were left.`,
      );
    }
    this.#left -= size;
  }

  #requireComplete(): void {
    if (this.#left <= 0) return;
    throw new LsapiError(
      'LSAPI_ERR_CONTENT_LENGTH',
      `The body is shorter than its Content-Length: ${this.#left} bytes are missing.`,
    );
  }

  #writeHead(): void {
    if (!this.#response.headersSent) this.#response.writeHead(this.#status, this.#headers);
  }
}

function notStarted(): LsapiError {
  return new LsapiError(
    'LSAPI_ERR_WSGI_START',
    'The application sends a part of its body, or has come to its end, and has not called startResponse() before.',
  );
}

/** The error in Python's triple, or what was passed in its place. */
function errorOf(excInfo: unknown): unknown {
  return Array.isArray(excInfo) && excInfo.length === 3 ? excInfo[1] : excInfo;
}
