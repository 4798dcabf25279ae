import { EMPTY_BODY, mergeBodies, sortDirectories } from './merge.js';
import type { Body, ConditionalSection, FilesSection, Host, PathSection, Settings } from './settings.js';
import type { Wildcards } from './wildcards.js';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** A body that is being filled. */
export interface BodyDraft {
  readonly settings: Writable<Settings>;
  readonly files: FilesSection[];
  readonly conditions: ConditionalSection[];
}

/** A host that is being filled; what is `undefined` is the server level's. */
export interface HostDraft {
  name: string | undefined;
  scheme: 'http' | 'https';
  port: number;
  aliases: Wildcards[];
  addresses: { host: string; port: number }[];
  documentRoot: string | undefined;
  mergeSlashes: boolean | undefined;
  scriptAliases: Host['scriptAliases'][number][];
  plainAliases: Host['plainAliases'][number][];
  redirects: Host['redirects'][number][];
  body: BodyDraft;
  directories: PathSection[];
  locations: PathSection[];
}

export function emptyBody(): BodyDraft {
  return { settings: {}, files: [], conditions: [] };
}

export function emptyHost(): HostDraft {
  return {
    name: undefined,
    scheme: 'http',
    port: 0,
    aliases: [],
    addresses: [],
    documentRoot: undefined,
    mergeSlashes: undefined,
    scriptAliases: [],
    plainAliases: [],
    redirects: [],
    body: emptyBody(),
    directories: [],
    locations: [],
  };
}

/** The server level as requests meet it that no virtual host takes. */
export function serverHost(draft: HostDraft): Host {
  return virtualHost(emptyHost(), draft, EMPTY_BODY);
}

/**
 * A virtual host with what it inherits: its own aliases come before those of the server level, its sections behind
 * theirs.
 */
export function virtualHost(server: HostDraft, own: HostDraft, serverBody: Body = server.body): Host {
  const ownPort = own.port !== 0 || own.name !== undefined ? own.port : (own.addresses[0]?.port ?? 0);
  return {
    name: own.name ?? server.name,
    scheme: own.name === undefined ? server.scheme : own.scheme,
    port: ownPort,
    aliases: own.aliases,
    addresses: own.addresses,
    documentRoot: own.documentRoot ?? server.documentRoot,
    mergeSlashes: own.mergeSlashes ?? server.mergeSlashes ?? true,
    scriptAliases: [...own.scriptAliases, ...server.scriptAliases],
    plainAliases: [...own.plainAliases, ...server.plainAliases],
    redirects: [...own.redirects, ...server.redirects],
    body: mergeBodies(serverBody, own.body),
    directories: sortDirectories([...server.directories, ...own.directories]),
    locations: [...server.locations, ...own.locations],
  };
}
