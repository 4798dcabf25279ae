import { isSecure } from '../http/request-environment.js';
import type { LiteSpeedEnvironment } from '../litespeed/environment.js';

/** Host names, IPv4 and IPv6 addresses, with a port or without. */
const HOST = /^(?:[\w.~!$&'()*+,;=%-]+|\[[\da-fA-F:.]+\])(?::\d*)?$/;

/**
 * The URL of a request, as Request objects have it.
 *
 * @param target - the request target: a path with its query mostly; `*` is answered as the path `/*`
 * @param host - the Host header
 * @param env - the LSAPI environment: HTTPS tells the scheme, SERVER_NAME and SERVER_PORT stand in for a Host header
 *   that is missing or none
 */
export function requestUrl(target: string, host: string | undefined, env: LiteSpeedEnvironment): string {
  // A client that takes the server for a proxy sends the whole URL, which counts (RFC 9112 §3.2.2).
  const whole = /^https?:\/\//i.test(target) ? parse(target) : undefined;
  if (whole !== undefined) return whole;
  const scheme = isSecure(env) ? 'https' : 'http';
  // Put together as text: a path that begins with two slashes is no authority.
  const path = target.startsWith('/') ? target : `/${target}`;
  for (const authority of [host, serverAuthority(env), env.SERVER_ADDR]) {
    if (authority === undefined || !HOST.test(authority)) continue;
    const url = parse(`${scheme}://${authority}${path}`);
    if (url !== undefined) return url;
  }
  return new URL(`${scheme}://localhost${path}`).href;
}

function parse(url: string): string | undefined {
  try {
    return new URL(url).href;
  } catch {
    return undefined;
  }
}

function serverAuthority({ SERVER_NAME, SERVER_PORT }: LiteSpeedEnvironment): string | undefined {
  return SERVER_PORT === undefined ? SERVER_NAME : `${SERVER_NAME}:${SERVER_PORT}`;
}
