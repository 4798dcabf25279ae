import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { LsapiError } from '../errors.js';

/** Who says which app is meant; everything that nobody said is `undefined`. */
export interface AppRequest {
  /** File or directory from the command line. Relative: to `cwd`, else to `root`. */
  readonly file: string | undefined;
  /** LSNODE_ROOT. */
  readonly root: string | undefined;
  /** LSNODE_STARTUP_FILE. Relative: to `root`, or to `cwd` without one. */
  readonly startupFile: string | undefined;
  /** The current directory, absolute. */
  readonly cwd: string;
}

/** The app that is to be loaded. Symbolic links are left as they are, so that a switched link is a new release. */
export interface ResolvedApp {
  /** Its start file: absolute, a file, readable. */
  readonly path: string;
  /**
   * Its directory, absolute: the one to run in, and the one whose `tmp/restart.txt` counts. LSNODE_ROOT if
   * set; else the directory that was named; else, for an absolute file (as in a server's configuration), the
   * file's directory; else the current one, as with `node dist/server.js`.
   */
  readonly root: string;
}

/** The file that is touched to have an app started again, as Passenger and the server's own app servers know it. */
export function restartFile(app: ResolvedApp): string {
  return join(app.root, 'tmp/restart.txt');
}

/** Start files that are looked for in a directory, before `main` of its package.json. */
export const DEFAULT_STARTUP_FILES = ['app.js', 'app.mjs', 'app.cjs'] as const;

/**
 * Finds the app's start file: the one of the command line, else LSNODE_STARTUP_FILE, else `app.js` (`app.mjs`,
 * `app.cjs`, `main` of package.json) in LSNODE_ROOT or the current directory.
 *
 * @throws LsapiError `LSAPI_ERR_APP_NOT_FOUND`: what was looked for, where, and the remedy, in one paragraph
 */
export function resolveApp(request: AppRequest): ResolvedApp {
  const { file, startupFile, cwd } = request;
  const root = request.root === undefined ? undefined : requireRoot(resolve(cwd, request.root));
  const base = root ?? cwd;
  if (file !== undefined) {
    const places = isAbsolute(file)
      ? [resolve(file)]
      : [...new Set([resolve(cwd, file), resolve(base, file)])];
    return named(file, 'The command line', places, root, cwd);
  }
  if (startupFile !== undefined) {
    return named(startupFile, 'LSNODE_STARTUP_FILE', [resolve(base, startupFile)], root, cwd);
  }
  return {
    path: defaultFile(base, root === undefined ? 'the current directory' : 'LSNODE_ROOT'),
    root: base,
  };
}

function requireRoot(root: string): string {
  const kind = kindOf(root);
  if (kind === 'directory') return root;
  throw notFound(
    `LSNODE_ROOT is ${root}, which ${explain(kind)}. Set it to the directory of the app, or unset it.`,
  );
}

function named(
  name: string,
  by: string,
  places: readonly string[],
  root: string | undefined,
  cwd: string,
): ResolvedApp {
  const place =
    places.find((candidate) => kindOf(candidate) !== 'missing') ?? places[0] ?? resolve(cwd, name);
  const kind = kindOf(place);
  if (kind === 'directory') return { path: defaultFile(place, by), root: root ?? place };
  if (kind === 'file') return { path: place, root: root ?? (isAbsolute(name) ? dirname(place) : cwd) };
  if (kind !== 'missing') throw notFound(`${by} names the app "${name}", but ${place} ${explain(kind)}.`);

  const gone =
    kindOf(dirname(place)) === 'directory' ? '' : ` The directory ${dirname(place)} does not exist either.`;
  const isRoot = root !== undefined && places.length === 1 && !isAbsolute(name) ? ' (from LSNODE_ROOT)' : '';
  throw notFound(
    `${by} names the app "${name}", but there is no ${places.join(' nor ')}${isRoot}.${gone} ` +
      'Check the name, or give the absolute path of the start file.',
  );
}

/** The start file of a directory that was named or is in force because of `by`. */
function defaultFile(directory: string, by: string): string {
  const unusable: string[] = [];
  for (const name of DEFAULT_STARTUP_FILES) {
    const path = join(directory, name);
    const kind = kindOf(path);
    if (kind === 'file') return path;
    if (kind !== 'missing') unusable.push(`${name} ${explain(kind)}`);
  }
  const main = packageMain(directory);
  if ('path' in main) return main.path;
  if (main.problem !== undefined) unusable.push(main.problem);

  const found = unusable.length === 0 ? '' : ` (${unusable.join('; ')})`;
  throw notFound(
    `No app in ${directory} (${by}): it has none of ${DEFAULT_STARTUP_FILES.join(', ')}, and no package.json with a ` +
      `"main" that can be used${found}. Name the start file, as in "lsnode server.js", or set LSNODE_ROOT and ` +
      'LSNODE_STARTUP_FILE.',
  );
}

/** What `main` of a directory's package.json names, found as `require` would find it. */
function packageMain(directory: string): { path: string } | { problem: string | undefined } {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return { problem: missing ? undefined : 'package.json cannot be read' };
  }
  const main =
    typeof content === 'object' && content !== null && 'main' in content ? content.main : undefined;
  if (typeof main !== 'string' || main === '') return { problem: undefined };
  const target = resolve(directory, main);
  const path = [target, `${target}.js`, join(target, 'index.js')].find(
    (candidate) => kindOf(candidate) === 'file',
  );
  return path === undefined
    ? { problem: `package.json says "main": "${main}", which is no readable file` }
    : { path };
}

type Kind = 'file' | 'directory' | 'other' | 'missing' | 'unreadable';

function kindOf(path: string): Kind {
  // The system would stop reading the name there, and Node throws.
  if (path.includes('\0')) return 'missing';
  try {
    const stats = statSync(path);
    if (stats.isDirectory()) return 'directory';
    if (!stats.isFile()) return 'other';
    // Opened, because access() answers for the real user, not for the one that the process acts as.
    closeSync(openSync(path, 'r'));
    return 'file';
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return code === 'EACCES' || code === 'EPERM' ? 'unreadable' : 'missing';
  }
}

function explain(kind: Kind): string {
  switch (kind) {
    case 'file':
      return 'is a file';
    case 'directory':
      return 'is a directory';
    case 'other':
      return 'is neither a file nor a directory';
    case 'missing':
      return 'does not exist';
    case 'unreadable':
      return 'may not be read by this user: check the permissions of the file and of every directory above it';
  }
}

function notFound(message: string): LsapiError {
  return new LsapiError('LSAPI_ERR_APP_NOT_FOUND', message);
}
