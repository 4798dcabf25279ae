import { createReadStream, statSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname } from 'node:path';
import { GATEWAY_NAME } from './environ.js';

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.csv': 'text/csv',
  '.gif': 'image/gif',
  '.htm': 'text/html',
  '.html': 'text/html',
  '.ico': 'image/x-icon',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.js': 'application/javascript',
  '.json': 'application/json',
  '.mjs': 'application/javascript',
  '.mp3': 'audio/mpeg',
  '.mp4': 'video/mp4',
  '.pdf': 'application/pdf',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain',
  '.wasm': 'application/wasm',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
  '.xml': 'application/xml',
  '.zip': 'application/zip',
};

/** What the server says of a file itself: a carried header of that name does not count. */
const OWN = new Set(['etag', 'last-modified', 'content-length', 'content-range', 'accept-ranges']);

/**
 * Delivers a static file, the target of an internal redirect: with ETag, Last-Modified, conditional requests and one
 * byte range. As with OpenLiteSpeed 1.9.1 (its source, `staticfilehandler.cpp`) only the whole file has the headers that
 * are carried over, among them perhaps a Content-Type in place of the server's: a 304 has the ETag only, and a part of
 * the file has what the server knows of it.
 *
 * @param path Latin1 path of an existing file.
 * @param carried Names and values of headers that the application wants on the response.
 */
export function serveFile(
  req: IncomingMessage,
  res: ServerResponse,
  path: string,
  carried: readonly string[],
): void {
  const file = Buffer.from(path, 'latin1');
  const { size, mtimeMs, ino } = statSync(file);
  const modified = Math.floor(mtimeMs / 1000);
  const etag = `"${size.toString(16)}-${modified.toString(16)}-${ino.toString(16)}"`;
  const headers = ['server', GATEWAY_NAME, 'etag', etag];
  if (isNotModified(req, etag, modified)) {
    res.writeHead(304, headers).end();
    return;
  }
  headers.push('last-modified', new Date(modified * 1000).toUTCString(), 'accept-ranges', 'bytes');
  const range = rangeFor(req, size, etag, modified);
  const own = range === undefined ? withoutOwn(carried) : [];
  headers.push(...own);
  if (!own.some((name, n) => n % 2 === 0 && name === 'content-type')) {
    headers.push('content-type', TYPES[extname(path).toLowerCase()] ?? 'application/octet-stream');
  }
  if (range === 'unsatisfiable') {
    res.writeHead(416, [...headers, 'content-range', `bytes */${size}`, 'content-length', '0']).end();
    return;
  }
  const { start, end } = range ?? { start: 0, end: size - 1 };
  headers.push('content-length', String(end - start + 1));
  if (range !== undefined) headers.push('content-range', `bytes ${start}-${end}/${size}`);
  res.writeHead(range === undefined ? 200 : 206, headers);
  if (req.method === 'HEAD' || end < start) {
    res.end();
    return;
  }
  const stream = createReadStream(file, { start, end });
  stream.on('error', () => res.destroy());
  res.on('close', () => stream.destroy());
  stream.pipe(res);
}

function isNotModified(req: IncomingMessage, etag: string, modified: number): boolean {
  const tags = req.headers['if-none-match'];
  if (tags !== undefined) {
    return tags.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
  }
  const since = Date.parse(req.headers['if-modified-since'] ?? '');
  return !Number.isNaN(since) && modified * 1000 <= since;
}

function withoutOwn(carried: readonly string[]): string[] {
  return carried.filter((_, n) => !OWN.has(carried[n - (n % 2)]!));
}

/** The range that is asked for, unless the file is another one by now than the one that If-Range names. */
function rangeFor(
  { headers }: IncomingMessage,
  size: number,
  etag: string,
  modified: number,
): { start: number; end: number } | 'unsatisfiable' | undefined {
  const condition = headers['if-range'];
  if (typeof condition === 'string') {
    const isSame = condition.startsWith('"') ? condition === etag : Date.parse(condition) >= modified * 1000;
    if (!isSame) return undefined;
  }
  return parseRange(headers.range, size);
}

/** One range; several, or something else than bytes, count as none. */
function parseRange(
  header: string | undefined,
  size: number,
): { start: number; end: number } | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (match === null || (match[1] === '' && match[2] === '')) return undefined;
  const last = size - 1;
  const range =
    match[1] === ''
      ? { start: Math.max(0, size - Number(match[2])), end: last }
      : { start: Number(match[1]), end: match[2] === '' ? last : Math.min(last, Number(match[2])) };
  return range.start > range.end ? 'unsatisfiable' : range;
}
