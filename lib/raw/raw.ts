import type { RawRequest } from './raw-request.js';
import type { RawResponse } from './raw-response.js';

/**
 * Answers a request; may be asynchronous. What it throws or rejects with becomes a 500 (where nothing was sent yet),
 * and the connection stays usable.
 */
export type RawHandler = (request: RawRequest, response: RawResponse) => void | PromiseLike<void>;

/** Registered, so that it is the same in all copies of the package: the app's may not be the one of `lsnode`. */
const mark = Symbol.for('lsapi.raw');

/**
 * Marks a handler as raw style, the fastest one: `export default raw((request, response) => …)`.
 * Returns the handler itself.
 */
export function raw(handler: RawHandler): RawHandler {
  return Object.defineProperty(handler, mark, { value: true });
}

/** Whether a value was marked by {@link raw}. */
export function isRawHandler(value: unknown): value is RawHandler {
  return typeof value === 'function' && mark in value;
}
