import { substituteGroups } from '../pcre/pattern.js';
import type { Host, ScriptAlias } from '../settings.js';
import type { Addressee } from './host.js';
import { origin } from './host.js';
import { encodePath } from './target.js';
import { refusal, type Refusal } from './types.js';

/** Where a URL leads before the file system is looked at. */
export interface Mapping {
  /** Absolute path, path info included; not cleaned. */
  readonly path: string;
  /** The script alias that was taken. */
  readonly alias: ScriptAlias | undefined;
}

/**
 * How many characters of a URL path an alias takes: it must end where a component does, and runs of slashes count as
 * one. 0: it does not match.
 */
export function aliasLength(url: string, alias: string): number {
  let at = 0;
  for (let from = 0; from < alias.length;) {
    if (alias.charAt(from) === '/') {
      if (url.charAt(at) !== '/') return 0;
      while (alias.charAt(from) === '/') from++;
      while (url.charAt(at) === '/') at++;
    } else if (url.charAt(at++) !== alias.charAt(from++)) return 0;
  }
  return alias.endsWith('/') || at === url.length || url.charAt(at) === '/' ? at : 0;
}

/** The first script alias that matches, and the path that it makes of the URL. */
export function mapByScriptAlias(url: string, aliases: readonly ScriptAlias[]): Mapping | undefined {
  for (const alias of aliases) {
    const { matches } = alias;
    let taken: number;
    let root: boolean;
    let target = alias.target;
    if (matches.kind === 'prefix') {
      taken = aliasLength(url, matches.prefix);
      root = matches.prefix === '/';
    } else {
      const match = matches.pattern.exec(url);
      if (match === undefined) continue;
      taken = match.end;
      root = taken === 1;
      target = substituteGroups(target, match.groups);
    }
    if (taken > 0) return { path: target + (root ? url : url.slice(taken)), alias };
  }
  return undefined;
}

/** Maps a URL as the server would: its own aliases, then script aliases, then below the document root. */
export function mapUrl(
  url: string,
  host: Host,
  aliases: readonly ScriptAlias[],
  documentRoot: string,
): Mapping {
  for (const { matches, target } of host.plainAliases) {
    if (matches.kind === 'prefix') {
      const taken = aliasLength(url, matches.prefix);
      if (taken > 0) return { path: target + url.slice(taken), alias: undefined };
    } else {
      const match = matches.pattern.exec(url);
      if (match !== undefined) return { path: substituteGroups(target, match.groups), alias: undefined };
    }
  }
  return mapByScriptAlias(url, aliases) ?? { path: documentRoot + url, alias: undefined };
}

/** What `Redirect` and `RedirectMatch` make of a URL. */
export function redirected(url: string, query: string | undefined, to: Addressee): Refusal | undefined {
  for (const { matches, status, target } of to.host.redirects) {
    let location: string;
    if (matches.kind === 'prefix') {
      const taken = aliasLength(url, matches.prefix);
      if (taken === 0) continue;
      location = target + encodePath(url.slice(taken));
    } else {
      const match = matches.pattern.exec(url);
      if (match === undefined) continue;
      location = encodePath(substituteGroups(target, match.groups));
    }
    if (target === '') return refusal(status, 'Redirect');
    const whole = location.startsWith('/') ? origin(to, to.host.body.settings) + location : location;
    const suffix = query === undefined || target.includes('?') ? '' : `?${query}`;
    return { ...refusal(status, 'Redirect'), location: whole + suffix };
  }
  return undefined;
}
