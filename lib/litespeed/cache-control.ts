import { cacheError } from './cache-text.js';
import type { HeaderPair } from './header.js';

/** What LSCache is to do with a response. */
export interface CacheControlOptions {
  /**
   * `public`: one copy for everybody. `private`: one for each client, told apart by address and session cookies.
   * `shared`: a private page that may be kept once, because what differs comes by ESI.
   */
  readonly scope?: 'public' | 'private' | 'shared';
  /** Seconds that a copy may be used, 0 to 2147483647. */
  readonly maxAge?: number;
  /** The same as `s-maxage`, which comes before `maxAge`. */
  readonly sharedMaxAge?: number;
  /** Nothing is kept; alone, as the server forgets it when it sees an age. */
  readonly noCache?: boolean;
  /** Nothing is kept, and nothing else may be said. */
  readonly noStore?: boolean;
  /** Whether ESI tags in the body are carried out. */
  readonly esi?: boolean;
  /** The variants of the page, by cookies or values, are one. */
  readonly noVary?: boolean;
}

/** The server reads ages with `atoi`. */
const MAXIMUM_AGE = 2 ** 31 - 1;

/**
 * X-LiteSpeed-Cache-Control: whether, for whom and for how long LSCache keeps this response. The server prefers it to
 * Cache-Control, which so remains for browsers.
 *
 * The grammar is that of https://docs.litespeedtech.com/lscache/devguide/controls/ and of OpenLiteSpeed 1.9.1
 * (`cachectrl.cpp`), where an age makes a page cacheable whatever else is said.
 *
 * @throws LsapiError LSAPI_ERR_LITESPEED_CACHE for options that contradict each other, or say nothing
 */
export function cacheControl(options: CacheControlOptions): HeaderPair {
  const { scope, maxAge, sharedMaxAge, noCache = false, noStore = false, esi, noVary = false } = options;
  const parts: string[] = [];
  if (noCache) parts.push('no-cache');
  if (noStore) parts.push('no-store');
  const forbids = parts.length > 0;
  if (scope !== undefined) parts.push(scopeText(scope));
  if (noVary) parts.push('no-vary');
  if (maxAge !== undefined) parts.push(`max-age=${checkedAge('maxAge', maxAge)}`);
  if (sharedMaxAge !== undefined) parts.push(`s-maxage=${checkedAge('sharedMaxAge', sharedMaxAge)}`);
  if (forbids && (scope !== undefined || noVary || maxAge !== undefined || sharedMaxAge !== undefined)) {
    throw error(
      'noCache and noStore cannot go with scope, ages or noVary: the server would keep the page. Leave out one of them.',
    );
  }
  if (esi !== undefined) parts.push(esi ? 'esi=on' : 'esi=off');
  if (parts.length === 0) {
    throw error('nothing is said. Give a scope and maxAge, or noCache.');
  }
  return ['X-LiteSpeed-Cache-Control', parts.join(',')];
}

function scopeText(scope: 'public' | 'private' | 'shared'): string {
  switch (scope) {
    case 'public':
    case 'private':
      return scope;
    case 'shared':
      return 'shared,private';
    default:
      throw error(`scope must be "public", "private" or "shared", not ${JSON.stringify(scope)}.`);
  }
}

function checkedAge(name: string, seconds: number): number {
  if (Number.isInteger(seconds) && seconds >= 0 && seconds <= MAXIMUM_AGE) return seconds;
  throw error(`${name} must be whole seconds from 0 to ${MAXIMUM_AGE}, not ${String(seconds)}.`);
}

function error(reason: string): Error {
  return cacheError('cacheControl()', reason);
}
