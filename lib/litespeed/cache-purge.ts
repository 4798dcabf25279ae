import { cacheError, checkedTag } from './cache-text.js';
import type { HeaderPair } from './header.js';

/** What is to be thrown out of the cache: of tags, URLs and everything at least one. */
export interface CachePurge {
  /** `private`: out of the private cache of the client that gets this response. `public` unless given. */
  readonly scope?: 'public' | 'private';
  /** Pages that have one of these tags. */
  readonly tags?: readonly string[];
  /** Pages of these URLs: path, and the query if there is one, exactly as they are asked for. */
  readonly urls?: readonly string[];
  /** Every page. */
  readonly everything?: boolean;
  /** The pages may be used once more while they are made anew, so that not all clients wait. */
  readonly stale?: boolean;
}

/**
 * X-LiteSpeed-Purge: what is to be thrown out of the cache once this response has come. Several purges make one header,
 * as OpenLiteSpeed drops what two headers of a name have in common.
 *
 * The grammar is that of https://docs.litespeedtech.com/lscache/devguide/controls/: groups with a semicolon between
 * them. OpenLiteSpeed 1.9.1 (`cache.cpp`, `processPurge2`) takes one URL in a group, so each has its own.
 *
 * @throws LsapiError LSAPI_ERR_LITESPEED_CACHE for tags and URLs that the header cannot carry, or a purge of nothing
 */
export function cachePurge(...purges: readonly CachePurge[]): HeaderPair {
  const groups = purges.flatMap(groupsOf);
  if (groups.length === 0) throw error('there is nothing to purge. Give tags, URLs or everything.');
  return ['X-LiteSpeed-Purge', [...new Set(groups)].join(';')];
}

function groupsOf(purge: CachePurge): string[] {
  const { scope = 'public', tags = [], urls = [], everything = false, stale = false } = purge;
  if (scope !== 'public' && scope !== 'private') {
    throw error(`scope must be "public" or "private", not ${JSON.stringify(scope)}.`);
  }
  const contents = urls.map(checkedUrl);
  if (tags.length > 0)
    contents.unshift(tags.map((tag) => `tag=${checkedTag('cachePurge()', tag)}`).join(','));
  if (everything) contents.unshift('*');
  if (contents.length === 0)
    throw error('a purge has no tags, no URLs and not everything: it purges nothing.');
  const prefix = stale ? `${scope},stale` : scope;
  return contents.map((content) => `${prefix},${content}`);
}

function checkedUrl(url: string): string {
  if (typeof url !== 'string' || !url.startsWith('/')) {
    throw error(
      `the URL ${JSON.stringify(url)} must begin with a slash: path and query, without scheme and host.`,
    );
  }
  if (/[^\u0021-\u007e]|[,;#]/.test(url)) {
    throw error(
      `the URL ${JSON.stringify(url.slice(0, 80))} has a character that the header cannot carry: comma, semicolon, "#", ` +
        'space, or one that has to be percent-encoded. Purge the page by a tag.',
    );
  }
  return url;
}

function error(reason: string): Error {
  return cacheError('cachePurge()', reason);
}
