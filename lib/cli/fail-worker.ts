import { setTimeout as delay } from 'node:timers/promises';
import type { OpenedApp } from '../app/open.js';
import type { ResolvedApp } from '../app/resolve.js';
import type { FailurePage } from '../process-group/failure-page.js';
import { failurePage } from '../process-group/failure-page.js';
import { reportLoadFailure } from '../process-group/load-failure.js';
import { raw } from '../raw/raw.js';
import type { ServeOptions } from './serve-app.js';
import { serveApp } from './serve-app.js';

/** Who has the process started waits for it with a request. */
const REQUEST_MS = 250;
const CHECK_MS = 10;

/** An app in place of one that does not load. */
export function showFailure({ type, body }: FailurePage): OpenedApp {
  const headers = { 'Content-Type': type, 'Cache-Control': 'no-store', 'Retry-After': '2' };
  const handler = raw((_request, response) => response.send(503, headers, body));
  return { loaded: { style: 'raw', handler }, listened: new Promise(() => undefined) };
}

/**
 * Answers those who wait for a worker whose app does not load, rather than letting the server try again and again until
 * they get its own 503. The process ends then, with status 1.
 */
export async function failWorker(error: unknown, app: ResolvedApp, options: ServeOptions): Promise<void> {
  reportLoadFailure(error, app, 'cannot start');
  process.exitCode = 1;
  const worker = await serveApp(showFailure(failurePage(error, options.development)), options);
  const until = performance.now() + REQUEST_MS;
  while (worker.answeredRequests === 0 && performance.now() < until) await delay(CHECK_MS);
  worker.stop('used-up');
}
