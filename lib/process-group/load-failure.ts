import { spawnSync } from 'node:child_process';
import type { ResolvedApp } from '../app/resolve.js';
import { startPhases } from '../app/start-phases.js';
import { writeLog } from '../connections/log.js';
import { isLsapiError, LsapiError } from '../errors.js';

/** Says in the log why the app does not load. */
export function reportLoadFailure(error: unknown, app: ResolvedApp, what = 'the app does not load'): void {
  const text = isLsapiError(error)
    ? `${error.message} [${error.code}]`
    : error instanceof Error
      ? (error.stack ?? error.message)
      : String(error);
  writeLog(`${what} (${String(startPhases)}): ${text}`);
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

/**
 * Calls `failed` with the reason when the app ends the process from now on, by process.exit() or by an error that
 * nobody catches. Node would tell such an error only after the last event, behind which nothing of Node may run here.
 *
 * @returns what ends that
 */
export function onEndWhileLoading(app: ResolvedApp, failed: (error: unknown) => void): () => void {
  let uncaught: { readonly error: unknown } | undefined;
  const note = (error: unknown): void => {
    // An app that handles such errors itself goes on.
    if (process.listenerCount('uncaughtException') === 0) uncaught = { error };
  };
  const onExit = (code: number): void => {
    const { error } = uncaught ?? {
      error: new LsapiError(
        'LSAPI_ERR_APP_LOAD',
        `The app ${app.path} ended the process with status ${code} while it was loaded.`,
      ),
    };
    reportLoadFailure(error, app);
    failed(error);
  };
  process.on('uncaughtExceptionMonitor', note);
  process.on('exit', onExit);
  return () => {
    process.off('uncaughtExceptionMonitor', note);
    process.off('exit', onExit);
  };
}
