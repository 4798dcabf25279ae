import type http from 'node:http';
import { kOutHeaders } from './internals.js';

type SetHeader = http.ServerResponse['setHeader'];

/**
 * What Node keeps the headers of a response in: an object without inherited names. Node's own has no prototype, which
 * makes V8 keep it as a hash table, where each new name costs as much as ten here.
 */
const OutHeaders = function OutHeaders() {
  // all names are added later
} as unknown as new () => object;
(OutHeaders as unknown as { prototype: object }).prototype = Object.create(null) as object;

/** `res.setHeader()` as an own property: that of the response's class, with a place for the headers prepared. */
export function setHeader(
  this: http.ServerResponse,
  name: string,
  value: number | string | readonly string[],
): http.ServerResponse {
  const { setHeader: ofClass } = Object.getPrototypeOf(this) as { setHeader: SetHeader };
  const state = this as unknown as Record<symbol, object | null>;
  if (kOutHeaders === undefined || state[kOutHeaders] !== null) return ofClass.call(this, name, value);
  state[kOutHeaders] = new OutHeaders();
  try {
    return ofClass.call(this, name, value);
  } catch (error) {
    // Whether there are headers decides how writeHead() takes its own.
    if (!hasNames(state[kOutHeaders])) state[kOutHeaders] = null;
    throw error;
  }
}

function hasNames(headers: object | null | undefined): boolean {
  for (const _name in headers) return true;
  return false;
}
