import { LsapiError } from '../errors.js';

/** @internal An error of what is said to the cache: which function, what is wrong, what to do. */
export function cacheError(what: string, reason: string): LsapiError {
  return new LsapiError('LSAPI_ERR_LITESPEED_CACHE', `${what}: ${reason}`);
}

/**
 * @internal A tag as it can stand in X-LiteSpeed-Tag and X-LiteSpeed-Purge: visible ASCII without the characters that
 * these headers give a meaning. A purge takes `~s` and `~stale` at the end of a tag for an instruction, and `*` at its
 * beginning or end for a pattern (`shmcachemanager.cpp` of OpenLiteSpeed 1.9.1, `processPurgeCmdEx`).
 */
export function checkedTag(what: string, tag: string): string {
  if (typeof tag !== 'string' || tag === '')
    throw cacheError(what, 'a tag must be a text that is not empty.');
  const shown = JSON.stringify(tag.slice(0, 80));
  if (/[^\u0021-\u007e]|[,;*]/.test(tag)) {
    throw cacheError(
      what,
      `the tag ${shown} has a character that cannot be in one: use visible ASCII without comma, semicolon, asterisk and space.`,
    );
  }
  if (/^(?:public|private):/i.test(tag)) {
    throw cacheError(
      what,
      `the tag ${shown} begins with a scope. Give the scope as an option, the tag without it.`,
    );
  }
  if (/~s(?:tale)?$/i.test(tag)) {
    throw cacheError(
      what,
      `the tag ${shown} ends with "~s" or "~stale", which a purge takes for an instruction.`,
    );
  }
  return tag;
}
