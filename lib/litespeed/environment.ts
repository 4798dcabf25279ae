/**
 * What a LiteSpeed server tells with a request besides HTTP (protocol §3.1): `req.lsapi.env`, `context.env`,
 * `request.environment`. Values are text as it is on the wire, in latin1. Nearly everything depends on how the request came
 * and on the server's configuration; rewrite rules (`[E=NAME:value]`) and modules add names of their own.
 */
export interface LiteSpeedEnvironment {
  readonly [name: string]: string | undefined;

  // --- The request ---
  /** GET, POST, … */
  readonly REQUEST_METHOD?: string;
  /** Path and query as the client sent them, not decoded. */
  readonly REQUEST_URI?: string;
  /** Not decoded; empty without a query. */
  readonly QUERY_STRING?: string;
  /** Decoded: the context or script. */
  readonly SCRIPT_NAME?: string;
  /** The file, where the request is mapped to one. */
  readonly SCRIPT_FILENAME?: string;
  /** Decoded: what is behind SCRIPT_NAME. */
  readonly PATH_INFO?: string;
  /** PATH_INFO as a path below the document root. */
  readonly PATH_TRANSLATED?: string;
  /** What the client speaks: `HTTP/1.1`. */
  readonly SERVER_PROTOCOL?: string;
  /** Without a slash at its end. */
  readonly DOCUMENT_ROOT?: string;

  // --- Both ends ---
  readonly REMOTE_ADDR?: string;
  readonly REMOTE_PORT?: string;
  readonly SERVER_ADDR?: string;
  /** The Host header without port, in lower case; empty without one. */
  readonly SERVER_NAME?: string;
  /** That of the listener. */
  readonly SERVER_PORT?: string;
  readonly SERVER_ADMIN?: string;
  /** For example `LiteSpeed/1.9.1 Open`. */
  readonly SERVER_SOFTWARE?: string;
  /** For example `Openlitespeed 1.9.1`. */
  readonly LSWS_EDITION?: string;
  /** The proxy's address where the client's is taken from its header. */
  readonly PROXY_REMOTE_ADDR?: string;
  /** `Basic`, where the server itself asks for passwords. */
  readonly AUTH_TYPE?: string;
  /** Who has authenticated there. */
  readonly REMOTE_USER?: string;

  // --- Behind an internal redirect ---
  readonly REDIRECT_STATUS?: string;
  readonly REDIRECT_URL?: string;
  readonly REDIRECT_QUERY_STRING?: string;
  readonly ORIG_PATH_INFO?: string;

  // --- TLS, HTTP/2, HTTP/3 ---
  /** `on`. Also by X-Forwarded-Proto, which clients can forge where no proxy is in front. */
  readonly HTTPS?: string;
  /** The protocol's name on HTTP/2 and HTTP/3. */
  readonly X_SPDY?: string;
  readonly QUIC?: string;
  /** For example `TLSv1.3`. */
  readonly SSL_PROTOCOL?: string;
  readonly SSL_CIPHER?: string;
  /** Bits of the key in use. */
  readonly SSL_CIPHER_USEKEYSIZE?: string;
  /** Bits of the key that the algorithm has. */
  readonly SSL_CIPHER_ALGKEYSIZE?: string;
  readonly SSL_SESSION_ID?: string;
  readonly SSL_CLIENT_VERIFY?: string;
  readonly SSL_CLIENT_S_DN?: string;
  readonly SSL_CLIENT_I_DN?: string;
  readonly SSL_CLIENT_M_SERIAL?: string;
  readonly SSL_CLIENT_M_VERSION?: string;

  // --- The cache ---
  /** What the cache can do, for example `on,crawler`; `on` where ESI is there as well is `on,crawler,esi`. */
  readonly 'X-LSCACHE'?: string;
  readonly LSCACHE_FRONTEND?: string;

  // --- Where the client is, with a database for it ---
  /** Two letters (ISO 3166-1). */
  readonly GEOIP_COUNTRY_CODE?: string;
  readonly GEOIP_COUNTRY_NAME?: string;
  readonly GEOIP_CONTINENT_CODE?: string;
  readonly GEOIP_REGION?: string;
  readonly GEOIP_REGION_NAME?: string;
  readonly GEOIP_CITY?: string;
  readonly GEOIP_POSTAL_CODE?: string;
  readonly GEOIP_LATITUDE?: string;
  readonly GEOIP_LONGITUDE?: string;
  readonly GEOIP_ORGANIZATION?: string;
  readonly GEOIP_ISP?: string;
  readonly IP2LOCATION_COUNTRY_SHORT?: string;
  readonly IP2LOCATION_COUNTRY_LONG?: string;
  readonly IP2LOCATION_REGION?: string;
  readonly IP2LOCATION_CITY?: string;
}

/** What the server's page cache can do. */
export interface CacheSupport {
  readonly enabled: boolean;
  /** Edge Side Includes: `<esi:include>` in a page. */
  readonly esi: boolean;
  readonly crawler: boolean;
}

/** What X-LSCACHE of a request says. */
export function cacheSupport(env: LiteSpeedEnvironment): CacheSupport {
  const words = new Set((env['X-LSCACHE'] ?? '').toLowerCase().split(/[\s,]+/));
  return { enabled: words.has('on') || words.has('1'), esi: words.has('esi'), crawler: words.has('crawler') };
}
