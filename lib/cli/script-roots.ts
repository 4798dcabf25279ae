import { isAbsolute } from 'node:path';
import type { Settings } from '../config/setting-types.js';
import { LsapiError } from '../errors.js';

/**
 * LSNODE_SCRIPT_ROOTS, taken apart: outside of these directories no script is run. `undefined`: the document root of
 * each request.
 *
 * @throws LsapiError LSAPI_ERR_OPTION for a relative path
 */
export function scriptRoots({ scriptRoots: text }: Settings): readonly string[] | undefined {
  if (text === undefined) return undefined;
  const roots = text.split(':').filter((root) => root !== '');
  const relative = roots.find((root) => !isAbsolute(root));
  if (relative === undefined) return roots;
  throw new LsapiError(
    'LSAPI_ERR_OPTION',
    `LSNODE_SCRIPT_ROOTS has "${relative}", which is no absolute path. Write directories as in /srv/www:/home/me/www.`,
  );
}
