import { inspect } from 'node:util';
import { LsapiError } from '../errors.js';
import { toHeaderText } from '../raw/header-text.js';
import type { RawRequest } from '../raw/raw-request.js';
import type { RawResponse } from '../raw/raw-response.js';
import { stateOf } from './fetch-response.js';
import { useUp, wholeOf } from './response-state.js';

type Body = NonNullable<Response['body']>;
type Reader = ReadableStreamDefaultReader<Uint8Array>;

/**
 * Sends what a fetch handler returned, a Response or a promise of one: at once, without a promise, where all of it is
 * there. Otherwise the promise resolves once all of it has been handed over.
 *
 * @throws LsapiError LSAPI_ERR_RESPONSE_INVALID for what is no Response, and for Response.error();
 *   LSAPI_ERR_BODY_USED for a Response whose body is gone; also what the body's stream fails with
 */
export function sendResult(
  result: unknown,
  request: RawRequest,
  response: RawResponse,
): void | Promise<void> {
  if (sendWhole(result, request, response)) return;
  // Any thenable: libraries have promises of their own. What is none is sent later too: among the promises of streams,
  // which sendBody() counts on.
  return Promise.resolve(result).then((settled) =>
    sendWhole(settled, request, response) ? undefined : sendResponse(settled, request, response),
  );
}

/** False where parts have to be waited for, or something is wrong. */
function sendWhole(result: unknown, request: RawRequest, response: RawResponse): boolean {
  if (stateOf(result)?.send(request, response) === true) return true;
  // Frameworks make a Response of the body of another, for the sake of its headers: that is no stream to be read.
  if (!(result instanceof Response) || result.body === null) return false;
  const whole = wholeOf(result.body);
  if (whole === undefined) return false;
  useUp(result.body);
  const { text, count } = toHeaderText(result.headers);
  response.sendLines(result.status, text, count, whole, true);
  return true;
}

async function sendResponse(result: unknown, request: RawRequest, response: RawResponse): Promise<void> {
  const { status, headers, body } = requireResponse(result, request);
  if (body === null) {
    response.writeHead(status, headers.has('x-litespeed-location') ? redirectHeaders(headers) : headers);
    // The length of what GET would get is not known.
    if (request.method === 'HEAD') response.flush();
    response.end();
    return;
  }
  const reader = body.getReader() as Reader;
  try {
    response.writeHead(status, headers);
    await sendBody(reader, request, response);
  } catch (error) {
    cancel(reader, error);
    throw error;
  }
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body | null;
}

function requireResponse(result: unknown, request: RawRequest): Answer {
  if (!isResponse(result)) {
    throw new LsapiError(
      'LSAPI_ERR_RESPONSE_INVALID',
      `fetch() must return a Response for ${request.method} ${request.url}, not ${inspect(result, { depth: 0 })}. ` +
        'Is a `return` missing, or a `new Response(…)`?',
    );
  }
  const { status, body } = result;
  if (result.type === 'error' || status === 0) {
    throw new LsapiError('LSAPI_ERR_RESPONSE_INVALID', 'fetch() returned Response.error(): a network error.');
  }
  if (result.bodyUsed || body?.locked === true) {
    throw new LsapiError(
      'LSAPI_ERR_BODY_USED',
      'fetch() returned a Response whose body has been read or is being read. Return its clone(), or read a clone.',
    );
  }
  return { status, headers: headersOf(result), body };
}

/** Also one of another implementation: of a package, or of another realm. */
function isResponse(value: unknown): value is Response {
  return (
    value instanceof Response ||
    (typeof value === 'object' &&
      value !== null &&
      (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] === 'Response')
  );
}

/** Codings that Node's fetch() undoes although the headers keep naming them. */
const DECODED = /^\s*(?:(?:x-)?gzip|deflate|br)\s*(?:,\s*(?:(?:x-)?gzip|deflate|br)\s*)*$/i;

/** The headers that are true of the body: what `fetch()` gave is passed on decoded. */
function headersOf(response: Response): Headers {
  const coding =
    response.url === '' || response.body === null ? null : response.headers.get('content-encoding');
  if (coding === null || !DECODED.test(coding)) return response.headers;
  const headers = new Headers(response.headers);
  headers.delete('content-encoding');
  headers.delete('content-length');
  return headers;
}

/** A Headers object is sorted by name, but what the server carries over depends on the order (protocol §2.10). */
function redirectHeaders(headers: Headers): [string, string][] {
  const rank = (name: string): number =>
    name === 'x-litespeed-location' ? 0 : name === 'content-disposition' ? 1 : 2;
  return [...headers].sort(([a], [b]) => rank(a) - rank(b));
}

/** Status and headers wait for the first part, to leave with it. */
async function sendBody(reader: Reader, request: RawRequest, response: RawResponse): Promise<void> {
  const isHead = request.method === 'HEAD';
  let next = reader.read();
  const first = await atOnce(next);
  if (first?.done === true) {
    response.end();
    return;
  }
  if (first !== undefined) {
    next = reader.read();
    const second = await atOnce(next);
    if (second?.done === true) {
      // That is all, as with text and bytes: sent as a whole, with its length.
      response.end(first.value);
      return;
    }
  }
  if (isHead) {
    response.flush();
    response.end();
    cancel(reader, undefined);
    return;
  }
  const { signal } = request;
  const stop = (): void => cancel(reader, signal.reason);
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  try {
    if (first === undefined) response.flush();
    else await response.write(first.value);
    for (let part = await next; !part.done; part = await reader.read()) await response.write(part.value);
    response.end();
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** What a promise resolves with if it does so without waiting for anything but other promises. */
function atOnce<T>(promise: Promise<T>): Promise<T | undefined> {
  return Promise.race([promise, new Promise<undefined>(afterMicrotasks)]);
}

function afterMicrotasks(resolve: (value: undefined) => void): void {
  process.nextTick(resolve, undefined);
}

/** Tells the body's source that nobody wants more. */
function cancel(reader: Reader, reason: unknown): void {
  reader.cancel(reason).catch(ignore); // what its source says to that is of no interest any more
}

function ignore(): void {}
