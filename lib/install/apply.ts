import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { LsapiError } from '../errors.js';
import type { FileChange } from './plan.js';

/**
 * Makes changes, each file as a whole or not at all. Owner and permissions stay. What a file was before is kept beside
 * it; a command that was written here is not worth that.
 *
 * @returns the backups, one for each configuration file that was changed
 * @throws LsapiError `LSAPI_ERR_INSTALL` at the first that cannot be made; the text names what has been
 */
export function applyChanges(changes: readonly FileChange[], now: Date = new Date()): string[] {
  const backups: string[] = [];
  const done: string[] = [];
  for (const change of changes) {
    try {
      const backup = apply(change, now);
      if (backup !== undefined) backups.push(backup);
      done.push(change.path);
    } catch (error) {
      const earlier = done.length === 0 ? 'Nothing was changed.' : `Changed already: ${done.join(', ')}.`;
      throw new LsapiError(
        'LSAPI_ERR_INSTALL',
        `${change.path} cannot be written (${error instanceof Error ? error.message : String(error)}). ${earlier} Run this as root, or as the user that owns the configuration.`,
        { cause: error },
      );
    }
  }
  return backups;
}

function apply({ path, before, after, executable }: FileChange, now: Date): string | undefined {
  if (after === undefined) {
    rmSync(path);
    return undefined;
  }
  if (before === undefined) {
    replace(path, after, { mode: executable ? 0o755 : 0o640 });
    return undefined;
  }
  // A link stays one.
  const real = realpathSync(path);
  const { mode, uid, gid } = statSync(real);
  const attributes = { mode: (mode & 0o7777) | (executable ? 0o555 : 0), uid, gid };
  const backup = executable ? undefined : `${real}.${stamp(now)}.before-lsnode`;
  if (backup !== undefined) replace(backup, before, attributes);
  replace(real, after, attributes);
  return backup;
}

/** Writes a file beside its place and moves it there. */
function replace(path: string, text: string, to: { mode: number; uid?: number; gid?: number }): void {
  const temporary = `${path}.${process.pid}.new`;
  try {
    const fd = openSync(temporary, 'wx', 0o600);
    try {
      writeSync(fd, Buffer.from(text, 'latin1'));
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    const { uid, gid } = statSync(temporary);
    if (to.uid !== undefined && to.gid !== undefined && (to.uid !== uid || to.gid !== gid)) {
      chownSync(temporary, to.uid, to.gid);
    }
    chmodSync(temporary, to.mode);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** `20261128T141500`, in UTC. */
function stamp(now: Date): string {
  return now
    .toISOString()
    .replace(/\.\d+Z$/, '')
    .replace(/[-:]/g, '');
}
