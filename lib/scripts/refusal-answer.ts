import { STATUS_CODES } from 'node:http';
import { inspect } from 'node:util';
import type { PlainAnswer } from '../connections/plain-answer.js';
import { serverError } from '../connections/plain-answer.js';
import type { ScriptRefusal } from './script-request.js';

const HEADERS = { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' };

/** The answer in place of a script that there is none of, or that is refused; with the reason in development only. */
export function refusalAnswer(
  { status, reason, location }: ScriptRefusal,
  development: boolean,
): PlainAnswer {
  const detail = development ? `\n${reason}\n` : '';
  return {
    status,
    headers: location === undefined ? HEADERS : { ...HEADERS, Location: location },
    body: `${STATUS_CODES[status] ?? 'Error'}\n${detail}`,
  };
}

/** The script closed the server that its requests went to. */
export const scriptClosed: PlainAnswer = {
  status: 503,
  headers: HEADERS,
  body: 'Service Unavailable\n\nThe script has closed its server.\n',
};

/** The script could not be loaded; with an error, what it says (for development only). */
export function scriptFailed(error: unknown): PlainAnswer {
  const { body, ...answer } = serverError();
  const detail =
    error === undefined
      ? 'The script could not be loaded. The reason is in the server’s log.'
      : error instanceof Error
        ? error.message
        : inspect(error);
  return { ...answer, body: `${body}\n${detail}\n` };
}
