/**
 * The configuration of `lsnode.config.json`, or the default export of `lsnode.config.mjs`: the five directives as an
 * object. Text is ordinary Unicode text here.
 *
 * ```json
 * {
 *   "scriptAliases": [{ "url": "/shop", "target": "/srv/shop/app.js" }],
 *   "locations": [{ "path": "/shop/admin", "scriptReloading": false }]
 * }
 * ```
 */
export interface LsnodeConfiguration extends HostConfiguration {
  /** Hosts with aliases and settings of their own, chosen by the name in the request. */
  readonly virtualHosts?: readonly VirtualHostConfiguration[];
}

/** What can be said of the whole server and of a virtual host. */
export interface HostConfiguration extends SectionConfiguration {
  /** `host` or `host:port`; `%{SERVER}` and `%{RESOURCE}` are made of it. */
  readonly serverName?: string;
  /** Absolute path; default: what the web server says. */
  readonly documentRoot?: string;
  /** The first that matches is taken; those of a virtual host come first. */
  readonly scriptAliases?: readonly ScriptAliasConfiguration[];
  /** Applied from short paths to long ones. */
  readonly directories?: readonly DirectoryConfiguration[];
  /** Applied in their order: a later one wins. */
  readonly locations?: readonly PlaceConfiguration[];
}

/** A host of its own. */
export interface VirtualHostConfiguration extends HostConfiguration {
  readonly serverName: string;
  /** Further names, `*` and `?` as wildcards. */
  readonly serverAliases?: readonly string[];
}

/** WSGIScriptAlias (with `url`) or WSGIScriptAliasMatch (with `match`). */
export interface ScriptAliasConfiguration {
  /** URL path that the script, or directory of scripts, is mounted at. */
  readonly url?: string;
  /** Perl-compatible expression, searched for in the decoded path. */
  readonly match?: string;
  /** Absolute path of a script or directory; with `$0`-`$9` for `match`. */
  readonly target: string;
  readonly applicationGroup?: string;
  readonly callableObject?: string;
}

/** Settings of the three other directives, and what goes with them. */
export interface SectionConfiguration {
  /** WSGIApplicationGroup: a name, `%{GLOBAL}`, `%{SERVER}`, `%{RESOURCE}` (default) or `%{ENV:name}`. */
  readonly applicationGroup?: string;
  /** WSGICallableObject: name of the export, or `%{ENV:name}`; default: `application`. */
  readonly callableObject?: string;
  /** WSGIScriptReloading; default: `true`. */
  readonly scriptReloading?: boolean;
  /** SetEnv: variables for `%{ENV:name}`. */
  readonly environment?: Readonly<Record<string, string>>;
  /** For files of a name, wherever they are in this part. */
  readonly files?: readonly FilesConfiguration[];
}

/** A part of the site: either `path` (wildcards allowed) or `match`, an expression. */
export interface PlaceConfiguration extends Omit<SectionConfiguration, 'files'> {
  readonly path?: string;
  readonly match?: string;
}

/** A directory and everything below. */
export interface DirectoryConfiguration extends PlaceConfiguration {
  readonly files?: readonly FilesConfiguration[];
}

/** Files by name: either `name` (wildcards allowed) or `match`, an expression. */
export interface FilesConfiguration extends Omit<SectionConfiguration, 'files'> {
  readonly name?: string;
  readonly match?: string;
}
