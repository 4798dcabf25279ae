import assert from 'node:assert/strict';
import type { LiteSpeedVariable } from '#lib/litespeed/index.js';
import { requestVectors } from '../support/vectors.js';

/** The compiler makes sure that this is the interface's list. */
const KNOWN: Readonly<Record<LiteSpeedVariable, true>> = {
  REMOTE_ADDR: true,
  REMOTE_PORT: true,
  PROXY_REMOTE_ADDR: true,
  SERVER_ADDR: true,
  SERVER_NAME: true,
  SERVER_PORT: true,
  SERVER_ADMIN: true,
  SERVER_SOFTWARE: true,
  LSWS_EDITION: true,
  REQUEST_METHOD: true,
  REQUEST_URI: true,
  QUERY_STRING: true,
  SERVER_PROTOCOL: true,
  X_SPDY: true,
  QUIC: true,
  DOCUMENT_ROOT: true,
  SCRIPT_NAME: true,
  SCRIPT_FILENAME: true,
  PATH_INFO: true,
  PATH_TRANSLATED: true,
  REDIRECT_URL: true,
  REDIRECT_QUERY_STRING: true,
  REDIRECT_STATUS: true,
  ORIG_PATH_INFO: true,
  HTTPS: true,
  SSL_PROTOCOL: true,
  SSL_SESSION_ID: true,
  SSL_CIPHER: true,
  SSL_CIPHER_USEKEYSIZE: true,
  SSL_CIPHER_ALGKEYSIZE: true,
  SSL_CLIENT_VERIFY: true,
  SSL_CLIENT_M_VERSION: true,
  SSL_CLIENT_M_SERIAL: true,
  SSL_CLIENT_S_DN: true,
  SSL_CLIENT_I_DN: true,
  GEOIP_ADDR: true,
  GEOIP_COUNTRY_CODE: true,
  GEOIP_COUNTRY_NAME: true,
  GEOIP_CONTINENT_CODE: true,
  GEOIP_REGION: true,
  GEOIP_REGION_NAME: true,
  GEOIP_CITY: true,
  GEOIP_POSTAL_CODE: true,
  GEOIP_LATITUDE: true,
  GEOIP_LONGITUDE: true,
  IP2LOCATION_ADDR: true,
  IP2LOCATION_COUNTRY_SHORT: true,
  IP2LOCATION_COUNTRY_LONG: true,
  IP2LOCATION_REGION: true,
  IP2LOCATION_CITY: true,
  AUTH_TYPE: true,
  REMOTE_USER: true,
  'X-LSCACHE': true,
  LSCACHE_FRONTEND: true,
  ESI_REFERER: true,
};

describe('LiteSpeedEnvironment', () => {
  it('knows every variable of the recorded requests, but those that a rewrite rule has set', () => {
    const unknown = requestVectors()
      .filter(({ id }) => !id.includes('rewrite-env'))
      .flatMap(({ id, meta }) =>
        (meta.decodedAll ?? [meta.decoded]).flatMap(({ env }) => env.map(([name]) => `${id}: ${name}`)),
      )
      .filter((entry) => !Object.hasOwn(KNOWN, entry.slice(entry.indexOf(': ') + 2)));
    assert.deepEqual(unknown, []);
  });
});
