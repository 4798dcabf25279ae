import { readFileSync } from 'node:fs';
import Module from 'node:module';
import { dirname, extname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { LsapiError } from '../errors.js';
import { formatOf, packageType } from './module-format.js';

/** The exports of a module by name. */
export type Namespace = Readonly<Record<string, unknown>>;

/** Parts of Node's loader that are not documented, and that process managers rely on: Node 20 to 26. */
interface ModuleInternals {
  _load(path: string, parent: null, isMain: true): unknown;
  _extensions: Readonly<Record<string, unknown>>;
}
const internals = Module as unknown as ModuleInternals;

/**
 * Loads the start file of an app. A CommonJS one becomes the main module, as with plain Node: many an app listens only
 * where `require.main === module`.
 *
 * @throws LsapiError LSAPI_ERR_APP_LOAD
 */
export async function importApp(path: string): Promise<Namespace> {
  try {
    if (canRequire(path)) return { default: internals._load(path, null, true) };
    return (await import(pathToFileURL(path).href)) as Namespace;
  } catch (error) {
    throw new LsapiError('LSAPI_ERR_APP_LOAD', explain(path, error), { cause: error });
  }
}

/** Whether a file is CommonJS. TypeScript can be required where Node strips types, or a loader compiles. */
function canRequire(path: string): boolean {
  const suffix = extname(path);
  if (!TYPESCRIPT_SUFFIXES.has(suffix)) return formatOf(path) === 'commonjs';
  if (!stripsTypes && !(suffix in internals._extensions)) return false;
  if (suffix !== '.ts') return suffix === '.cts';
  return (packageType(dirname(path)) ?? (hasModuleSyntax(path) ? 'module' : 'commonjs')) === 'commonjs';
}

const TYPESCRIPT_SUFFIXES = new Set(['.ts', '.mts', '.cts']);
/** Node 22.18 and later; before that with a flag. */
const stripsTypes = Boolean((process.features as { typescript?: string | false }).typescript);

/** With types in it the text does not compile, so its statements tell. Where they are mistaken, import() will do. */
function hasModuleSyntax(path: string): boolean {
  return /^\s*(?:import|export)\b(?!\s*[(.=])/m.test(readFileSync(path, 'utf8'));
}

function explain(path: string, error: unknown): string {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION' && /"\.[mc]?ts"/.test(String(message))) {
    const file = /for (\S.*)$/.exec(String(message))?.[1] ?? path;
    return (
      `The app ${path} cannot be loaded, because ${file === path ? 'it' : file} is TypeScript, which Node ` +
      `${process.versions.node} does not run by itself. Use Node 22.18 or later, which strips types; or compile it ` +
      '(tsc) and name the JavaScript file; or let a loader do that (NODE_OPTIONS=--import=tsx with the package tsx).'
    );
  }
  const remedy =
    code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX'
      ? ' Node strips types, but does not compile what has a meaning at run time (enum, namespace, decorators): compile ' +
        'it (tsc) and name the JavaScript file, or set NODE_OPTIONS=--experimental-transform-types.'
      : '';
  return `The app ${path} failed while it was loaded${remedy === '' ? ':' : `.${remedy}`}\n${
    isPlaceHidden(error) ? error.message : describe(error)
  }`;
}

/**
 * Whether an error says nowhere where it comes from: Node tells the place of a syntax error in an ES module only when
 * it reports the error itself.
 */
function isPlaceHidden(error: unknown): error is SyntaxError {
  return error instanceof SyntaxError && error.stack?.startsWith(error.name) === true;
}

/** What frames of this package have in a stack. */
const OWN_FILES = new URL('..', import.meta.url).href;

/** The error with its stack, less what is ours in it. */
function describe(error: unknown): string {
  const lines = inspect(error).split('\n');
  return lines.filter((line) => !line.includes(OWN_FILES)).join('\n');
}
