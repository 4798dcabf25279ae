import { LsapiError } from '../errors.js';
import type { HeaderPair } from './header.js';

/** By this header the server takes the answer from another URI of the site. */
export const LOCATION_HEADER = 'X-LiteSpeed-Location';

/** Bytes of the URI that OpenLiteSpeed has room for (`httpreq.cpp`, `locationToUrl`). */
const MAXIMUM_LENGTH = 8190;

/** What the server says of a file itself, and what belongs to the body that is not sent. */
const NOT_CARRIED = new Set([
  'accept-ranges',
  'connection',
  'content-encoding',
  'content-length',
  'content-range',
  'date',
  'etag',
  'keep-alive',
  'last-modified',
  'location',
  'status',
  'transfer-encoding',
  'x-litespeed-location',
]);

/**
 * The headers of an answer that the server is to take from another URI of the same site: an internal redirect, which
 * the client does not see. The status of the answer is that of the target; a body is thrown away.
 *
 * Of a file the server also sends `carried`, as far as it does not know better (ETag, Last-Modified, Content-Length).
 * It does so only for lines behind X-LiteSpeed-Location, and once it has seen a Content-Disposition
 * (protocol §2.10, response vector 175): without one among them `inline` is added. Their order counts, so set them all
 * and in this order.
 *
 * @param uri - Path from the root of the site, and perhaps a query; percent-encoded. What is not ASCII is encoded.
 * @param carried - Further headers of the answer, if the target is a file.
 * @throws LsapiError LSAPI_ERR_LITESPEED_LOCATION for what is no such URI: another site's, one with dot segments, line
 *   breaks or a fragment, a malformed percent escape, more than 8190 bytes
 */
export function internalRedirect(uri: string, carried: readonly HeaderPair[] = []): HeaderPair[] {
  const location: HeaderPair = [LOCATION_HEADER, checkedUri(uri)];
  const others = carried.filter(([name]) => !NOT_CARRIED.has(name.toLowerCase()));
  if (others.length === 0) return [location];
  const disposition = others.find(isDisposition) ?? (['Content-Disposition', 'inline'] as const);
  return [location, disposition, ...others.filter((pair) => !isDisposition(pair))];
}

function isDisposition([name]: HeaderPair): boolean {
  return name.toLowerCase() === 'content-disposition';
}

function checkedUri(uri: string): string {
  if (typeof uri !== 'string' || !uri.startsWith('/') || uri.startsWith('//')) {
    throw invalid(uri, 'it must be a path of this site, beginning with one slash');
  }
  if (/[\u0000-\u001f\u007f]/.test(uri)) throw invalid(uri, 'it has control characters');
  if (uri.includes('#')) throw invalid(uri, 'it has a fragment; a "#" that belongs to the path is %23');
  if (/%(?![0-9a-f]{2})/i.test(uri)) throw invalid(uri, 'it has a "%" that is no escape; encode it as %25');
  const encoded = encode(uri);
  const [path = ''] = encoded.split('?', 1);
  if (/%00/.test(path)) throw invalid(uri, 'it has a NUL');
  const hasDots = path
    .replace(/%2e/gi, '.')
    .replace(/%2f/gi, '/')
    .split('/')
    .some((segment) => segment === '.' || segment === '..');
  if (hasDots) throw invalid(uri, 'it has a segment "." or ".."; resolve it');
  if (encoded.length > MAXIMUM_LENGTH) {
    throw invalid(
      uri,
      `it has ${encoded.length} bytes, more than the ${MAXIMUM_LENGTH} that the server takes`,
    );
  }
  return encoded;
}

/** Spaces and what is not ASCII as UTF-8 escapes; what is encoded stays. */
function encode(uri: string): string {
  try {
    return uri.replace(/[^\u0021-\u007e]+/g, encodeURIComponent);
  } catch {
    throw invalid(uri, 'it has half a surrogate pair');
  }
}

function invalid(uri: unknown, reason: string): LsapiError {
  const shown = typeof uri === 'string' ? JSON.stringify(uri.slice(0, 80)) : String(uri);
  return new LsapiError(
    'LSAPI_ERR_LITESPEED_LOCATION',
    `No target of an internal redirect: ${shown}: ${reason}.`,
  );
}
