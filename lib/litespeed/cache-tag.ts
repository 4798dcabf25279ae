import { cacheError, checkedTag } from './cache-text.js';
import type { HeaderPair } from './header.js';

/** Tags of a page of the private cache. */
export interface ScopedTags {
  /** Purged with the public cache: `public:` stands before each. */
  readonly public?: readonly string[];
  /** Purged for one client, with the private cache. */
  readonly private?: readonly string[];
}

/**
 * X-LiteSpeed-Tag: names by which this page can be purged, with all others that have them.
 *
 * A list is the page's own: its tags are public or private as the page is. A private page can have public tags too, by
 * which it is purged for everybody: `cacheTag({ public: ['products'], private: ['cart'] })`. All tags are in one header,
 * as OpenLiteSpeed reads one only.
 *
 * See https://docs.litespeedtech.com/lscache/devguide/controls/.
 *
 * @throws LsapiError LSAPI_ERR_LITESPEED_CACHE for tags that the header cannot carry, or none at all
 */
export function cacheTag(tags: readonly string[] | ScopedTags): HeaderPair {
  const texts = isList(tags)
    ? tags.map(checked)
    : [...(tags.public ?? []).map((tag) => `public:${checked(tag)}`), ...(tags.private ?? []).map(checked)];
  if (texts.length === 0)
    throw cacheError('cacheTag()', 'there is no tag. Give one, or leave the header out.');
  return ['X-LiteSpeed-Tag', [...new Set(texts)].join(',')];
}

function isList(tags: readonly string[] | ScopedTags): tags is readonly string[] {
  return Array.isArray(tags);
}

function checked(tag: string): string {
  return checkedTag('cacheTag()', tag);
}
