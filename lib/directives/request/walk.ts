import { readHtaccess } from '../apache/read.js';
import { components, EMPTY_BODY, hasOption, mergeBodies, mergeSettings } from '../merge.js';
import { matchesBelow, matchesName } from '../path-test.js';
import { hasErrors } from '../problem.js';
import type { Body, Host, Settings } from '../settings.js';
import type { RequestValues } from './environment.js';
import type { FileProbe } from './file-probe.js';
import { removeDotSegments } from './target.js';
import { refusal, type Refusal } from './types.js';

/** A path, followed through the file system to its first component that is no directory. */
export interface Walked {
  /** The path so far; with a slash at the end for a directory if it was given with one. */
  readonly filename: string;
  /** What follows it. */
  readonly pathInfo: string;
  readonly kind: 'file' | 'directory' | 'missing';
  /** What holds there by all sections except those for URLs and conditions. */
  readonly body: Body;
}

/** Follows an absolute path from the root of the file system, with the sections and `.htaccess` files on its way. */
export function walk(
  path: string,
  host: Host,
  probe: FileProbe,
  environ: NodeJS.ProcessEnv,
): Walked | Refusal {
  const parts = cleanPath(path).slice(1).split('/');
  let body = host.body;
  let filename = '';
  let kind: Walked['kind'] = 'directory';
  let at = 0;
  for (;;) {
    body = mergeDirectory(body, filename === '' ? '/' : filename, at, host);
    const { allowOverride } = body.settings;
    if (allowOverride !== undefined && allowOverride.size > 0) {
      const own = htaccess(filename, allowOverride, probe, environ);
      if ('status' in own) return own;
      body = mergeBodies(body, own);
    }
    const part = parts[at];
    if (part === undefined || part === '') break;
    at++;
    const next = `${filename}/${part}`;
    const found = probe.probe(next);
    if (found.kind === 'denied')
      return refusal(
        403,
        `access denied (filesystem path '${next}') because search permissions are missing on a component of the path`,
      );
    filename = next;
    if (found.link && (found.kind === 'missing' || !mayFollow(body.settings, found.sameOwner)))
      return refusal(403, `Symbolic link not allowed or link target not accessible: ${next}`);
    if (found.kind === 'directory') continue;
    kind = found.kind === 'missing' ? 'missing' : 'file';
    break;
  }
  const slash = kind === 'directory' && at < parts.length;
  const walked = slash ? `${filename}/` : filename;
  const rest = kind === 'directory' ? [] : parts.slice(at);
  for (const section of host.directories) {
    if (section.matches.kind === 'pattern' && matchesBelow(section.matches, walked))
      body = mergeBodies(body, section.body);
  }
  return {
    filename: walked,
    pathInfo: rest.length === 0 ? '' : `/${rest.join('/')}`,
    kind,
    body: mergeFiles(body, filename),
  };
}

/** An absolute path without dot segments and runs of slashes; relative ones are taken from `/`. */
export function cleanPath(path: string): string {
  return removeDotSegments(`/${path}`.replace(/\/{2,}/g, '/')).path;
}

/** What holds for a request: the body of its file, then the sections for its URL, then conditions. */
export function settingsFor(url: string, body: Body, host: Host, values: RequestValues): Settings {
  let merged = body;
  const single = url.replace(/\/{2,}/g, '/');
  for (const { matches, body: own } of host.locations) {
    if (matchesBelow(matches, matches.kind === 'pattern' ? url : single)) merged = mergeBodies(merged, own);
  }
  let { settings } = merged;
  const conditions = [...merged.conditions];
  for (let at = 0; at < conditions.length; at++) {
    const condition = conditions[at];
    if (condition === undefined || condition.unless.some((earlier) => earlier(values))) continue;
    if (condition.expression !== undefined && !condition.expression(values)) continue;
    settings = mergeSettings(settings, condition.body.settings);
    conditions.push(...condition.body.conditions);
  }
  return settings;
}

function mergeDirectory(body: Body, directory: string, depth: number, host: Host): Body {
  let merged = body;
  for (const section of host.directories) {
    const own = components(section.matches);
    if (own > depth) break;
    if (own === depth && isDirectory(section.matches, directory)) merged = mergeBodies(merged, section.body);
  }
  return merged;
}

function isDirectory(test: Host['directories'][number]['matches'], directory: string): boolean {
  if (test.kind === 'wildcard') return test.wildcards.test(directory) || test.wildcards.test(`${directory}/`);
  if (test.kind === 'pattern') return false;
  return directory === '/' || test.text.replace(/\/{2,}/g, '/').replace(/\/$/, '') === directory;
}

function mergeFiles(body: Body, filename: string): Body {
  const name = filename.slice(filename.lastIndexOf('/') + 1);
  return body.files.reduce(
    (merged, { matches, body: own }) => (matchesName(matches, name) ? mergeBodies(merged, own) : merged),
    body,
  );
}

function mayFollow(settings: Settings, sameOwner: boolean): boolean {
  return hasOption(settings, 'followsymlinks') || (hasOption(settings, 'symlinksifownermatch') && sameOwner);
}

function htaccess(
  directory: string,
  overrides: ReadonlySet<string>,
  probe: FileProbe,
  environ: NodeJS.ProcessEnv,
): Body | Refusal {
  const path = `${directory}/.htaccess`;
  const text = probe.read(path);
  if (text === undefined) return EMPTY_BODY;
  const { body, problems } = readHtaccess(text, path, overrides, environ);
  if (!hasErrors(problems)) return body;
  return refusal(500, `${path}: ${problems.find(({ severity }) => severity === 'error')?.message ?? ''}`);
}
