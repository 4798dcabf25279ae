import { isIPv6 } from 'node:net';
import type { DirectiveConfiguration, Host, Settings } from '../settings.js';
import type { Target } from './target.js';
import { refusal, type DirectiveRequest, type Refusal } from './types.js';

/** Whom a request was meant for. */
export interface Addressee {
  readonly host: Host;
  /** Name of the Host header or absolute target, in lower case; `undefined` if none was given. */
  readonly hostname: string | undefined;
  /** Port of the Host header or absolute target. */
  readonly port: number | undefined;
  /** Port on which the connection came in. */
  readonly serverPort: number;
}

/** Checks protocol version and Host header, and chooses the virtual host. */
export function addressee(
  configuration: DirectiveConfiguration,
  request: DirectiveRequest,
  target: Target,
): Addressee | Refusal {
  const protocol = request.protocol ?? 'HTTP/1.1';
  if (protocol !== '' && !/^HTTP\/\d\.\d$/.test(protocol))
    return refusal(400, `invalid protocol '${protocol}'`);
  const given = request.headers.filter(([name]) => name.toLowerCase() === 'host').map(([, value]) => value);
  if (given.length > 1) return refusal(400, 'more than one Host header');
  const candidates = candidateHosts(configuration, request);
  const base = candidates[0] ?? configuration.server;
  // An absolute target of another scheme than the server's counts for its path only.
  const absolute = target.scheme === base.scheme ? target.authority : undefined;
  const current = protocol !== '' && protocol >= 'HTTP/1.1';
  if (current && given.length === 0 && (absolute === undefined || protocol === 'HTTP/1.1'))
    return refusal(400, 'client sent HTTP/1.1 request without hostname');
  const text = absolute ?? given[0];
  if (text === undefined)
    return { host: base, hostname: undefined, port: undefined, serverPort: request.serverPort };
  const parsed = parseHost(text);
  if (parsed === undefined) return refusal(400, `Client sent malformed Host header: ${text}`);
  const { hostname } = parsed;
  const named = candidates.find(
    (host) => host.name?.toLowerCase() === hostname || host.aliases.some((alias) => alias.test(hostname)),
  );
  return { host: named ?? base, ...parsed, serverPort: request.serverPort };
}

/** The virtual hosts of the address that fits the connection best, in order. */
function candidateHosts(
  { virtualHosts }: DirectiveConfiguration,
  request: DirectiveRequest,
): readonly Host[] {
  const { serverAddress, serverPort } = request;
  const fit = ({ host, port }: Host['addresses'][number]): number => {
    if (port !== 0 && port !== serverPort) return 0;
    const any = host === '*';
    if (!any && serverAddress !== undefined && host !== serverAddress) return 0;
    return 1 + (any ? 0 : 2) + (port === 0 ? 0 : 1);
  };
  const rated = virtualHosts.map((host) => ({ host, fit: Math.max(0, ...host.addresses.map(fit)) }));
  const best = Math.max(0, ...rated.map((one) => one.fit));
  return best === 0 ? [] : rated.filter((one) => one.fit === best).map(({ host }) => host);
}

/** Host and port, by the strict rules of Apache 2.4; `undefined`: malformed. */
export function parseHost(text: string): { hostname: string; port: number | undefined } | undefined {
  const [, literal, name, digits] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(text) ?? [];
  const port = digits === undefined ? undefined : Number(digits);
  if (port !== undefined && (port < 1 || port > 65_535)) return undefined;
  if (literal !== undefined)
    return isIPv6(literal) && !literal.includes('%') ? { hostname: literal.toLowerCase(), port } : undefined;
  if (name === undefined || name === '' || !/^[A-Za-z0-9_.-]+$/.test(name)) return undefined;
  if (/^[\d.]+$/.test(name)) {
    if (!/^\d+\.\d+\.\d+\.\d+$/.test(name) || /(?:^|\.)0\d/.test(name)) return undefined;
  } else if (/\.[^A-Za-z.][^.]*$/.test(name)) return undefined; // The top-level domain begins with a letter.
  return { hostname: name.toLowerCase().replace(/(.)\.$/, '$1'), port };
}

/** The port that a request's own URL has by `UseCanonicalName` and `UseCanonicalPhysicalPort`. */
export function canonicalPort({ host, port, serverPort }: Addressee, settings: Settings): number {
  const fallback = host.scheme === 'https' ? 443 : 80;
  const physical = settings.useCanonicalPhysicalPort === true ? serverPort : 0;
  const canonical = host.port || physical || fallback;
  return settings.useCanonicalName === true ? canonical : (port ?? canonical);
}

/** `host` or `host:port`; well-known ports are left out whatever the scheme. */
export function withPort(host: string, port: number): string {
  return port === 80 || port === 443 ? host : `${host}:${port}`;
}

/** Scheme, host and port of the request, for redirects. */
export function origin(to: Addressee, settings: Settings): string {
  const { scheme, name = '' } = to.host;
  const host = settings.useCanonicalName === true ? name : (to.hostname ?? name);
  const port = canonicalPort(to, settings);
  const usual = scheme === 'https' ? 443 : 80;
  const literal = host.includes(':') ? `[${host}]` : host;
  return `${scheme}://${literal}${port === usual ? '' : `:${port}`}`;
}
