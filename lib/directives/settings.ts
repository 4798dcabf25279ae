import type { Pattern } from './pcre/pattern.js';
import type { Expression } from './request/expression.js';
import type { Place } from './problem.js';
import type { Wildcards } from './wildcards.js';

/** `Options`: which are on (names in lower case), or which are added to and taken from those of the outer sections. */
export type OptionsChange =
  | { readonly kind: 'set'; readonly names: ReadonlySet<string> }
  | { readonly kind: 'change'; readonly add: ReadonlySet<string>; readonly remove: ReadonlySet<string> };

/** One `SetEnv`, `UnsetEnv` (no value) or `PassEnv`. */
export interface EnvironmentChange {
  readonly name: string;
  readonly value: string | undefined;
}

/** One `SetEnvIf`: what to look at, the expression, and what to set (`undefined`: unset) if it matches. */
export interface EnvironmentCondition {
  readonly attribute: string;
  readonly pattern: Pattern;
  readonly changes: readonly EnvironmentChange[];
}

/**
 * What can be said for a part of the site, by whichever directive: everything is optional, what is not said is
 * inherited. Text is one character a byte.
 */
export interface Settings {
  /** WSGIApplicationGroup as written; `''` for `%{GLOBAL}`. */
  readonly applicationGroup?: string;
  /** WSGICallableObject as written. */
  readonly callableObject?: string;
  /** WSGIScriptReloading. */
  readonly scriptReloading?: boolean;
  /** WSGIProcessGroup as written; `''` for `%{GLOBAL}`. */
  readonly processGroup?: string;
  /** SetHandler, in lower case. */
  readonly handler?: string;
  /** AddHandler by extension (lower case, no dot), handlers in lower case; RemoveHandler: `undefined`. */
  readonly handlers?: ReadonlyMap<string, string | undefined>;
  readonly options?: OptionsChange;
  readonly acceptPathInfo?: boolean;
  readonly directorySlash?: boolean;
  readonly directoryIndex?: readonly string[];
  /** FallbackResource; `undefined` in the object: not said; `''`: disabled. */
  readonly fallbackResource?: string;
  /** `Require all granted` and `Require all denied`. What else is required is the web server's to check. */
  readonly access?: 'granted' | 'denied';
  /** Override types of AllowOverride in lower case; empty: `.htaccess` is not read. */
  readonly allowOverride?: ReadonlySet<string>;
  readonly useCanonicalName?: boolean;
  readonly useCanonicalPhysicalPort?: boolean;
  /** AllowEncodedSlashes. */
  readonly encodedSlashes?: 'refuse' | 'decode' | 'keep';
  /** In the order of the configuration. */
  readonly environment?: readonly EnvironmentChange[];
  readonly conditions?: readonly EnvironmentCondition[];
}

/** A body of directives: the settings made right there, and the sections inside that depend on the request. */
export interface Body {
  readonly settings: Settings;
  readonly files: readonly FilesSection[];
  readonly conditions: readonly ConditionalSection[];
}

/** `<Files>` and `<FilesMatch>`. */
export interface FilesSection {
  readonly matches: PathTest;
  readonly body: Body;
}

/** `<If>`, `<ElseIf>`, `<Else>`. */
export interface ConditionalSection {
  /** `undefined` for `<Else>`. */
  readonly expression: Expression | undefined;
  /** The `<If>` and `<ElseIf>` before it in the chain: it applies only if none of them did. */
  readonly unless: readonly Expression[];
  readonly body: Body;
}

/** How a section names paths: text that a path must begin with, wildcards, or an expression. */
export type PathTest =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'wildcard'; readonly wildcards: Wildcards; readonly components: number }
  | { readonly kind: 'pattern'; readonly pattern: Pattern };

/** `<Directory>`, `<DirectoryMatch>`, `<Location>`, `<LocationMatch>`. */
export interface PathSection {
  readonly matches: PathTest;
  readonly body: Body;
}

/** One `WSGIScriptAlias` (`prefix`) or `WSGIScriptAliasMatch` (`pattern`). */
export interface ScriptAlias {
  readonly matches:
    | { readonly kind: 'prefix'; readonly prefix: string }
    | { readonly kind: 'pattern'; readonly pattern: Pattern };
  /** File or directory; with `$0`-`$9` for patterns. */
  readonly target: string;
  /** Options at the end of the directive; groups as written, `''` for `%{GLOBAL}`. */
  readonly options: ScriptAliasOptions;
  readonly place: Place;
}

export interface ScriptAliasOptions {
  readonly applicationGroup?: string;
  readonly processGroup?: string;
  readonly callableObject?: string;
  readonly passAuthorization?: boolean;
}

/** `Alias`, `AliasMatch`, `ScriptAlias` of the server: they go before script aliases. */
export interface PlainAlias {
  readonly matches: ScriptAlias['matches'];
  readonly target: string;
}

/** `Redirect` and `RedirectMatch`. */
export interface Redirect {
  readonly matches: ScriptAlias['matches'];
  readonly status: number;
  /** `''` for statuses that have none. */
  readonly target: string;
}

/** The server level, or one virtual host with what it inherits. */
export interface Host {
  /** ServerName without scheme and port, its case kept; `undefined`: not given. */
  readonly name: string | undefined;
  /** Scheme of ServerName. */
  readonly scheme: 'http' | 'https';
  /** Port of ServerName (or, without one, of the virtual host's address); 0: none. */
  readonly port: number;
  /** ServerAlias in lower case. */
  readonly aliases: readonly Wildcards[];
  /** Addresses of `<VirtualHost>`; host `*` for any; port 0 for any. */
  readonly addresses: readonly { readonly host: string; readonly port: number }[];
  readonly documentRoot: string | undefined;
  readonly mergeSlashes: boolean;
  readonly scriptAliases: readonly ScriptAlias[];
  readonly plainAliases: readonly PlainAlias[];
  readonly redirects: readonly Redirect[];
  readonly body: Body;
  /** Sorted as they are applied. */
  readonly directories: readonly PathSection[];
  readonly locations: readonly PathSection[];
}

/** A configuration as requests are resolved by it. */
export interface DirectiveConfiguration {
  readonly server: Host;
  readonly virtualHosts: readonly Host[];
  /** Names of WSGIDaemonProcess. */
  readonly processGroups: ReadonlySet<string>;
}
