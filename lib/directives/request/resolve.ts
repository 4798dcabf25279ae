import { hasOption } from '../merge.js';
import type { DirectiveConfiguration, ScriptAlias, Settings } from '../settings.js';
import { mapUrl, redirected, type Mapping } from './aliases.js';
import { RequestEnvironment, RequestValues } from './environment.js';
import { MACHINE_PROBE, type FileProbe } from './file-probe.js';
import { expandCallable, expandGroup, type Expansion } from './groups.js';
import { handlerOf, isScriptHandler } from './handler.js';
import { addressee, origin, type Addressee } from './host.js';
import { readRequestDirectives, type RequestDirectives } from './request-directives.js';
import { splitUrl } from './script-name.js';
import { decodePath, encodePath, parseTarget, removeDotSegments } from './target.js';
import { refusal, type DirectiveRequest, type Refusal, type Resolution } from './types.js';
import { cleanPath, settingsFor, walk, type Walked } from './walk.js';

/** What requests are resolved with beside the configuration. */
export interface ResolveOptions {
  /** Default: the file system of this machine. */
  readonly probe?: FileProbe;
  /** Environment of the process; default: `process.env`. */
  readonly environ?: NodeJS.ProcessEnv;
  /** Whether to find PATH_TRANSLATED: it takes as long again as everything else, and few scripts look at it. */
  readonly translatePathInfo?: boolean;
}

/** How often one URL may lead to another (directory indexes, fallbacks). */
const MOST_REDIRECTS = 10;

/**
 * Finds the script of a request, and everything that the directives say about it: as Apache and mod_wsgi would, from
 * the request line on. Nothing is loaded; the only effect is that of looking at files.
 *
 * @returns the script; or the status to answer with; or that the request is for no script
 */
export function resolveRequest(
  configuration: DirectiveConfiguration,
  request: DirectiveRequest,
  options: ResolveOptions = {},
): Resolution {
  const target = request.method === 'OPTIONS' && request.uri === '*' ? undefined : parseTarget(request.uri);
  if (target !== undefined && 'status' in target) return target;
  const to = addressee(configuration, request, target ?? { path: '/', query: undefined });
  if ('status' in to) return to;
  if (target === undefined || request.method === 'TRACE')
    return { kind: 'declined', path: undefined, pathInfo: '', file: 'missing' };
  const { mergeSlashes, body } = to.host;
  const url = decodePath(target.path, mergeSlashes, body.settings.encodedSlashes ?? 'refuse');
  if (typeof url !== 'string') return url;
  const directives = readRequestDirectives(request.env);
  if ('status' in directives) return directives;
  return new Resolver(configuration, request, to, target.query, directives, options).resolve(
    url,
    0,
    options.translatePathInfo ?? false,
  );
}

class Resolver {
  readonly #processGroups: ReadonlySet<string>;
  readonly #request: DirectiveRequest;
  readonly #to: Addressee;
  readonly #query: string | undefined;
  readonly #directives: RequestDirectives;
  readonly #aliases: readonly ScriptAlias[];
  readonly #documentRoot: string;
  readonly #probe: FileProbe;
  readonly #environ: NodeJS.ProcessEnv;

  constructor(
    configuration: DirectiveConfiguration,
    request: DirectiveRequest,
    to: Addressee,
    query: string | undefined,
    directives: RequestDirectives,
    { probe = MACHINE_PROBE, environ = process.env }: ResolveOptions,
  ) {
    this.#processGroups = configuration.processGroups;
    this.#request = request;
    this.#to = to;
    this.#query = query;
    this.#directives = directives;
    this.#aliases = [...directives.aliases, ...to.host.scriptAliases];
    this.#documentRoot = to.host.documentRoot ?? (request.documentRoot ?? '').replace(/\/$/, '');
    this.#probe = probe;
    this.#environ = environ;
  }

  /** Resolves a decoded path; `depth`: how many others led to it; `translate`: find PATH_TRANSLATED. */
  resolve(url: string, depth: number, translate: boolean): Resolution {
    const { host } = this.#to;
    const moved = redirected(url, this.#query, this.#to);
    if (moved !== undefined) return moved;
    const mapping = mapUrl(url, host, this.#aliases, this.#documentRoot);
    const walked = walk(mapping.path, host, this.#probe, this.#environ);
    if ('status' in walked) return walked;

    const environment = new RequestEnvironment(this.#request, this.#environ);
    const values = new RequestValues(this.#request, environment);
    values.path = url;
    values.query = this.#query;
    values.serverName = host.name ?? '';
    values.filename = walked.filename;
    environment.applyConditions(host.body.settings.conditions, values);
    const settings: Settings = {
      ...settingsFor(url, walked.body, host, values),
      ...this.#directives.settings,
    };
    environment.applyConditions(settings.conditions, values);
    environment.applySettings(settings);

    if (settings.access === 'denied')
      return refusal(403, `client denied by server configuration: ${walked.filename}`);
    const handler = handlerOf(walked.filename, settings, mapping.alias !== undefined);
    const elsewhere = this.#elsewhere(url, walked, settings, handler, depth, translate);
    if (elsewhere !== undefined) return elsewhere;
    if (!isScriptHandler(handler))
      return { kind: 'declined', path: walked.filename, pathInfo: walked.pathInfo, file: walked.kind };
    const script = this.#script(url, mapping, walked, settings, environment);
    if (!translate || script.kind !== 'script' || walked.pathInfo === '') return script;
    return { ...script, pathTranslated: this.#translate(walked.pathInfo, depth) };
  }

  /** Where a directory, or nothing at all, leads: the slash at its end, its index, the fallback. */
  #elsewhere(
    url: string,
    walked: Walked,
    settings: Settings,
    handler: string | undefined,
    depth: number,
    translate: boolean,
  ): Resolution | undefined {
    if (depth >= MOST_REDIRECTS) return refusal(500, 'Request exceeded the limit of 10 internal redirects');
    if (walked.kind === 'file' || (walked.kind === 'missing' && handler !== undefined)) return undefined;
    if (walked.kind === 'directory') {
      if (!url.endsWith('/')) {
        if (settings.directorySlash === false) return undefined;
        const query = this.#query === undefined ? '' : `?${this.#query}`;
        const location = `${origin(this.#to, settings)}${encodePath(url)}/${query}`;
        return { ...refusal(301, 'directory without a slash at its end'), location };
      }
      let problem: Refusal | undefined;
      for (const name of settings.directoryIndex ?? ['index.html']) {
        const index = this.resolve(name.startsWith('/') ? name : url + name, depth + 1, translate);
        if (index.kind === 'script' || (index.kind === 'declined' && index.file === 'file')) return index;
        if (index.kind !== 'refused' || index.status === 404) continue;
        if (index.status < 400) return index;
        problem = index;
      }
      if (problem !== undefined) return problem;
    }
    const fallback = settings.fallbackResource;
    if (fallback === undefined || fallback === '' || fallback === url) return undefined;
    const resolved = this.resolve(removeDotSegments(fallback).path, depth + 1, translate);
    return resolved.kind === 'script' || (resolved.kind === 'declined' && resolved.file === 'file')
      ? resolved
      : undefined;
  }

  #script(
    url: string,
    { alias }: Mapping,
    { filename, pathInfo: rest, kind }: Walked,
    settings: Settings,
    environment: RequestEnvironment,
  ): Resolution {
    if (alias === undefined && !hasOption(settings, 'execcgi'))
      return refusal(403, `Options ExecCGI is off in this directory: ${filename}`);
    if (kind === 'missing')
      return refusal(404, `Target WSGI script not found or unable to stat: ${filename}`);
    if (kind === 'directory')
      return refusal(403, `Attempt to invoke directory as WSGI application: ${filename}`);
    if (rest !== '' && settings.acceptPathInfo === false)
      return refusal(404, `AcceptPathInfo off disallows user's path: ${filename}`);

    const { scriptName, pathInfo } = splitUrl(url, rest);
    const expansion: Expansion = { to: this.#to, settings, environment, scriptName };
    const options = alias?.options ?? {};
    const processGroup = expandGroup(options.processGroup ?? settings.processGroup ?? '', expansion);
    if (processGroup !== '' && !this.#processGroups.has(processGroup))
      return refusal(500, `No WSGI daemon process called '${processGroup}' has been configured: ${filename}`);
    return {
      kind: 'script',
      script: filename,
      scriptName,
      pathInfo,
      pathTranslated: undefined,
      applicationGroup: expandGroup(options.applicationGroup ?? settings.applicationGroup, expansion),
      callableObject: options.callableObject ?? expandCallable(settings.callableObject, environment),
      scriptReloading: settings.scriptReloading ?? true,
    };
  }

  /** The file that path info leads to if it is taken for a URL of its own, indexes and fallbacks included. */
  #translate(pathInfo: string, depth: number): string {
    const leads = this.resolve(pathInfo, depth + 1, false);
    if (leads.kind === 'script') return leads.script + leads.pathInfo;
    if (leads.kind === 'declined' && leads.path !== undefined) return leads.path + leads.pathInfo;
    const { path } = mapUrl(pathInfo, this.#to.host, this.#aliases, this.#documentRoot);
    return cleanPath(path);
  }
}
