import assert from 'node:assert/strict';

/** A response as a strict client reads it. */
export interface HttpResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

/** What a client got of a response so far. */
export type ReadResponse =
  | { readonly kind: 'whole'; readonly response: HttpResponse; readonly end: number }
  /** It goes on, or was cut off. `head`: the header is there. */
  | { readonly kind: 'part'; readonly head: HttpResponse | undefined };

const HEAD_END = '\r\n\r\n';
const PART = { kind: 'part', head: undefined } as const;

/**
 * Reads one HTTP/1.1 response as strictly as RFC 9112 allows a server to write it.
 *
 * @param bodiless whether the request was a HEAD
 * @throws AssertionError for anything that is no response
 */
export function readResponse(bytes: Buffer, bodiless: boolean): ReadResponse {
  const headEnd = bytes.indexOf(HEAD_END);
  if (headEnd < 0) return PART;
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n');
  const status = /^HTTP\/1\.1 ([2-5]\d\d) [\t -~\x80-\xff]*$/.exec(statusLine)?.[1];
  assert.ok(status !== undefined, `no status line: ${JSON.stringify(statusLine)}`);
  const headers = lines.map((line) => {
    const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([\t -~\x80-\xff]*)$/.exec(line) ?? [];
    assert.ok(name !== undefined && value !== undefined, `no header line: ${JSON.stringify(line)}`);
    return [name.toLowerCase(), value] as const;
  });
  const all = (wanted: string) => headers.filter(([name]) => name === wanted).map(([, value]) => value);
  const lengths = all('content-length');
  const codings = all('transfer-encoding');
  assert.ok(lengths.length <= 1 && codings.length <= 1, 'a framing header twice');
  assert.ok(lengths.length === 0 || codings.length === 0, 'Content-Length and Transfer-Encoding');
  const start = headEnd + HEAD_END.length;
  const head: HttpResponse = { status: Number(status), headers, body: Buffer.alloc(0) };
  if (bodiless || ['204', '304'].includes(status)) return { kind: 'whole', response: head, end: start };
  if (codings.length > 0) {
    assert.equal(codings[0], 'chunked');
    return chunked(bytes, start, head);
  }
  const [length] = lengths;
  if (length === undefined) return { kind: 'part', head: { ...head, body: bytes.subarray(start) } };
  assert.match(length, /^(?:0|[1-9]\d*)$/);
  const end = start + Number(length);
  if (end > bytes.length) return { kind: 'part', head: { ...head, body: bytes.subarray(start) } };
  return { kind: 'whole', response: { ...head, body: bytes.subarray(start, end) }, end };
}

function chunked(bytes: Buffer, start: number, head: HttpResponse): ReadResponse {
  const chunks: Buffer[] = [];
  for (let at = start; ;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const part: ReadResponse = { kind: 'part', head: { ...head, body: Buffer.concat(chunks) } };
    if (lineEnd < 0) return part;
    const line = bytes.toString('latin1', at, lineEnd);
    assert.match(line, /^[0-9a-f]+$/i, 'no chunk size');
    const size = parseInt(line, 16);
    const end = lineEnd + 2 + size;
    if (end + 2 > bytes.length) return part;
    assert.equal(bytes.toString('latin1', end, end + 2), '\r\n', 'no end of a chunk');
    if (size === 0)
      return { kind: 'whole', response: { ...head, body: Buffer.concat(chunks) }, end: end + 2 };
    chunks.push(bytes.subarray(lineEnd + 2, end));
    at = end + 2;
  }
}
