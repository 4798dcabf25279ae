import type { IncomingMessage } from 'node:http';
import type { ErrorReport } from './error-page.js';
import type { PreparedHeaders } from './request-headers.js';

/**
 * The methods that OpenLiteSpeed forwards, as far as Node's parser knows them; all others it answers with 400
 * (lsapi-protocol §3.2, `captures/not-forwarded.json`). It also forwards some that Node refuses before the gateway sees
 * them: CHECKIN, UNCHECKOUT, UPDATE, MKWORKSPACE, LABEL, VERSION-CONTROL, BASELINE-CONTROL and REFRESH.
 */
const FORWARDED_METHODS = new Set([
  ...['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PURGE', 'SEARCH'],
  ...[
    'PROPFIND',
    'PROPPATCH',
    'MKCOL',
    'COPY',
    'MOVE',
    'LOCK',
    'UNLOCK',
    'REPORT',
    'MERGE',
    'MKACTIVITY',
    'BIND',
  ],
]);

/** Requests that OpenLiteSpeed answers itself although they are well-formed for Node's parser. */
export function refuseRequest(req: IncomingMessage, prepared: PreparedHeaders): ErrorReport | undefined {
  const method = req.method ?? '';
  if (req.httpVersion !== '1.1' && req.httpVersion !== '1.0') {
    return { status: 400, reason: `HTTP/${req.httpVersion} does not work here: use HTTP/1.1 or HTTP/1.0.` };
  }
  if (!FORWARDED_METHODS.has(method)) {
    return { status: 400, reason: `LiteSpeed servers do not forward the method ${method}.` };
  }
  if (prepared.hasProxy) {
    return { status: 400, reason: 'LiteSpeed servers refuse requests with a "Proxy" header (httpoxy).' };
  }
  if (prepared.transferEncoding !== undefined && prepared.transferEncoding.toLowerCase() !== 'chunked') {
    return { status: 501, reason: 'The only Transfer-Encoding that works is "chunked".' };
  }
  return undefined;
}

/** An error of Node's HTTP parser: `server.on('clientError')`. */
export interface ParserError extends Error {
  readonly code?: string;
  readonly reason?: string;
  /** The bytes that the parser was given, if it got as far. */
  readonly rawPacket?: Buffer;
}

/**
 * The status that OpenLiteSpeed gives for what Node's parser refuses (`captures/not-forwarded.json`): 400, except for
 * a Transfer-Encoding other than chunked (501) and for HTTP/1.2 and later 1.x (505).
 *
 * @returns `undefined` if nobody is there to be answered.
 */
export function refuseUnparsable(error: ParserError): ErrorReport | undefined {
  const head = error.rawPacket?.toString('latin1', 0, 65_536) ?? '';
  switch (error.code) {
    case 'ECONNRESET':
    case 'EPIPE':
    case 'HPE_INVALID_EOF_STATE':
      return undefined;
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { status: 408, reason: 'The request header did not arrive in time.' };
    case 'HPE_HEADER_OVERFLOW':
      return { status: 431, reason: 'The request header is longer than 128 KiB.' };
    case 'HPE_INVALID_VERSION':
      if (!/^\s*\S+ [^\r\n]* HTTP\/1\.[2-9]/.test(head)) break;
      return { status: 505, reason: 'Use HTTP/1.1 or HTTP/1.0.' };
    case 'HPE_INVALID_TRANSFER_ENCODING':
    case 'HPE_INVALID_CONTENT_LENGTH': {
      const encoding = /^transfer-encoding:[ \t]*([^\r\n]*)/im.exec(head)?.[1];
      if (encoding === undefined || /^chunked\s*$/i.test(encoding)) break;
      return { status: 501, reason: 'The only Transfer-Encoding that works is "chunked".' };
    }
    default:
  }
  return { status: 400, reason: `The request is not well-formed: ${error.reason ?? error.message}.` };
}
