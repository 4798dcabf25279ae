import { isAbsolute, resolve } from 'node:path';
import { LsapiError } from '../errors.js';

/** A directory whose files the server can deliver, and where it has them. */
export interface FileRoot {
  /** Absolute path of the directory. */
  readonly directory: string;
  /** URI of the site under which the server has the directory: a static context, or `/` for the document root. */
  readonly uri: string;
}

/** A file as the server finds it. */
export interface LocatedFile {
  readonly root: FileRoot;
  /** Percent-encoded path. */
  readonly uri: string;
}

/** Which files the server can deliver, and under which URI: pure text, no look at the disk. */
export class FileRoots {
  /** Deepest directories first. */
  readonly #roots: readonly FileRoot[];

  /** @throws LsapiError LSAPI_ERR_OPTION for a directory or URI that is none, or the root directory of the machine */
  constructor(roots: readonly FileRoot[]) {
    this.#roots = roots.map(checkedRoot).sort((a, b) => b.directory.length - a.directory.length);
  }

  /**
   * Where the server has a file.
   *
   * @param path - Absolute path; dot segments are resolved first.
   * @returns `undefined` for a file that lies in none of the directories, and for a path that is none
   */
  locate(path: string): LocatedFile | undefined {
    if (!isAbsolute(path) || path.includes('\0') || path.endsWith('/')) return undefined;
    const file = resolve(path);
    const root = this.#roots.find(({ directory }) => file.startsWith(`${directory}/`));
    if (root === undefined) return undefined;
    const segments = file.slice(root.directory.length + 1).split('/');
    try {
      return { root, uri: root.uri + segments.map(encodeURIComponent).join('/') };
    } catch {
      return undefined; // half a surrogate pair: no file name comes from such a string
    }
  }
}

function checkedRoot({ directory, uri }: FileRoot): FileRoot {
  if (typeof directory !== 'string' || !isAbsolute(directory)) {
    throw option(`The directory ${JSON.stringify(directory)} of a root must be an absolute path.`);
  }
  const absolute = resolve(directory);
  if (absolute === '/')
    throw option('The directory "/" would offer every file of the machine. Name one below it.');
  if (
    typeof uri !== 'string' ||
    !/^\/(?:[\w.~!$&'()*+,;=:@-]|%[0-9a-f]{2}|\/(?!\/))*$/i.test(uri) ||
    uri.startsWith('//')
  ) {
    throw option(
      `The URI ${JSON.stringify(uri)} of the root ${absolute} must be a path such as /files/, percent-encoded and without a query.`,
    );
  }
  return { directory: absolute, uri: uri.endsWith('/') ? uri : `${uri}/` };
}

function option(message: string): LsapiError {
  return new LsapiError('LSAPI_ERR_OPTION', message);
}
