import { inspect } from 'node:util';
import { startPhases } from '../app/start-phases.js';
import { isLsapiError } from '../errors.js';

/** What requests get where the app does not load. */
export interface FailurePage {
  /** Content-Type */
  readonly type: string;
  readonly body: string;
}

const NOT_LOADED = 'The application could not be loaded';

/**
 * The page for an app that failed to load: with the error in development; elsewhere it says where to look, since
 * messages and stacks tell strangers too much.
 */
export function failurePage(error: unknown, development: boolean): FailurePage {
  if (!development) {
    return {
      type: 'text/plain; charset=utf-8',
      body: `Service Unavailable\n\n${NOT_LOADED} (${String(startPhases)}). The reason is in the server's log.\n`,
    };
  }
  const text = isLsapiError(error)
    ? `${error.message} [${error.code}]`
    : error instanceof Error
      ? (error.stack ?? error.message)
      : inspect(error);
  return {
    type: 'text/html; charset=utf-8',
    body: `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${NOT_LOADED}</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 3rem auto; padding: 0 1rem }
  pre { background: #f4f4f4; padding: 1rem; overflow: auto; white-space: pre-wrap }
</style>
<h1>${NOT_LOADED}</h1>
<p>${escapeHtml(capitalize(String(startPhases)))}:</p>
<pre>${escapeHtml(text)}</pre>
<p>Save the start file once it is repaired: it is loaded again by itself.</p>
`,
  };
}

/** The reason in one line, for the scoreboard. */
export function failureLine(error: unknown): string {
  const text = error instanceof Error ? error.message : inspect(error);
  return text.replace(/\s+/g, ' ').trim();
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
