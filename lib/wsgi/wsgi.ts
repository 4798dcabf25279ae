import type { LiteSpeedEnvironment, LiteSpeedVariable } from '../litespeed/environment.js';
import type { WsgiErrors } from './errors-stream.js';
import type { WsgiInput } from './input.js';

/** A part of a response's body; text goes out as UTF-8. */
export type WsgiChunk = Uint8Array | string;

/** Header names and values; values are latin1. */
export type WsgiHeaders = readonly (readonly [name: string, value: string])[];

/**
 * Sends a part of the body ahead of what the application returns. Returns true, or a promise that resolves once the
 * server has taken what is pending: awaiting it gives back-pressure.
 */
export type WsgiWrite = (chunk: WsgiChunk) => true | Promise<void>;

/**
 * Begins the response.
 *
 * @param status - three digits, and mostly a reason phrase: `200 OK`. The phrase that clients see is the server's.
 * @param headers - no hop-by-hop headers, which are the server's affair
 * @param excInfo - an error, or Python's triple (type, error, traceback), where status and headers replace earlier
 *   ones. Once these have been sent it is thrown.
 * @throws LsapiError LSAPI_ERR_WSGI_START, LSAPI_ERR_STATUS, LSAPI_ERR_HEADER_INVALID, LSAPI_ERR_CONTENT_LENGTH
 */
export type StartResponse = (status: string, headers: WsgiHeaders, excInfo?: unknown) => WsgiWrite;

/** The body: parts of it, at once or as they come. `close()` is called at the end, whatever happens before. */
export type WsgiResult = (Iterable<WsgiChunk> | AsyncIterable<WsgiChunk>) & {
  /** Frees what the body holds. */
  close?(): unknown;
};

/** The server's variables, the request's headers as `HTTP_…`, and PEP 3333's own entries. */
export interface WsgiEnviron extends Pick<LiteSpeedEnvironment, LiteSpeedVariable> {
  REQUEST_METHOD: string;
  /** The path up to the application, decoded; empty at the root. */
  SCRIPT_NAME: string;
  /** The path behind SCRIPT_NAME, decoded; may be empty. */
  PATH_INFO: string;
  QUERY_STRING: string;
  SERVER_NAME: string;
  SERVER_PORT: string;
  SERVER_PROTOCOL: string;
  CONTENT_TYPE?: string;
  CONTENT_LENGTH?: string;
  'wsgi.version': readonly [1, 0];
  'wsgi.url_scheme': 'http' | 'https';
  'wsgi.input': WsgiInput;
  'wsgi.errors': WsgiErrors;
  'wsgi.multithread': boolean;
  'wsgi.multiprocess': boolean;
  'wsgi.run_once': boolean;
  /** Aborted when the client leaves, or its body stalls for too long; not in PEP 3333. */
  readonly 'lsapi.signal': AbortSignal;
  [header: `HTTP_${string}`]: string | undefined;
  [name: string]: unknown;
}

/** PEP 3333's application; may be asynchronous. */
export type WsgiApplication = (
  environ: WsgiEnviron,
  startResponse: StartResponse,
) => WsgiResult | PromiseLike<WsgiResult>;

/** Registered, so that it is the same in all copies of the package: the app's may not be the one of `lsnode`. */
const mark = Symbol.for('lsapi.wsgi');

/**
 * Marks an application as WSGI style: `export default wsgi((environ, startResponse) => …)`.
 * Returns the application itself.
 */
export function wsgi(application: WsgiApplication): WsgiApplication {
  return Object.defineProperty(application, mark, { value: true });
}

/** Whether a value was marked by {@link wsgi}. */
export function isWsgiApplication(value: unknown): value is WsgiApplication {
  return typeof value === 'function' && mark in value;
}
