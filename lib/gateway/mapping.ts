import { statSync, type Stats } from 'node:fs';
import type { ResolvedOptions } from './options.js';
import type { RequestTarget } from './target.js';

/** The application answers. Strings are latin1. */
export interface AppMapping {
  readonly kind: 'app';
  readonly scriptName: string;
  readonly pathInfo: string | undefined;
  /** Absent if a context mapped the request, not a file (lsapi-protocol §3.1). */
  readonly scriptFilename: string | undefined;
}

/** A static file: only for internal redirects. */
export interface FileMapping {
  readonly kind: 'file';
  readonly path: string;
}

/** The server redirects to the same URL with a slash at its end. */
export interface MovedMapping {
  readonly kind: 'moved';
  readonly location: string;
}

/** Nothing there: 404. */
export interface MissingMapping {
  readonly kind: 'missing';
  readonly reason: string;
}

/** Who answers a request. */
export type Mapping = AppMapping | FileMapping | MovedMapping | MissingMapping;

type MappingOptions = Pick<ResolvedOptions, 'contexts' | 'documentRoot' | 'scriptSuffixes'>;

/**
 * Maps a request to the application as OpenLiteSpeed does (lsapi-protocol §3.1, "Path mapping observed"): the longest
 * context whose URI is a prefix of the path, else a script file below the document root.
 */
export function mapRequest(options: MappingOptions, target: RequestTarget): Mapping {
  return (
    mapToContext(options.contexts, target) ??
    mapToFile(options, target, false) ??
    missing('no context of the gateway covers this path, and there is no such script')
  );
}

/**
 * Maps the target of an internal redirect. Static files count here. A file wins over the context `/`: with
 * OpenLiteSpeed that context would get the request back, but then nothing could ever be delivered from the document
 * root, and delivering files is what these redirects are for.
 */
export function mapRedirect(options: MappingOptions, target: RequestTarget): Mapping {
  const specific = options.contexts.filter((uri) => uri !== '/');
  const mapped =
    mapToContext(specific, target) ?? mapToFile(options, withoutDocumentRoot(options, target), true);
  if (mapped !== undefined && mapped.kind !== 'missing') return mapped;
  return (
    mapToContext(options.contexts, target) ??
    mapped ??
    missing('the target of an internal redirect does not exist')
  );
}

/** SCRIPT_NAME keeps the slash at its end, PATH_INFO starts with that same slash (request vector 142). */
function mapToContext(contexts: readonly string[], target: RequestTarget): Mapping | undefined {
  const { path } = target;
  for (const uri of contexts) {
    if (path.startsWith(uri)) {
      const pathInfo = path.length > uri.length ? path.slice(uri.length - 1) : undefined;
      return { kind: 'app', scriptName: uri, pathInfo, scriptFilename: undefined };
    }
    if (path.length === uri.length - 1 && uri.startsWith(path)) return moved(target);
  }
  return undefined;
}

/** Walks down the path to the first file; what follows it is PATH_INFO. */
function mapToFile(
  options: MappingOptions,
  target: RequestTarget,
  allowStatic: boolean,
): Mapping | undefined {
  const { documentRoot, scriptSuffixes } = options;
  if (documentRoot === undefined) return undefined;
  const { path } = target;
  let end = 0;
  while (end !== -1) {
    end = path.indexOf('/', end + 1);
    const prefix = end === -1 ? path : path.slice(0, end);
    const stats = statWire(documentRoot + prefix);
    if (stats?.isDirectory() === true) continue;
    if (stats?.isFile() !== true) return missing('there is no such file');
    const pathInfo = end === -1 ? undefined : path.slice(end);
    if (scriptSuffixes.some((suffix) => prefix.endsWith(suffix))) {
      return { kind: 'app', scriptName: prefix, pathInfo, scriptFilename: documentRoot + prefix };
    }
    if (allowStatic && pathInfo === undefined) return { kind: 'file', path: documentRoot + prefix };
    return missing(
      'the file is not a script; the gateway delivers static files only if a response asks for it',
    );
  }
  return path.endsWith('/') ? mapToIndex(documentRoot, scriptSuffixes, path) : moved(target);
}

/** A directory with an index script (request vector 158). */
function mapToIndex(documentRoot: string, suffixes: readonly string[], path: string): Mapping {
  for (const suffix of suffixes) {
    const scriptName = `${path}index${suffix}`;
    if (statWire(documentRoot + scriptName)?.isFile() === true) {
      return { kind: 'app', scriptName, pathInfo: undefined, scriptFilename: documentRoot + scriptName };
    }
  }
  return missing('the directory has no index script');
}

/** X-LiteSpeed-Location may give the absolute path of a file inside the site instead of a URI (§2.10). */
function withoutDocumentRoot({ documentRoot }: MappingOptions, target: RequestTarget): RequestTarget {
  if (documentRoot === undefined || !target.path.startsWith(`${documentRoot}/`)) return target;
  const path = target.path.slice(documentRoot.length);
  return { ...target, path, rawPath: path };
}

function moved({ rawPath, query, hasQuery }: RequestTarget): MovedMapping {
  return { kind: 'moved', location: `${rawPath}/${hasQuery ? `?${query}` : ''}` };
}

function missing(reason: string): MissingMapping {
  return { kind: 'missing', reason };
}

function statWire(path: string): Stats | undefined {
  return statSync(Buffer.from(path, 'latin1'), { throwIfNoEntry: false });
}
