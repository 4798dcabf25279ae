import Module from 'node:module';
import { extname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { LsapiError } from '../errors.js';
import { loadRemedy } from './load-remedy.js';
import { formatOf } from './module-format.js';

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

/** Whether a file is CommonJS, of a suffix that can be required: TypeScript can where Node strips types, or a loader does. */
function canRequire(path: string): boolean {
  const suffix = extname(path);
  const isTypeScript = TYPESCRIPT_SUFFIXES.has(suffix);
  return (!isTypeScript || suffix in internals._extensions) && formatOf(path) === 'commonjs';
}

const TYPESCRIPT_SUFFIXES = new Set(['.ts', '.mts', '.cts']);

function explain(path: string, error: unknown): string {
  const remedy = loadRemedy(error, path);
  return (
    `The app ${path} failed while it was loaded:\n${isPlaceHidden(error) ? error.message : describe(error)}` +
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

/** The error with its stack, less what is ours in it. */
function describe(error: unknown): string {
  const lines = inspect(error).split('\n');
  return lines.filter((line) => !line.includes(import.meta.url)).join('\n');
}
