import { inspect } from 'node:util';
import { isUint8Array } from 'node:util/types';
import { LsapiError } from '../errors.js';
import { toServerStatus } from '../native/status.js';
import type { WsgiChunk, WsgiHeaders, WsgiResult } from './wsgi.js';

// What Python's wsgiref.validate checks of an application, less what it merely advises: a missing Content-Type, or one
// in a 204 or 304, is left to the application.

const STATUS = /^\d{3}(?: [^\x00-\x1f\x7f]*)?$/;
const HEADER_NAME = /^[A-Za-z][\w-]*$/;
/** PEP 3333: these are between client and server. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'trailers',
  'transfer-encoding',
  'upgrade',
]);

/**
 * The number in a status string.
 *
 * @throws LsapiError LSAPI_ERR_STATUS
 */
export function checkStatus(status: unknown): number {
  if (typeof status !== 'string' || !STATUS.test(status)) {
    throw new LsapiError(
      'LSAPI_ERR_STATUS',
      `The status of startResponse() is a string such as '200 OK': three digits, a space, a reason phrase without ` +
        `control characters; not ${show(status)}.`,
    );
  }
  const code = Number(status.slice(0, 3));
  toServerStatus(code);
  return code;
}

/** @throws LsapiError LSAPI_ERR_HEADER_INVALID */
export function checkHeaders(headers: unknown): asserts headers is WsgiHeaders {
  if (!Array.isArray(headers)) {
    throw invalidHeader(
      `The headers of startResponse() are an array of [name, value], not ${show(headers)}.`,
    );
  }
  for (const header of headers as unknown[]) {
    if (!Array.isArray(header) || header.length !== 2) {
      throw invalidHeader(`Each header of startResponse() is an array [name, value], not ${show(header)}.`);
    }
    checkHeader(header[0], header[1]);
  }
}

function checkHeader(name: unknown, value: unknown): void {
  if (typeof name !== 'string' || !HEADER_NAME.test(name) || /[-_]$/.test(name)) {
    throw invalidHeader(
      `The header name ${show(name)} must be a string of letters, digits, - and _ that begins with a letter and does ` +
        'not end with - or _.',
    );
  }
  const lowerCaseName = name.toLowerCase();
  if (lowerCaseName === 'status') {
    throw invalidHeader(
      'The header "Status" cannot be sent: the status is the first argument of startResponse().',
    );
  }
  if (HOP_BY_HOP.has(lowerCaseName)) {
    throw invalidHeader(`The header "${name}" is hop-by-hop: it is the web server's to send. Leave it out.`);
  }
  if (typeof value !== 'string' || /[\x00-\x1f]|[^\x00-\xff]/.test(value)) {
    throw invalidHeader(
      `The value of the header "${name}" must be a string without control characters and beyond latin1 (U+00FF), not ` +
        `${show(value)}.`,
    );
  }
}

/**
 * What Content-Length announces; -1 without one.
 *
 * @throws LsapiError LSAPI_ERR_CONTENT_LENGTH
 */
export function announcedLength(headers: WsgiHeaders): number {
  let length = -1;
  for (const [name, value] of headers) {
    if (name.toLowerCase() !== 'content-length') continue;
    if (!/^\d{1,15}$/.test(value) || length !== -1) {
      throw new LsapiError(
        'LSAPI_ERR_CONTENT_LENGTH',
        `There may be one Content-Length, of digits only, not ${show(value)}${length === -1 ? '' : ' as a second one'}.`,
      );
    }
    length = Number(value);
  }
  return length;
}

/** @throws LsapiError LSAPI_ERR_WSGI_BODY */
export function checkChunk(chunk: unknown): asserts chunk is WsgiChunk {
  if (typeof chunk === 'string' || isUint8Array(chunk)) return;
  throw new LsapiError(
    'LSAPI_ERR_WSGI_BODY',
    `The parts of a WSGI response are Uint8Arrays (Buffers) or strings, not ${show(chunk)}.`,
  );
}

/** @throws LsapiError LSAPI_ERR_WSGI_BODY */
export function checkResult(result: unknown): asserts result is WsgiResult {
  if (typeof result === 'string' || isUint8Array(result)) {
    throw new LsapiError(
      'LSAPI_ERR_WSGI_BODY',
      'A WSGI application returns an iterable of the parts of its body. Put the one part into an array: [body].',
    );
  }
  if (typeof result === 'object' && result !== null) {
    if (Symbol.asyncIterator in result || Symbol.iterator in result) return;
  }
  throw new LsapiError(
    'LSAPI_ERR_WSGI_BODY',
    `A WSGI application returns an iterable or an async iterable, an empty array at least, not ${show(result)}.`,
  );
}

function invalidHeader(message: string): LsapiError {
  return new LsapiError('LSAPI_ERR_HEADER_INVALID', message);
}

function show(value: unknown): string {
  return inspect(value, { depth: 0, maxStringLength: 100 });
}
