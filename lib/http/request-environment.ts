import type { LiteSpeedEnvironment } from '../litespeed/environment.js';

// Here, because this file's types are part of the package's: an app sees req.lsapi and req.signal.
declare module 'http' {
  interface IncomingMessage {
    /** The request's LSAPI environment; present on requests that came over LSAPI. */
    lsapi?: RequestEnvironment;
    /** Aborted when the client leaves (Node 20 and 22 get it from lsapi). */
    readonly signal?: AbortSignal;
  }
}

/**
 * Takes the native side's header text apart: names and values in turn.
 *
 * @param text - latin1: the number of strings (two code points, big-endian), then each string behind its length
 *   (three code points). Cutting by length is twice as fast as `split()`.
 */
export function splitPairs(text: string): string[] {
  const count = (text.charCodeAt(0) << 8) | text.charCodeAt(1);
  const parts = new Array<string>(count);
  let at = 2;
  for (let index = 0; index < count; index++) {
    const begin = at + 3;
    at = begin + ((text.charCodeAt(at) << 16) | (text.charCodeAt(at + 1) << 8) | text.charCodeAt(at + 2));
    parts[index] = text.substring(begin, at);
  }
  return parts;
}

/**
 * The LSAPI environment as an object without prototype; of a name given twice the last value counts.
 *
 * @param list - the list as it is on the wire, in latin1: for each entry two big-endian 16-bit lengths, name and
 *   value, each with its NUL (protocol §1.6). The native side has validated it.
 */
export function parseEnvironment(list: string): Record<string, string> {
  const env = Object.create(null) as Record<string, string>;
  let at = 0;
  for (;;) {
    const nameSize = (list.charCodeAt(at) << 8) | list.charCodeAt(at + 1);
    if (!(nameSize > 0)) return env; // the terminator, or an empty text
    const valueSize = (list.charCodeAt(at + 2) << 8) | list.charCodeAt(at + 3);
    const name = at + 4;
    const value = name + nameSize;
    at = value + valueSize;
    // The server is known to leave NULs inside values: what is behind the first one is no part of them.
    env[list.slice(name, value - 1)] = list.slice(value, list.indexOf('\0', value));
  }
}

/** Whether the client came by TLS, as the server tells with HTTPS. */
export function isSecure(env: LiteSpeedEnvironment): boolean {
  return env.HTTPS?.toLowerCase() === 'on';
}

/**
 * What a request carries besides HTTP: `req.lsapi`. An own property of the request, because Express exchanges
 * prototypes.
 */
export class RequestEnvironment {
  #text: string;
  #env: LiteSpeedEnvironment | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  /** CGI-like variables as the server sent them (REMOTE_ADDR, SERVER_NAME, HTTPS, …), values in latin1. */
  get env(): LiteSpeedEnvironment {
    if (this.#env === undefined) {
      this.#env = parseEnvironment(this.#text);
      this.#text = '';
    }
    return this.#env;
  }
}
