import { inspect } from 'node:util';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { LsapiError } from '../errors.js';
import type { HeaderLine } from './header-line.js';

/**
 * `X-LiteSpeed-Location`: the server answers the request with what it has at another URI of the site, and the client
 * does not learn of it. The app's own status and body are dropped, and its other headers with them, except for those
 * behind this one once a Content-Disposition has come (protocol §2.10).
 *
 * @param uri - path and query from the site's root; what a URI cannot have is percent-encoded here, what is encoded
 *   already stays
 * @throws LsapiError LSAPI_ERR_OPTION
 */
export function internalRedirect(uri: string): HeaderLine {
  if (typeof uri !== 'string' || !uri.startsWith('/') || uri.startsWith('//')) {
    throw invalid(
      `internalRedirect(${inspect(uri)}): give a path from the site's root, such as "/files/a.pdf". For another site send a ` +
        '3xx status with Location.',
    );
  }
  return ['X-LiteSpeed-Location', encodeUri(uri)];
}

/** Where the server itself delivers files: a context for static files, as its path and its directory. */
export interface FileMount {
  /** As the context is configured, for example `/files/`. */
  readonly uri: string;
  /** Absolute. */
  readonly directory: string;
}

/**
 * The internal redirect that has the server deliver a file.
 *
 * @param path - absolute; what it is, and whether links lead out of the directory, is the caller's affair
 * @throws LsapiError LSAPI_ERR_OPTION where the file is not below the mount's directory
 */
export function fileRedirect(path: string, mount: FileMount): HeaderLine {
  const uri = uriOf(path, mount);
  if (uri === undefined) {
    throw invalid(
      `fileRedirect(): ${inspect(path)} is not below ${inspect(mount.directory)}, so that the server cannot deliver it as ` +
        `part of ${mount.uri}.`,
    );
  }
  return ['X-LiteSpeed-Location', uri];
}

/** The URI of a file in a mount, encoded; `undefined` where it is not in there. */
export function uriOf(path: string, { uri, directory }: FileMount): string | undefined {
  if (!isAbsolute(path) || path.includes('\0')) return undefined;
  const rest = relative(resolve(directory), resolve(path));
  if (rest === '' || rest === '..' || rest.startsWith(`..${sep}`) || isAbsolute(rest)) return undefined;
  const prefix = uri.endsWith('/') ? uri : `${uri}/`;
  // Each part by itself: a file's name may have what means something in a URI.
  return encodeUri(prefix) + rest.split(sep).map(encodeURIComponent).join('/');
}

/** Leaves what may be in a URI, percent signs included. */
function encodeUri(uri: string): string {
  try {
    return encodeURI(uri).replaceAll('%25', '%');
  } catch {
    throw invalid(`The URI ${inspect(uri)} has half of a surrogate pair.`);
  }
}

function invalid(message: string): LsapiError {
  return new LsapiError('LSAPI_ERR_OPTION', message);
}
