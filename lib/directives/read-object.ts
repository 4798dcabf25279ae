import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { JsonError, jsonLines } from './json-lines.js';
import { ProblemList, type Place } from './problem.js';

/** What a configuration file holds. */
export interface ReadObject {
  readonly value: unknown;
  /** Of JSON: the line of each path into the value. */
  readonly lines: ReadonlyMap<string, number>;
  readonly problems: ProblemList;
}

const NO_LINES: ReadonlyMap<string, number> = new Map();

/** Reads `lsnode.config.json` or `lsnode.config.mjs`; `undefined` where there is no value, for the reasons in `problems`. */
export async function readObject(path: string): Promise<ReadObject> {
  const problems = new ProblemList();
  const failed = (place: Place, message: string, remedy: string): ReadObject => {
    problems.error(place, 'LSAPI_ERR_DIRECTIVE_FILE', message, remedy);
    return { value: undefined, lines: NO_LINES, problems };
  };
  let text: string;
  try {
    if (statSync(path).isDirectory()) {
      return failed(
        { file: path },
        `${path} is a directory`,
        'Name the file: lsnode.config.json or lsnode.config.mjs.',
      );
    }
    text = readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    const reason = FILE_ERRORS[(error as NodeJS.ErrnoException).code ?? ''] ?? String(error);
    return failed(
      { file: path },
      `Could not open configuration file ${path}: ${reason}`,
      'Check the path and its permissions.',
    );
  }
  if (!path.endsWith('.json')) return readModule(path, problems, failed);
  try {
    const { lines, repeated } = jsonLines(text);
    for (const { path: key, line } of repeated) {
      problems.error(
        { file: path, line, path: key },
        'LSAPI_ERR_DIRECTIVE_ARGUMENT',
        `"${key}" is given a second time`,
        'Write everything in one of them: of two only the last would count.',
      );
    }
    return { value: JSON.parse(text), lines, problems };
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    return failed(
      { file: path, line: error.line },
      `${error.message}: this is no JSON`,
      'Keys and texts go in double quotes; there is a comma between entries, none behind the last, and no comment.',
    );
  }
}

async function readModule(
  path: string,
  problems: ProblemList,
  failed: (place: Place, message: string, remedy: string) => ReadObject,
): Promise<ReadObject> {
  let module: { default?: unknown };
  try {
    module = (await import(pathToFileURL(path).href)) as { default?: unknown };
  } catch (error) {
    const line = lineOf(path, error);
    return failed(
      { file: path, ...(line !== undefined && { line }) },
      `The module could not be loaded: ${error instanceof Error ? error.message : String(error)}`,
      'It must be a module that Node can import, with the configuration as its default export.',
    );
  }
  if (module.default === undefined) {
    return failed(
      { file: path },
      'The module has no default export',
      'Write the configuration as export default { … }.',
    );
  }
  return { value: module.default, lines: NO_LINES, problems };
}

/** The line in which a module failed: of a syntax error only `node --check` tells it. */
function lineOf(path: string, error: unknown): number | undefined {
  const { href } = pathToFileURL(path);
  const text =
    error instanceof SyntaxError
      ? spawnSync(process.execPath, ['--check', path], { encoding: 'utf8', env: {} }).stderr
      : error instanceof Error
        ? (error.stack ?? '')
        : '';
  for (const name of [href, path]) {
    const at = text.indexOf(`${name}:`);
    const line = at === -1 ? undefined : /^\d+/.exec(text.slice(at + name.length + 1))?.[0];
    if (line !== undefined) return Number(line);
  }
  return undefined;
}

/** What `apache2 -t` says of files that it cannot read. */
const FILE_ERRORS: Readonly<Record<string, string>> = {
  EACCES: 'Permission denied',
  ENOENT: 'No such file or directory',
  ENOTDIR: 'Not a directory',
};
