// What must be equal in the answers of an application under plain Node and under lsnode.
import { createHash } from 'node:crypto';
import type { Reply } from './client.js';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: string;
}

/** Belongs to the connection or to the server in front, not to the application. */
const CONNECTION_HEADERS = new Set(['connection', 'date', 'keep-alive', 'server', 'transfer-encoding']);

/**
 * Drops what may differ: headers of the connection, the time in a cookie's Expires, whether a body came chunked
 * or with a length, and the length that HEAD answers with, which OpenLiteSpeed (and so the gateway) leaves out.
 */
export function normalise(reply: Reply, scrub?: (body: string) => string): Answer {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(reply.headers)) {
    if (value !== undefined && !CONNECTION_HEADERS.has(name)) headers[name] = value;
  }
  const cookies = reply.headers['set-cookie'];
  if (cookies) {
    headers['set-cookie'] = cookies.map((line) =>
      line.includes('Max-Age') ? line.replace(/Expires=[^;]+/, 'Expires=…') : line,
    );
  }
  if (reply.method === 'HEAD') delete headers['content-length'];
  else if (reply.status !== 204 && reply.status !== 304) {
    headers['content-length'] ??= String(reply.body.length);
  }
  const text = reply.body.toString('latin1');
  const body =
    text.length < 100_000
      ? (scrub?.(text) ?? text)
      : `sha256 ${createHash('sha256').update(reply.body).digest('hex')}`;
  // With a scrubbed body its length and tag mean nothing; whether it had to be is not the same for every server.
  if (scrub !== undefined && text.length < 100_000) {
    delete headers['content-length'];
    delete headers.etag;
  }
  return { status: reply.status, headers, body };
}
