/**
 * The variables that LiteSpeed gives with a request: `request.lsapi.env` in the node style, `context.env` in the fetch
 * style, `request.env(name)` and `request.environment` in the raw style, `environ` in the WSGI style.
 *
 * Names and conditions are those of OpenLiteSpeed 1.9.1 (protocol §3.1, recorded requests, its `httpcgitool.cpp`). Each
 * may be missing: LiteSpeed Web Server, other configurations and the development gateway differ. Whatever rewrite rules
 * and `SetEnv` set comes as well. Values are latin1, one character a byte.
 */
export interface LiteSpeedEnvironment {
  // The connection
  /** IP address of the client; with "Use Client IP in Header" what a proxy says it is. */
  readonly REMOTE_ADDR?: string;
  readonly REMOTE_PORT?: string;
  /** The proxy's own address where REMOTE_ADDR came out of its header. */
  readonly PROXY_REMOTE_ADDR?: string;
  readonly SERVER_ADDR?: string;
  /** Host that the client asked for, in lower case and without port; empty where it named none. */
  readonly SERVER_NAME?: string;
  /** Port that the server listens on, whatever the Host header says. */
  readonly SERVER_PORT?: string;
  readonly SERVER_ADMIN?: string;
  /** For example `LiteSpeed/1.9.1 Open`. */
  readonly SERVER_SOFTWARE?: string;
  /** For example `Openlitespeed 1.9.1`. */
  readonly LSWS_EDITION?: string;

  // The request
  readonly REQUEST_METHOD?: string;
  /** Path and query as the client sent them, also after an internal redirect. */
  readonly REQUEST_URI?: string;
  readonly QUERY_STRING?: string;
  /** What the client speaks: `HTTP/1.0`, `HTTP/1.1`. */
  readonly SERVER_PROTOCOL?: string;
  /** Protocol of a client that speaks HTTP/2 or HTTP/3, such as `HTTP2`. */
  readonly X_SPDY?: string;
  /** Version of QUIC, with HTTP/3. */
  readonly QUIC?: string;
  /** Of the virtual host, without a slash at its end. */
  readonly DOCUMENT_ROOT?: string;
  /** Decoded path of the script or context. A context's has a slash at its end, except in the WSGI style. */
  readonly SCRIPT_NAME?: string;
  /** The script's file; missing where a context mapped the request. */
  readonly SCRIPT_FILENAME?: string;
  /** Decoded path behind the script or context. */
  readonly PATH_INFO?: string;
  readonly PATH_TRANSLATED?: string;

  // After an internal redirect, by a rewrite rule or X-LiteSpeed-Location
  /** Decoded path that the client asked for. */
  readonly REDIRECT_URL?: string;
  readonly REDIRECT_QUERY_STRING?: string;
  /** By a rewrite rule: `200`. */
  readonly REDIRECT_STATUS?: string;
  readonly ORIG_PATH_INFO?: string;

  // TLS
  /** `on` where the client came by TLS, or a proxy said so with X-Forwarded-Proto. */
  readonly HTTPS?: string;
  /** For example `TLSv1.3`. */
  readonly SSL_PROTOCOL?: string;
  readonly SSL_SESSION_ID?: string;
  /** For example `TLS_AES_256_GCM_SHA384`. */
  readonly SSL_CIPHER?: string;
  /** Bits of the key that are used. */
  readonly SSL_CIPHER_USEKEYSIZE?: string;
  /** Bits of the key that the cipher can use. */
  readonly SSL_CIPHER_ALGKEYSIZE?: string;
  /** Where certificates of clients are asked for: `SUCCESS`, `GENEROUS`, `NONE`, or `FAILED:` and the reason. */
  readonly SSL_CLIENT_VERIFY?: string;
  readonly SSL_CLIENT_M_VERSION?: string;
  readonly SSL_CLIENT_M_SERIAL?: string;
  /** Subject of the client's certificate. */
  readonly SSL_CLIENT_S_DN?: string;
  /** Issuer of the client's certificate. */
  readonly SSL_CLIENT_I_DN?: string;

  // Where the client is, if the server has a database. Names beyond these are the administrator's.
  readonly GEOIP_ADDR?: string;
  /** Two letters: `DE`. */
  readonly GEOIP_COUNTRY_CODE?: string;
  readonly GEOIP_COUNTRY_NAME?: string;
  /** Two letters: `EU`. */
  readonly GEOIP_CONTINENT_CODE?: string;
  readonly GEOIP_REGION?: string;
  readonly GEOIP_REGION_NAME?: string;
  readonly GEOIP_CITY?: string;
  readonly GEOIP_POSTAL_CODE?: string;
  readonly GEOIP_LATITUDE?: string;
  readonly GEOIP_LONGITUDE?: string;
  readonly IP2LOCATION_ADDR?: string;
  readonly IP2LOCATION_COUNTRY_SHORT?: string;
  readonly IP2LOCATION_COUNTRY_LONG?: string;
  readonly IP2LOCATION_REGION?: string;
  readonly IP2LOCATION_CITY?: string;

  // Authentication by the server
  readonly AUTH_TYPE?: string;
  readonly REMOTE_USER?: string;

  // The cache
  /** What of LSCache the server has, with commas: `on,crawler`, with ESI `on,crawler,esi,combine`. */
  readonly 'X-LSCACHE'?: string;
  /** `1` where a LiteSpeed server in front caches, and this one leaves the headers to it. */
  readonly LSCACHE_FRONTEND?: string;
  /** With a request of the server's own, for a part of a page by ESI: the page's URL. */
  readonly ESI_REFERER?: string;

  /** Whatever else the server, rewrite rules and `SetEnv` give. */
  readonly [name: string]: string | undefined;
}

/** The names that {@link LiteSpeedEnvironment} knows: editors offer them. */
export type LiteSpeedVariable = keyof {
  [Name in keyof LiteSpeedEnvironment as string extends Name ? never : Name]: never;
};
