import { startPhases } from '../app/start-phases.js';
import { writeLog } from '../connections/log.js';
import { isLsapiError } from '../errors.js';

/**
 * Says why the process cannot start: a paragraph, and a stack only for what is no fault of settings or app.
 *
 * @throws SyntaxError for Node to report: it shows the place of one in an ES module to nobody else
 */
export function reportFailure(error: unknown): void {
  const text = isLsapiError(error)
    ? `${error.message} [${error.code}]`
    : error instanceof Error
      ? (error.stack ?? error.message)
      : String(error);
  const phase = String(startPhases);
  writeLog(`cannot start${phase === '' ? '' : ` (${phase})`}: ${text}`);
  if (error instanceof Error && error.cause instanceof SyntaxError && !text.includes('\n    at '))
    throw error.cause;
}
