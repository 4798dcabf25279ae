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

/** Start files that are looked for in a directory, before what its package.json names. */
export const DEFAULT_STARTUP_FILES = ['app.js', 'app.mjs', 'app.cjs'] as const;

/** Start files that count where package.json names none: the one of `node .`, and sources, which may be there compiled. */
const LAST_STARTUP_FILES = ['index.js', 'app.ts', 'app.mts', 'app.cts'] as const;

/**
 * Finds the app's start file: the one of the command line, else LSNODE_STARTUP_FILE, else the first that there is in
 * LSNODE_ROOT or the current directory: `app.js`, `app.mjs`, `app.cjs`; `main` of package.json, its `exports`; `index.js`;
 * `app.ts`, `app.mts`, `app.cts`.
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
  const path =
    firstOf(DEFAULT_STARTUP_FILES, directory, unusable) ??
    packageEntry(directory, unusable) ??
    firstOf(LAST_STARTUP_FILES, directory, unusable);
  if (path !== undefined) return path;

  const found = unusable.length === 0 ? '' : ` (${unusable.join('; ')})`;
  const names = [...DEFAULT_STARTUP_FILES, ...LAST_STARTUP_FILES].join(', ');
  throw notFound(
    `No app in ${directory} (${by}): it has none of ${names}, and no package.json with a "main" or "exports" that can be ` +
      `used${found}. Name the start file, as in "lsnode server.js", or set LSNODE_ROOT and LSNODE_STARTUP_FILE.`,
  );
}

/** @param unusable - takes what is there but cannot be used */
function firstOf(names: readonly string[], directory: string, unusable: string[]): string | undefined {
  for (const name of names) {
    const path = join(directory, name);
    const kind = kindOf(path);
    if (kind === 'file') return path;
    if (kind !== 'missing') unusable.push(`${name} ${explain(kind)}`);
  }
  return undefined;
}

/**
 * What a directory's package.json names: `main`, found as `require` would find it, which is what `node .` runs; else
 * what `import` of the package would get.
 */
function packageEntry(directory: string, unusable: string[]): string | undefined {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (!missing) unusable.push('package.json cannot be read');
    return undefined;
  }
  const { main, exports } = (typeof content === 'object' && content !== null ? content : {}) as {
    main?: unknown;
    exports?: unknown;
  };
  const entry = entryOf(exports);
  for (const [field, value] of [
    ['main', typeof main === 'string' && main !== '' ? main : undefined],
    ['exports', entry],
  ] as const) {
    if (value === undefined) continue;
    const target = resolve(directory, value);
    const places = field === 'main' ? [target, `${target}.js`, join(target, 'index.js')] : [target];
    const path = places.find((candidate) => kindOf(candidate) === 'file');
    if (path !== undefined) return path;
    unusable.push(`package.json says "${field}": "${value}", which is no readable file`);
  }
  return undefined;
}

/** Conditions of `exports` under which Node loads an app by import(). */
const CONDITIONS: ReadonlySet<string> = new Set(['node', 'import', 'module-sync', 'default']);

/** What `exports` of a package.json has for the package itself, by Node's rules: the first condition that holds. */
function entryOf(exports: unknown): string | undefined {
  if (typeof exports === 'string') return exports;
  if (Array.isArray(exports)) {
    return exports.map((choice) => entryOf(choice)).find((entry) => entry !== undefined);
  }
  if (typeof exports !== 'object' || exports === null) return undefined;
  if ('.' in exports) return entryOf(exports['.']);
  for (const [condition, value] of Object.entries(exports)) {
    const entry = CONDITIONS.has(condition) ? entryOf(value) : undefined;
    if (entry !== undefined) return entry;
  }
  return undefined;
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
