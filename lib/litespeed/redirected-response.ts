import type { ServerResponse } from 'node:http';
import { LsapiError } from '../errors.js';
import type { HeaderPair } from './header.js';
import { internalRedirect } from './internal-redirect.js';

/**
 * Ends a response of the node style with an internal redirect. The headers that it has are carried over where the
 * target is a file, in whatever order they were set.
 *
 * @throws LsapiError LSAPI_ERR_LITESPEED_LOCATION, with the response as it was; LSAPI_ERR_HEADERS_SENT
 */
export function redirectInternally(response: ServerResponse, uri: string): void {
  if (response.headersSent) {
    throw new LsapiError(
      'LSAPI_ERR_HEADERS_SENT',
      `No internal redirect to ${JSON.stringify(uri)}: the response has begun. Redirect before the first write().`,
    );
  }
  const headers = internalRedirect(uri, headersOf(response));
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  response.statusCode = 200; // what the target makes of it counts
  for (const [name, value] of headers) {
    if (response.hasHeader(name)) response.appendHeader(name, value);
    else response.setHeader(name, value);
  }
  response.end();
}

/**
 * A Response of the fetch style that is an internal redirect. `lsapi` sends its headers in the order that the server
 * needs.
 *
 * @throws LsapiError LSAPI_ERR_LITESPEED_LOCATION
 */
export function redirectedResponse(uri: string, carried: readonly HeaderPair[] = []): Response {
  const headers = new Headers();
  for (const [name, value] of internalRedirect(uri, carried)) headers.append(name, value);
  return new Response(null, { headers });
}

function headersOf(response: ServerResponse): HeaderPair[] {
  return response.getHeaderNames().flatMap((name) => {
    const value = response.getHeader(name);
    if (value === undefined) return [];
    return (Array.isArray(value) ? value : [String(value)]).map((item): HeaderPair => [name, item]);
  });
}
