import { readFileSync } from 'node:fs';
import Module from 'node:module';
import { dirname, extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { LsapiError } from '../errors.js';
import { packageDirectory } from '../package-directory.js';
import { loadRemedy } from './load-remedy.js';
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
  const remedy = loadRemedy(error, path);
  return (
    `The app ${path} failed while it was loaded:\n${isPlaceHidden(error) || isTold(error) ? error.message : describe(error)}` +
    (remedy === undefined ? '' : `\n${remedy}`)
  );
}

/**
 * Whether an error says nowhere where it comes from: Node tells the place of a syntax error in an ES module only when
 * it reports the error itself.
 */
function isPlaceHidden(error: unknown): error is SyntaxError {
  return error instanceof SyntaxError && error.stack?.startsWith(error.name) === true;
}

/** Whether the message says which file is meant, so that the stack, which is Node's own, says nothing. */
function isTold(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && error.code === 'ERR_UNKNOWN_FILE_EXTENSION';
}

/** Where this package's modules are, as frames of a stack name it: dist, or dist-dev where it is developed. */
const OWN = pathToFileURL(join(packageDirectory, 'dist')).href;

/** The error with its stack, less what is ours in it. */
function describe(error: unknown): string {
  const lines = inspect(error).split('\n');
  return lines.filter((line) => !line.includes(OWN)).join('\n');
}
