import { writeLog } from '../connections/log.js';
import { isLsapiError } from '../errors.js';

/** Says why the process cannot start: a paragraph, and a stack only for what is no fault of settings or app. */
export function reportFailure(error: unknown): void {
  const text = isLsapiError(error)
    ? `${error.message} [${error.code}]`
    : error instanceof Error
      ? (error.stack ?? error.message)
      : String(error);
  writeLog(`cannot start: ${text}`);
}
