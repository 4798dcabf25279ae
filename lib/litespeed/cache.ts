import { inspect } from 'node:util';
import { LsapiError } from '../errors.js';
import type { HeaderLine } from './header-line.js';

/**
 * Instructions for LSCache, the page cache of LiteSpeed servers, which it takes from response headers. The grammar is
 * that of the LSCache developer guide (docs.litespeedtech.com/lscache/devguide/controls). The server takes the headers
 * away where the cache module is active, and passes them on to the client where it is not (protocol §2.10), so they
 * should say nothing secret.
 */

/** How a response is to be cached. */
export interface CachePolicy {
  /**
   * `public`: one copy for everybody (the default). `private`: one for each client. `shared`: a private one of which
   * parts are public, by `public:` tags. `no-cache`: none; nothing else may be said then.
   */
  readonly scope?: 'public' | 'private' | 'shared' | 'no-cache';
  /** Seconds for which the copy is fresh, a whole number from 0 on; `max-age`. */
  readonly maxAge?: number;
  /** The same for public copies only, before `maxAge`; `s-maxage`. */
  readonly sharedMaxAge?: number;
  /** Seconds for which a stale copy may be served while it is renewed; `max-stale`. */
  readonly maxStale?: number;
  /** Whether the body has ESI tags that the server is to fill in; `esi=on`, `esi=off`. */
  readonly esi?: boolean;
  /** `false`: one copy whatever the cache-vary value of the request; `no-vary`. */
  readonly vary?: boolean;
}

/**
 * `X-LiteSpeed-Cache-Control`.
 *
 * @throws LsapiError LSAPI_ERR_OPTION
 */
export function cacheControl(policy: CachePolicy): HeaderLine {
  const { scope = 'public', maxAge, sharedMaxAge, maxStale, esi, vary } = policy;
  if (scope === 'no-cache') {
    if (Object.keys(policy).some((name) => name !== 'scope' && name !== 'esi')) {
      throw invalid(
        `cacheControl(${inspect(policy)}): with scope "no-cache" only "esi" can be said besides.`,
      );
    }
  } else if (!['public', 'private', 'shared'].includes(scope)) {
    throw invalid(
      `cacheControl(): the scope ${inspect(scope)} is none of "public", "private", "shared", "no-cache".`,
    );
  }
  const words: string[] = [scope === 'shared' ? 'shared,private' : scope];
  if (vary === false) words.push('no-vary');
  addSeconds(words, 'max-age', 'maxAge', maxAge);
  addSeconds(words, 's-maxage', 'sharedMaxAge', sharedMaxAge);
  addSeconds(words, 'max-stale', 'maxStale', maxStale);
  if (esi !== undefined) words.push(`esi=${esi ? 'on' : 'off'}`);
  return ['X-LiteSpeed-Cache-Control', words.join(',')];
}

/**
 * `X-LiteSpeed-Tag`: names by which the copy can be purged. In a private or shared response a tag written as
 * `public:NAME` is one of its public part.
 *
 * @throws LsapiError LSAPI_ERR_OPTION
 */
export function cacheTags(...tags: string[]): HeaderLine {
  if (tags.length === 0) throw invalid('cacheTags(): give one tag at least.');
  return ['X-LiteSpeed-Tag', tags.map((tag) => token('tag', tag)).join(',')];
}

/** What copies of the same URL are told apart by, besides what the server's configuration says. */
export interface CacheVary {
  /** Cookies whose values count. */
  readonly cookies?: readonly string[];
  /** A value of the response's own, for example a currency. */
  readonly value?: string;
}

/**
 * `X-LiteSpeed-Vary`.
 *
 * @throws LsapiError LSAPI_ERR_OPTION
 */
export function cacheVary({ cookies = [], value }: CacheVary): HeaderLine {
  const words = cookies.map((name) => `cookie=${token('cookie', name)}`);
  if (value !== undefined) words.push(`value=${token('value', value)}`);
  if (words.length === 0) throw invalid('cacheVary(): give "cookies", "value" or both.');
  return ['X-LiteSpeed-Vary', words.join(',')];
}

/** Copies that are to go. Without `tags` and `urls`: all of that scope. */
export interface CachePurge {
  /** `private`: the ones of this client. Default: `public`. */
  readonly scope?: 'public' | 'private';
  /** Copies with one of these tags. */
  readonly tags?: readonly string[];
  /** Copies of these URLs, path and query, exactly as they are requested. */
  readonly urls?: readonly string[];
  /** Whether stale copies are served while the first request renews them. */
  readonly stale?: boolean;
}

/**
 * `X-LiteSpeed-Purge`.
 *
 * @throws LsapiError LSAPI_ERR_OPTION
 */
export function cachePurge(...purges: CachePurge[]): HeaderLine {
  if (purges.length === 0)
    throw invalid('cachePurge(): say what to purge; cachePurge({}) is all public copies.');
  return ['X-LiteSpeed-Purge', purges.map(purgeOf).join('; ')];
}

function purgeOf({ scope = 'public', tags = [], urls = [], stale = false }: CachePurge): string {
  if (scope !== 'public' && scope !== 'private') {
    throw invalid(`cachePurge(): the scope ${inspect(scope)} is neither "public" nor "private".`);
  }
  const words: string[] = [scope];
  if (stale) words.push('stale');
  for (const tag of tags) words.push(`tag=${token('tag', tag)}`);
  for (const url of urls) words.push(purgedUrl(url));
  if (tags.length === 0 && urls.length === 0) words.push('*');
  return words.join(', ');
}

function purgedUrl(url: string): string {
  if (typeof url === 'string' && /^\/[\x21-\x2b\x2d-\x3a\x3c-\x7e]*$/.test(url)) return url;
  throw invalid(
    `cachePurge(): the URL ${inspect(url)} cannot be named. It begins with "/", without scheme and host; blanks, commas, ` +
      'semicolons and characters beyond ASCII are percent-encoded.',
  );
}

/** The separators of these headers, and what no header may have, cannot be part of a name or value. */
function token(what: string, text: string): string {
  if (typeof text === 'string' && /^[\x21-\x2b\x2d-\x3a\x3c-\x7e]+$/.test(text)) return text;
  throw invalid(
    `The cache ${what} ${inspect(text)} cannot be sent: it is visible ASCII without blanks, commas and semicolons, ` +
      'one character at least.',
  );
}

function addSeconds(words: string[], word: string, option: string, seconds: number | undefined): void {
  if (seconds === undefined) return;
  if (!Number.isSafeInteger(seconds) || seconds < 0) {
    throw invalid(
      `cacheControl(): "${option}" is ${inspect(seconds)}, but must be a whole number of seconds from 0 on.`,
    );
  }
  words.push(`${word}=${seconds}`);
}

function invalid(message: string): LsapiError {
  return new LsapiError('LSAPI_ERR_OPTION', message);
}
