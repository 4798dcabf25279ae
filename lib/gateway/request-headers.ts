import type { NameValue } from '../codec/index.js';

/** The headers of a request as they are delivered, and those that the gateway needs itself. */
export interface PreparedHeaders {
  /** As OpenLiteSpeed would lay them out. */
  readonly headers: NameValue[];
  readonly host: string;
  readonly contentLength: string | undefined;
  readonly transferEncoding: string | undefined;
  /** Position of Transfer-Encoding in `headers`. */
  readonly transferEncodingAt: number;
  readonly acceptEncoding: string;
  readonly forwardedProto: string;
  readonly referer: string;
  readonly userAgent: string;
  /** Whether there is a `Proxy` header, which the server refuses (httpoxy). */
  readonly hasProxy: boolean;
}

/**
 * Edits request headers as OpenLiteSpeed does (lsapi-protocol §1.8, §1.9): Host in lower case, a second Host renamed to
 * `Hos2` (request vector 077), `Expect: 100-continue` taken out because the server answers it, an h2c offer taken out
 * because the server declines it (198).
 *
 * @param rawHeaders Names and values, alternating, as `http.IncomingMessage` gives them.
 */
export function prepareHeaders(rawHeaders: readonly string[]): PreparedHeaders {
  const headers: NameValue[] = [];
  const first = new Map<string, string>();
  let transferEncodingAt = -1;
  for (let n = 0; n + 1 < rawHeaders.length; n += 2) {
    let name = rawHeaders[n] ?? '';
    let value = rawHeaders[n + 1] ?? '';
    const key = name.toLowerCase();
    const repeated = first.has(key);
    switch (key) {
      case 'host':
        if (repeated) name = 'Hos2';
        else value = value.toLowerCase();
        break;
      case 'expect':
        if (/^100-/.test(value)) continue;
        break;
      case 'upgrade':
        if (/^h2c$/i.test(value)) continue;
        break;
      case 'transfer-encoding':
        transferEncodingAt = headers.length;
        break;
      default:
    }
    if (!repeated) first.set(key, value);
    headers.push([name, value]);
  }
  return {
    headers,
    host: first.get('host') ?? '',
    contentLength: first.get('content-length'),
    transferEncoding: first.get('transfer-encoding'),
    transferEncodingAt,
    acceptEncoding: first.get('accept-encoding') ?? '',
    forwardedProto: first.get('x-forwarded-proto') ?? '',
    referer: first.get('referer') ?? '',
    userAgent: first.get('user-agent') ?? '',
    hasProxy: first.has('proxy'),
  };
}

/**
 * The headers of a chunked upload that was received completely before dispatch: the Transfer-Encoding line became a
 * Content-Length line in its place (request vector 055).
 */
export function withKnownLength(prepared: PreparedHeaders, length: number): NameValue[] {
  return prepared.headers.map((header, n) =>
    n === prepared.transferEncodingAt ? ['Content-length', String(length)] : header,
  );
}
