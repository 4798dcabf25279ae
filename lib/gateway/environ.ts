import type { NameValue } from '../codec/index.js';
import type { AppMapping } from './mapping.js';
import type { ResolvedOptions } from './options.js';
import type { PreparedHeaders } from './request-headers.js';
import type { RequestTarget } from './target.js';

/** Both ends of the client's connection. */
export interface ClientAddresses {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
}

/** What the environment of a request is made of. */
export interface EnvironmentSource {
  readonly options: Pick<ResolvedOptions, 'documentRoot' | 'env'>;
  readonly addresses: ClientAddresses;
  readonly method: string;
  readonly httpVersion: string;
  readonly prepared: PreparedHeaders;
  /** What the client asked for. */
  readonly original: RequestTarget;
  /** What is asked of the application: another target after an internal redirect. */
  readonly current: RequestTarget;
  readonly mapping: AppMapping;
}

/** LSWS_EDITION and SERVER_SOFTWARE: the gateway does not pass itself off as LiteSpeed. */
export const GATEWAY_NAME = 'lsapi development gateway';

/**
 * The environment list of a request, in OpenLiteSpeed's order and with its names (lsapi-protocol §3.1).
 *
 * Differences: DOCUMENT_ROOT and PATH_TRANSLATED are absent if the gateway has no document root, SERVER_ADMIN is empty,
 * and X-LSCACHE is absent because there is no cache.
 */
export function buildEnvironment(source: EnvironmentSource): NameValue[] {
  const { options, addresses, prepared, original, current, mapping } = source;
  const { documentRoot } = options;
  const { pathInfo, scriptFilename } = mapping;
  const env: NameValue[] = [];
  if (documentRoot !== undefined) env.push(['DOCUMENT_ROOT', documentRoot]);
  env.push(
    ['REMOTE_ADDR', addresses.remoteAddress],
    ['REMOTE_PORT', String(addresses.remotePort)],
    ['SERVER_ADDR', addresses.localAddress],
    ['SERVER_NAME', serverName(prepared.host)],
    ['SERVER_ADMIN', ''],
    ['SERVER_PORT', String(addresses.localPort)],
    ['REQUEST_URI', original.uri],
  );
  if (pathInfo !== undefined) {
    env.push(['PATH_INFO', pathInfo]);
    if (documentRoot !== undefined) env.push(['PATH_TRANSLATED', documentRoot + pathInfo]);
  }
  if (current !== original) {
    // An internal redirect by the application: no REDIRECT_STATUS (request vector 163).
    if (pathInfo !== undefined) env.push(['ORIG_PATH_INFO', pathInfo]);
    env.push(['REDIRECT_URL', original.path]);
    if (original.query !== '') env.push(['REDIRECT_QUERY_STRING', original.query]);
  }
  // Even from an untrusted client (§9, number 6).
  if (prepared.forwardedProto.toLowerCase() === 'https') env.push(['HTTPS', 'on']);
  const extraAt = env.length;
  env.push(['LSWS_EDITION', GATEWAY_NAME]);
  if (scriptFilename !== undefined) env.push(['SCRIPT_FILENAME', scriptFilename]);
  env.push(
    ['QUERY_STRING', current.query],
    ['SCRIPT_NAME', mapping.scriptName],
    ['SERVER_PROTOCOL', `HTTP/${source.httpVersion}`],
    ['SERVER_SOFTWARE', GATEWAY_NAME],
    ['REQUEST_METHOD', source.method],
  );
  return options.env.length === 0 ? env : withExtra(env, extraAt, options.env);
}

/** The Host header up to its first colon: also for IPv6 literals, where that is wrong (§9, number 7). */
function serverName(host: string): string {
  const colon = host.indexOf(':');
  return colon === -1 ? host : host.slice(0, colon);
}

function withExtra(env: NameValue[], at: number, extra: readonly (readonly [string, string])[]): NameValue[] {
  const added: NameValue[] = [];
  for (const [name, value] of extra) {
    const standard = env.find((entry) => entry[0] === name);
    if (standard === undefined) added.push([name, value]);
    else standard[1] = value;
  }
  env.splice(at, 0, ...added);
  return env;
}
