import type { NameValue } from '#lib/codec/types.js';
import { encodeRequest } from '#lib/codec/index.js';

/** A request in both forms: what a web server sends over LSAPI, and over HTTP. */
export interface BenchRequest {
  readonly lsapi: Buffer;
  readonly http: Buffer;
}

const BROWSER: readonly NameValue[] = [
  ['Host', 'www.example.com'],
  ['Connection', 'keep-alive'],
  ['Cache-Control', 'max-age=0'],
  ['sec-ch-ua', '"Chromium";v="142", "Not;A=Brand";v="24", "Google Chrome";v="142"'],
  ['sec-ch-ua-mobile', '?0'],
  ['sec-ch-ua-platform', '"Linux"'],
  ['Upgrade-Insecure-Requests', '1'],
  [
    'User-Agent',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36',
  ],
  ['Accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8'],
  ['Sec-Fetch-Site', 'same-origin'],
  ['Sec-Fetch-Mode', 'navigate'],
  ['Sec-Fetch-User', '?1'],
  ['Sec-Fetch-Dest', 'document'],
  ['Referer', 'https://www.example.com/catalogue/page?id=42'],
  ['Accept-Encoding', 'gzip, deflate, br, zstd'],
  ['Accept-Language', 'en-GB,en;q=0.9,de;q=0.8'],
  ['Cookie', 'session=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822c; theme=dark; consent=yes'],
];

export const BROWSER_TARGET = '/catalogue/item?id=43&sort=price';

const BROWSER_ENV: readonly NameValue[] = [
  ['HTTPS', 'on'],
  ['SSL_PROTOCOL', 'TLSv1.3'],
  ['SSL_CIPHER', 'TLS_AES_256_GCM_SHA384'],
  ['SSL_CIPHER_USEKEYSIZE', '256'],
  ['SSL_CIPHER_ALGKEYSIZE', '256'],
  ['GEOIP_COUNTRY_CODE', 'DE'],
  ['GEOIP_COUNTRY_NAME', 'Germany'],
  ['GEOIP_CONTINENT_CODE', 'EU'],
];

/** 17 headers and 24 variables, as a current browser and OpenLiteSpeed send them. */
export function browserRequest(target = BROWSER_TARGET): BenchRequest {
  return build(target, BROWSER, BROWSER_ENV);
}

/** A request with nothing but a Host. */
export function smallRequest(): BenchRequest {
  return build('/', [['Host', 'www.example.com']], []);
}

/** As a browser's, with more headers of its own until there are `count`; or, below 17, with fewer. */
export function requestWithHeaders(count: number): BenchRequest {
  const further = Array.from({ length: Math.max(0, count - BROWSER.length) }, (_, index): NameValue => [
    `X-Application-Header-${index + 1}`,
    `value number ${index + 1} of this request`,
  ]);
  return build(BROWSER_TARGET, [...BROWSER.slice(0, count), ...further], BROWSER_ENV);
}

/** A POST by a browser; its body is part of it. */
export function postRequest(type: string, body: Buffer): BenchRequest {
  const { lsapi, http } = uploadRequest(type, body.length);
  return { lsapi: Buffer.concat([lsapi, body]), http: Buffer.concat([http, body]) };
}

/** A POST by a browser, behind which `bytes` of body have to be sent. */
export function uploadRequest(type: string, bytes: number): BenchRequest {
  const headers: NameValue[] = [...BROWSER, ['Content-Type', type], ['Content-Length', String(bytes)]];
  return build(BROWSER_TARGET, headers, BROWSER_ENV, 'POST', bytes);
}

/** A request as a browser sends it, over LSAPI: the packet, and the body behind it. */
export function lsapiRequest(
  method: string,
  target: string,
  headers: readonly NameValue[] = [],
  body: Buffer = Buffer.alloc(0),
): Buffer {
  const own: readonly NameValue[] =
    body.length > 0 ? [...headers, ['Content-Length', String(body.length)]] : headers;
  const given = new Set(own.map(([name]) => name.toLowerCase()));
  const kept = BROWSER.filter(([name]) => !given.has(name.toLowerCase()));
  return Buffer.concat([build(target, [...kept, ...own], [], method, body.length).lsapi, body]);
}

function build(
  target: string,
  headers: readonly NameValue[],
  extra: readonly NameValue[],
  method = 'GET',
  bodyLength = 0,
): BenchRequest {
  const requestLine = `${method} ${target} HTTP/1.1`;
  const env: NameValue[] = [
    ['DOCUMENT_ROOT', '/srv/site/html'],
    ['REMOTE_ADDR', '198.51.100.7'],
    ['REMOTE_PORT', '40001'],
    ['SERVER_ADDR', '192.0.2.10'],
    ['SERVER_NAME', 'www.example.com'],
    ['SERVER_ADMIN', 'webmaster@example.com'],
    ['SERVER_PORT', '443'],
    ['REQUEST_URI', target],
    ['PATH_INFO', target.split('?')[0]!],
    ...extra,
    ['LSWS_EDITION', 'Openlitespeed 1.9.1'],
    ['X-LSCACHE', 'on,crawler'],
    ['QUERY_STRING', target.split('?')[1] ?? ''],
    ['SCRIPT_NAME', '/'],
    ['SERVER_PROTOCOL', 'HTTP/1.1'],
    ['SERVER_SOFTWARE', 'LiteSpeed/1.9.1 Open'],
    ['REQUEST_METHOD', method],
  ];
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return {
    lsapi: encodeRequest({ env, reqBodyLen: bodyLength, header: { requestLine, headers: [...headers] } }),
    http: Buffer.from(`${requestLine}\r\n${lines}\r\n`, 'latin1'),
  };
}
