import type { FetchContext } from './fetch-context.js';

/**
 * A handler in the style of web platforms: `export default { fetch(request, context) { return new Response('…'); } }`,
 * or an export named `fetch`. What it throws or rejects with becomes a 500 (where nothing was sent yet).
 */
export interface FetchHandler {
  /**
   * Answers a request.
   *
   * @param request - `request.signal` aborts when the client leaves; the body is read from the server as it is consumed
   * @param context - what the server knows besides, and `waitUntil()`
   * @param executionContext - the same again: frameworks written for platforms that pass `(request, env, context)`, as
   *   Hono is, look for `waitUntil()` there
   */
  fetch(
    request: Request,
    context: FetchContext,
    executionContext: FetchContext,
  ): Response | PromiseLike<Response>;
}

/** Whether a value is an object, a module's namespace included, with a `fetch` function. */
export function isFetchHandler(value: unknown): value is FetchHandler {
  return typeof value === 'object' && value !== null && 'fetch' in value && typeof value.fetch === 'function';
}
