import { readdirSync, readFileSync, statSync } from 'node:fs';
import { cpus } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { LsapiError } from '../errors.js';
import {
  entriesOf,
  leadingNumber,
  parsePlainConfig,
  valueOf,
  type ConfigEntry,
  type PlainConfig,
} from './plain-config.js';

/** Where an installation keeps its configuration, below the server's root. */
export const SERVER_CONFIG = 'conf/httpd_config.conf';
/** The configuration of LiteSpeed Web Server Enterprise, which is XML. */
export const ENTERPRISE_CONFIG = 'conf/httpd_config.xml';

/** A configuration file. Texts are latin1: each byte is one character, so that edits keep those that are no UTF-8. */
export interface ConfigFile {
  readonly path: string;
  readonly config: PlainConfig;
}

/** An entry, and the file that it stands in. */
export interface PlacedEntry {
  readonly entry: ConfigEntry;
  readonly file: ConfigFile;
}

/** One virtual host, or the template that several are made from. */
export interface VirtualHost {
  readonly name: string;
  /** Its own configuration file, as the server's names it. */
  readonly path: string;
  /** That file; `undefined`: it cannot be read. */
  readonly file: ConfigFile | undefined;
  /** Whether virtual hosts of other names are made from it. */
  readonly isTemplate: boolean;
  /** VH_ROOT and the document root, absolute; `undefined` where the configuration does not tell. */
  readonly root: string | undefined;
  readonly documentRoot: string | undefined;
  readonly entries: readonly PlacedEntry[];
}

/** What the configuration of an OpenLiteSpeed says. */
export interface ServerTree {
  readonly root: string;
  readonly file: ConfigFile;
  readonly entries: readonly PlacedEntry[];
  readonly virtualHosts: readonly VirtualHost[];
}

/** What variables of a configuration stand for. */
export interface ConfigVariables {
  readonly serverRoot: string;
  readonly host: Pick<VirtualHost, 'name' | 'root' | 'documentRoot' | 'isTemplate'> | undefined;
}

/**
 * Reads the configuration below a server's root, with what it includes.
 *
 * @throws LsapiError `LSAPI_ERR_INSTALL` where there is none that can be read
 */
export function readServerTree(root: string): ServerTree {
  const path = join(root, SERVER_CONFIG);
  let file: ConfigFile;
  try {
    file = readConfigFile(path);
  } catch (error) {
    throw new LsapiError(
      'LSAPI_ERR_INSTALL',
      `${path} cannot be read (${reasonOf(error)}). Name the directory where OpenLiteSpeed is with --server-root, and run this as a user who may read its configuration.`,
      { cause: error },
    );
  }
  const entries = placed(file, root);
  const top = entries.map(({ entry }) => entry);
  const virtualHosts = [
    ...entriesOf(top, 'virtualhost').map((entry) => virtualHost(entry, root)),
    ...entriesOf(top, 'vhtemplate').map((entry) => template(entry, root)),
  ];
  return { root, file, entries, virtualHosts };
}

/**
 * Processes of the server, each of which has connections of its own to an external app, and starts it for itself unless
 * it is detached: `httpdWorkers`, by default one for each processor, 8 at most (`HttpServerImpl::configServerBasic2`).
 */
export function serverWorkers(tree: ServerTree | undefined): number {
  const setting = tree?.entries.find(({ entry }) => entry.keyword === 'httpdworkers')?.entry.value;
  const number = leadingNumber(setting);
  return number !== undefined && number >= 1 && number <= 16 ? number : Math.min(8, cpus().length || 1);
}

/** @throws what the file system says */
export function readConfigFile(path: string): ConfigFile {
  return { path, config: parsePlainConfig(readFileSync(path, 'latin1')) };
}

/** A text of a configuration file, as people read it. */
export function fromLatin1(text: string): string {
  return Buffer.from(text, 'latin1').toString();
}

/** A text that people wrote, as it stands in a configuration file. */
export function toLatin1(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** A value with its variables replaced (`ConfigCtx::expandVariable`); those that are not known stay. */
export function expandVariables(value: string, { serverRoot, host }: ConfigVariables): string {
  return value.replace(/\$(VH_NAME|VH_ROOT|DOC_ROOT|SERVER_ROOT)/gi, (whole, name: string) => {
    switch (name.toUpperCase()) {
      case 'VH_NAME':
        return host === undefined || host.isTemplate ? whole : host.name;
      case 'VH_ROOT':
        return withoutSlash(host?.root) ?? whole;
      case 'DOC_ROOT':
        return withoutSlash(host?.documentRoot) ?? whole;
      default:
        return serverRoot;
    }
  });
}

/** The absolute path that a value means: relative ones begin at the server's root. `undefined`: nobody can tell. */
export function pathOf(value: string | undefined, variables: ConfigVariables): string | undefined {
  if (value === undefined) return undefined;
  const expanded = expandVariables(fromLatin1(value), variables);
  return expanded.includes('$') ? undefined : resolve(variables.serverRoot, expanded);
}

function virtualHost(entry: ConfigEntry, serverRoot: string): VirtualHost {
  const name = fromLatin1(entry.value);
  const unrooted = { name, isTemplate: false, root: undefined, documentRoot: undefined };
  const root = pathOf(valueOf(entry, 'vhroot'), { serverRoot, host: unrooted });
  const host = { ...unrooted, root };
  const path =
    pathOf(valueOf(entry, 'configfile'), { serverRoot, host }) ??
    join(serverRoot, 'conf/vhosts', name, 'vhconf.conf');
  const file = tryReading(path);
  const entries = file === undefined ? [] : placed(file, serverRoot);
  const docRoot = entries.find(({ entry: { keyword } }) => keyword === 'docroot')?.entry.value;
  return { ...host, path, file, entries, documentRoot: documentRootOf(docRoot, serverRoot, host) };
}

function template(entry: ConfigEntry, serverRoot: string): VirtualHost {
  const name = fromLatin1(entry.value);
  const host = { name, isTemplate: true, root: undefined, documentRoot: undefined };
  const path =
    pathOf(valueOf(entry, 'templatefile'), { serverRoot, host }) ?? join(serverRoot, 'conf/templates', name);
  const file = tryReading(path);
  const config = entriesOf(file?.config.entries, 'virtualhostconfig')[0]?.children ?? [];
  const entries = file === undefined ? [] : config.map((inner) => ({ entry: inner, file }));
  return { ...host, path, file, entries };
}

function documentRootOf(
  value: string | undefined,
  serverRoot: string,
  host: VirtualHost | Omit<VirtualHost, 'path' | 'file' | 'entries'>,
): string | undefined {
  if (value === undefined || value === '') return undefined;
  const expanded = expandVariables(fromLatin1(value), { serverRoot, host });
  if (expanded.includes('$')) return undefined;
  return host.root === undefined && !expanded.startsWith('/')
    ? undefined
    : resolve(host.root ?? '/', expanded);
}

/** The entries of a file, those of the files that it includes in the place where it does. */
function placed(file: ConfigFile, serverRoot: string, seen: readonly string[] = []): PlacedEntry[] {
  return file.config.entries.flatMap((entry): PlacedEntry[] => {
    if (entry.keyword !== 'include') return [{ entry, file }];
    const target = entry.value.replace(/^\$SERVER_ROOT\//i, `${serverRoot}/`);
    const chain = [...seen, file.path];
    return filesOf(resolve(dirname(file.path), fromLatin1(target)))
      .filter((path) => !chain.includes(path))
      .flatMap((path) => {
        const included = tryReading(path);
        return included === undefined ? [] : placed(included, serverRoot, chain);
      });
  });
}

/** Files of an `include`: one, the `*.conf` of a directory, or those of a pattern. */
function filesOf(target: string): string[] {
  const isPattern = /[*?[]/.test(basename(target));
  const directory = isPattern ? dirname(target) : target;
  if (!isPattern && statSync(target, { throwIfNoEntry: false })?.isDirectory() !== true) return [target];
  const pattern = isPattern ? patternOf(basename(target)) : /\.conf$/;
  try {
    return readdirSync(directory)
      .filter((name) => pattern.test(name) && !name.endsWith('~') && !name.endsWith(',v'))
      .sort()
      .map((name) => join(directory, name));
  } catch {
    return [];
  }
}

function patternOf(glob: string): RegExp {
  const source = glob
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]');
  try {
    return new RegExp(`^${source}$`);
  } catch {
    return /^$/;
  }
}

function tryReading(path: string): ConfigFile | undefined {
  try {
    return readConfigFile(path);
  } catch {
    return undefined;
  }
}

function withoutSlash(path: string | undefined): string | undefined {
  return path === undefined || path === '/' ? path : path.replace(/\/+$/, '');
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
