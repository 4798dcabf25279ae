import { spawnSync } from 'node:child_process';
import type { ResolvedApp } from '../app/resolve.js';
import { writeLog } from '../connections/log.js';
import { isLsapiError } from '../errors.js';

/** Says in the log why the app does not load. */
export function reportLoadFailure(error: unknown, app: ResolvedApp): void {
  const text = isLsapiError(error)
    ? `${error.message} [${error.code}]`
    : error instanceof Error
      ? (error.stack ?? error.message)
      : String(error);
  writeLog(text);
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof SyntaxError && !text.includes('\n    at ')) {
    // Node tells the place of a syntax error in an ES module only where it reports the error itself.
    const { stderr } = spawnSync(process.execPath, ['--check', app.path], {
      encoding: 'utf8',
      timeout: 5000,
    });
    if (stderr !== '') process.stderr.write(stderr);
  }
}
