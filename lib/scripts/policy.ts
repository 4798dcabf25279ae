import { closeSync, openSync, realpathSync, statSync, type Stats } from 'node:fs';
import { refused, type ScriptRefusal } from './script-request.js';

/** A script that may be run. */
export interface AdmittedScript {
  readonly kind: 'admitted';
  /** Without symbolic links. */
  readonly path: string;
}

/** Writable by the group, or by everybody. */
const WRITABLE_BY_OTHERS = 0o022;

/**
 * Whether a file may be run as a script: a regular file, inside one of the roots once all symbolic links are followed,
 * readable, owned by the user that this process acts as or by root, and writable by nobody else. Otherwise whoever can
 * put a file there, or change it, could run code as this user.
 *
 * @param roots - absolute directories; `undefined`: anywhere
 */
export function admit(path: string, roots: readonly string[] | undefined): AdmittedScript | ScriptRefusal {
  let real: string;
  let stats: Stats;
  try {
    // What the system would end the name at, Node throws for.
    if (path.includes('\0')) return refused(404, `there is no script ${JSON.stringify(path)}`);
    real = realpathSync.native(path);
    stats = statSync(real);
  } catch (error) {
    return cannotReach(path, error);
  }
  if (roots !== undefined && !roots.some((root) => isInside(real, root))) {
    const place = real === path ? path : `${path} (${real})`;
    const allowed = roots.length === 0 ? 'there is no DOCUMENT_ROOT' : `not inside ${roots.join(' or ')}`;
    return refused(
      403,
      `the script ${place} is refused: ${allowed}. LSNODE_SCRIPT_ROOTS says where scripts may be`,
    );
  }
  if (!stats.isFile()) return refused(403, `the script ${real} is refused: it is no file`);
  const user = process.geteuid?.() ?? 0;
  if (stats.uid !== user && stats.uid !== 0) {
    return refused(
      403,
      `the script ${real} is refused: it belongs to user ${stats.uid}, and this process runs as ${user}. It must belong ` +
        'to the latter or to root',
    );
  }
  if ((stats.mode & WRITABLE_BY_OTHERS) !== 0) {
    const mode = (stats.mode & 0o777).toString(8);
    return refused(
      403,
      `the script ${real} is refused: others than its owner may write to it (mode ${mode}). Remedy: chmod go-w`,
    );
  }
  try {
    // Opened, because access() answers for the real user, not for the one that the process acts as.
    closeSync(openSync(real, 'r'));
  } catch (error) {
    return cannotReach(real, error);
  }
  return { kind: 'admitted', path: real };
}

function cannotReach(path: string, error: unknown): ScriptRefusal {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'EACCES' || code === 'EPERM'
    ? refused(
        403,
        `the script ${path} may not be read by this user: check the permissions of it and of its directories`,
      )
    : refused(
        404,
        `there is no script ${path}${code === 'ENOENT' || code === 'ENOTDIR' ? '' : `: ${message}`}`,
      );
}

function isInside(path: string, root: string): boolean {
  let real: string;
  try {
    real = realpathSync.native(root);
  } catch {
    return false;
  }
  return path.startsWith(real.endsWith('/') ? real : `${real}/`);
}
