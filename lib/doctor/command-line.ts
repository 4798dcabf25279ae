import { readFileSync, realpathSync } from 'node:fs';
import { basename, delimiter, dirname, join, resolve } from 'node:path';
import { wrapperTarget } from '../install/wrapper.js';

/** What the command of an external app runs. */
export interface ServerCommand {
  /** The executable, absolute. */
  readonly file: string;
  readonly arguments: readonly string[];
  /** `undefined`: it is no `lsnode`. */
  readonly lsnode: LsnodeCommand | undefined;
  /** Whether it is the loader that comes with OpenLiteSpeed, which speaks HTTP. */
  readonly isOldLoader: boolean;
}

/** A command that runs `lsnode`. */
export interface LsnodeCommand {
  /** The Node that runs it; `undefined`: none is found in PATH, or its files are not there. */
  readonly node: string | undefined;
  /** `lsnode`'s own file, as far as it is known. */
  readonly main: string | undefined;
  readonly nodeFlags: readonly string[];
  /** What `lsnode` gets. */
  readonly arguments: readonly string[];
}

/** Where the server looks for programs unless the external app says otherwise (protocol §4.4). */
const SERVER_PATH = '/bin:/usr/bin';

/**
 * Takes a command apart as the server does (`SUExec::buildArgv`): words between blanks, one level of quotes.
 *
 * @param text variables replaced
 * @param serverRoot where a relative executable is
 * @param path PATH of the external app
 */
export function parseCommand(text: string, serverRoot: string, path = SERVER_PATH): ServerCommand {
  const [first = '', ...rest] = wordsOf(text);
  const file = resolve(serverRoot, first);
  return {
    file,
    arguments: rest,
    lsnode: lsnodeOf(file, rest, path),
    isOldLoader: [file, ...rest].some((word) => /^lsnode(sm)?\.m?js$/.test(basename(word))),
  };
}

function wordsOf(text: string): string[] {
  return [...text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, plain]) => double ?? single ?? plain ?? '',
  );
}

function lsnodeOf(file: string, words: readonly string[], path: string): LsnodeCommand | undefined {
  const wrapper = wrapperTarget(readText(file) ?? '');
  if (wrapper !== undefined) return { ...wrapper, nodeFlags: [], arguments: words };
  if (isMain(file)) {
    return { node: findInPath('node', path), main: realPath(file), nodeFlags: [], arguments: words };
  }
  if (/^node(js)?([-.\d]*)$/.test(basename(file))) {
    const at = words.findIndex((word) => isMain(resolve(dirname(file), word)));
    if (at < 0) return undefined;
    const main = realPath(resolve(dirname(file), words[at] ?? ''));
    return { node: file, main, nodeFlags: words.slice(0, at), arguments: words.slice(at + 1) };
  }
  // Its name is all that is left of a command that is not there, or that somebody wrote.
  if (basename(file) === 'lsnode') {
    return { node: undefined, main: undefined, nodeFlags: [], arguments: words };
  }
  return undefined;
}

/** Whether a file is this package's command, links followed. */
function isMain(file: string): boolean {
  const real = realPath(file);
  if (real === undefined || !real.endsWith('/dist/cli/main.js')) return false;
  const manifest = readText(join(dirname(real), '../../package.json')) ?? '';
  return /"name":\s*"lsapi"/.test(manifest);
}

function findInPath(name: string, path: string): string | undefined {
  return path
    .split(delimiter)
    .map((directory) => realPath(join(directory, name)))
    .find((file) => file !== undefined);
}

function realPath(file: string): string | undefined {
  try {
    return realpathSync(file);
  } catch {
    return undefined;
  }
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').slice(0, 65_536);
  } catch {
    return undefined;
  }
}
