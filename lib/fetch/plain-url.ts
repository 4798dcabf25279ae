/**
 * Host names in lower case with letters at the beginning of their last label, and at most four digits of a port: what
 * the URL parser leaves as it is. Others may be addresses, internationalized or wrong.
 */
const HOST = /^(?:[a-z\d]+(?:-[a-z\d]+)*\.)*[a-z][a-z\d]*(?:-[a-z\d]+)*(?::[1-9]\d{0,3})?$/;
const MAX_HOST = 200;

/** Paths and queries of characters that the URL parser neither escapes nor converts, without segments of dots. */
const TARGET = /^(?:\/(?![.%])[\w.~!$&()*+,;=:@%-]*)+(?:\?[\w.~!$&()*+,;=:@%/?-]*)?$/;

/** The host of the last request and what URLs begin with there: an app has few of them. */
let lastHost: string | undefined;
let lastSecure = false;
let lastPrefix: string | undefined;

/**
 * The URL of a request whose parts are in their final form already, which new URL() would find out at many times the
 * cost. Undefined for all others: see requestUrl().
 */
export function plainUrl(target: string, host: string | undefined, secure: boolean): string | undefined {
  if (host === undefined || !TARGET.test(target)) return undefined;
  if (host !== lastHost || secure !== lastSecure) {
    lastHost = host;
    lastSecure = secure;
    lastPrefix = prefix(host, secure);
  }
  return lastPrefix === undefined ? undefined : lastPrefix + target;
}

function prefix(host: string, secure: boolean): string | undefined {
  if (host.length > MAX_HOST || !HOST.test(host) || host.endsWith(secure ? ':443' : ':80')) return undefined;
  return `${secure ? 'https' : 'http'}://${host}`;
}
