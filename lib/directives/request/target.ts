import { refusal, type Refusal } from './types.js';

/** A request target, taken apart; the path as it was sent. */
export interface Target {
  readonly path: string;
  /** Behind the first `?`; `undefined` if there is none. */
  readonly query: string | undefined;
  /** Of an absolute target; both in lower case. */
  readonly scheme?: string;
  /** Host and port of an absolute target, as written. */
  readonly authority?: string;
}

/** Takes a target apart. Slashes at its very start count as one. */
export function parseTarget(uri: string): Target | Refusal {
  if (/[\x00-\x20#\x7f]/.test(uri)) return refusal(400, `invalid character in the request target ${uri}`);
  const absolute = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?]*)/.exec(uri);
  const scheme = absolute?.[1]?.toLowerCase();
  const authority = absolute?.[2]?.toLowerCase();
  if (scheme !== undefined && (!/^https?$/.test(scheme) || authority?.includes('@')))
    return refusal(400, `invalid request target ${uri}`);
  const rest = uri.slice(absolute?.[0].length ?? 0).replace(/^\/+/, '/');
  const mark = rest.indexOf('?');
  const path = (mark < 0 ? rest : rest.slice(0, mark)) || '/';
  if (!path.startsWith('/')) return refusal(400, `invalid URI path (${path})`);
  const query = mark < 0 ? undefined : rest.slice(mark + 1);
  return scheme === undefined || authority === undefined
    ? { path, query }
    : { path, query, scheme, authority };
}

/**
 * The path as it is looked up: `%XX` decoded once, dot segments and, with `mergeSlashes`, runs of slashes removed.
 *
 * @param encodedSlashes AllowEncodedSlashes: what becomes of `%2F`
 */
export function decodePath(
  path: string,
  mergeSlashes: boolean,
  encodedSlashes: 'refuse' | 'decode' | 'keep',
): string | Refusal {
  if (/%(?![0-9A-Fa-f]{2})/.test(path)) return refusal(400, `invalid URI path (${path})`);
  // In this order: letters, digits and "-._~" first, since dots make segments; everything else behind the segments.
  const unreserved = path.replace(/%(?:2[DE]|3[0-9]|[46][1-9A-F]|[57][0-9A]|5F|7E)/gi, decodeEscape);
  const clean = removeDotSegments(mergeSlashes ? unreserved.replace(/\/{2,}/g, '/') : unreserved);
  if (clean.aboveRoot) return refusal(400, `invalid URI path (${path})`);
  if (/%00/.test(clean.path) || (encodedSlashes === 'refuse' && /%2f/i.test(clean.path)))
    return refusal(404, `found %2f (encoded '/') in URI path (${path}), returning 404`);
  if (encodedSlashes === 'keep') return clean.path.replace(/%(?!2f)[0-9A-Fa-f]{2}/gi, decodeEscape);
  const decoded = clean.path.replace(/%[0-9A-Fa-f]{2}/g, decodeEscape);
  if (encodedSlashes === 'refuse' || decoded === clean.path) return decoded;
  // Decoded slashes may have made new segments; above the root is the root this time.
  return removeDotSegments(mergeSlashes ? decoded.replace(/\/{2,}/g, '/') : decoded).path;
}

/** Removes `.` and `..` segments. `..` takes an empty segment away, too. */
export function removeDotSegments(path: string): { path: string; aboveRoot: boolean } {
  const kept: string[] = [];
  let aboveRoot = false;
  const segments = path.slice(1).split('/');
  segments.forEach((segment, at) => {
    const last = at === segments.length - 1;
    if (segment === '..') {
      if (kept.length === 0) aboveRoot = true;
      else kept.pop();
    }
    if (segment !== '.' && segment !== '..') kept.push(segment);
    else if (last) kept.push('');
  });
  return { path: `/${kept.join('/')}`, aboveRoot };
}

/** Encodes a path for a `Location` header. */
export function encodePath(path: string): string {
  return path.replace(/[^A-Za-z0-9$\-_.+!*'(),:@&=/~;]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

function decodeEscape(escape: string): string {
  return String.fromCharCode(parseInt(escape.slice(1), 16));
}
