import { LsapiError } from '../errors.js';
import { FileRoots, type FileRoot } from './file-roots.js';
import type { HeaderPair } from './header.js';
import { internalRedirect } from './internal-redirect.js';

/**
 * The headers of an answer whose body is a file that the server sends itself, with Content-Type, ETag, ranges and
 * conditional requests: what X-Sendfile and X-Accel-Redirect are with other servers. LiteSpeed passes those two on to
 * the client, paths included (protocol §2.10).
 *
 * The file is named by URI, which all LiteSpeed servers take. What it is to be must be clear from its name: under a
 * suffix that belongs to a script handler it would be run.
 *
 * @param path - Absolute path of the file. That it exists is not checked; the server answers 404.
 * @param roots - The directories that the server can deliver from.
 * @param carried - Further headers of the answer, as in {@link internalRedirect}.
 * @throws LsapiError LSAPI_ERR_LITESPEED_FILE for a file that lies in none of the directories
 */
export function fileDelivery(
  path: string,
  roots: FileRoots | readonly FileRoot[],
  carried: readonly HeaderPair[] = [],
): HeaderPair[] {
  const located = (roots instanceof FileRoots ? roots : new FileRoots(roots)).locate(path);
  if (located === undefined) {
    throw new LsapiError(
      'LSAPI_ERR_LITESPEED_FILE',
      `The server cannot deliver ${JSON.stringify(path)}: it is no absolute path of a file below one of the roots. ` +
        'Send it yourself, or add its directory to the roots and to the configuration of the server.',
    );
  }
  return internalRedirect(located.uri, carried);
}
