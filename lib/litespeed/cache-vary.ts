import { cacheError } from './cache-text.js';
import type { HeaderPair } from './header.js';

/** What makes variants of a page. */
export interface CacheVaryOptions {
  /** Names of cookies whose values make variants. `_lscache_vary…` always do. */
  readonly cookies?: readonly string[];
  /** The name of this variant, such as `mobile`: LiteSpeed Web Server only, not OpenLiteSpeed. */
  readonly value?: string;
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * X-LiteSpeed-Vary: that a URL has variants, and by what they are told apart. When a request comes, the server looks for
 * the copy before it asks the app, so a `value` also has to be set by a rewrite rule (`E=Cache-Control:vary=mobile`).
 *
 * See https://docs.litespeedtech.com/lscache/devguide/advanced/; that OpenLiteSpeed 1.9.1 knows cookies only is read off
 * its `cache.cpp` (`scanVaryOnList`).
 *
 * @throws LsapiError LSAPI_ERR_LITESPEED_CACHE for names that the header cannot carry, or none at all
 */
export function cacheVary({ cookies = [], value }: CacheVaryOptions): HeaderPair {
  const parts = [...new Set(cookies)].map((name) => `cookie=${checkedCookie(name)}`);
  if (value !== undefined) parts.push(`value=${checkedValue(value)}`);
  if (parts.length === 0) throw error('nothing is said. Give cookies or a value, or leave the header out.');
  return ['X-LiteSpeed-Vary', parts.join(',')];
}

function checkedCookie(name: string): string {
  if (typeof name === 'string' && TOKEN.test(name)) return name;
  throw error(`${JSON.stringify(name)} is no name of a cookie.`);
}

function checkedValue(value: string): string {
  if (typeof value === 'string' && /^[\w.+-]+$/.test(value)) return value;
  throw error(`the value ${JSON.stringify(value)} must be letters, digits and "_.+-".`);
}

function error(reason: string): Error {
  return cacheError('cacheVary()', reason);
}
