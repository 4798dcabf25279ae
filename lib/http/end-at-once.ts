import http from 'node:http';
import { nodeFinish } from './internals.js';
import { flushOutput } from './response-output.js';
import type { Response } from './server-response.js';

type End = (this: http.ServerResponse, ...parameters: unknown[]) => http.ServerResponse;

/** Node's own; a tracer may replace it later. */
// eslint-disable-next-line @typescript-eslint/unbound-method -- called with the response as `this`
const nodeEnd = http.ServerResponse.prototype.end as End;

/**
 * `res.end()` as an own property. Calls the end() of the response's class, which may be a subclass's, a patched one
 * or, since Express exchanges prototypes, one that the class did not have when the response was made; what that
 * would do in the most frequent case is done at once.
 */
export function end(
  this: http.ServerResponse,
  chunk?: unknown,
  encoding?: unknown,
  callback?: unknown,
): http.ServerResponse {
  const current = (Object.getPrototypeOf(this) as { end: End }).end;
  if (current === nodeEnd && endAtOnce(this as Response, chunk, encoding, callback)) return this;
  return current.call(this, chunk, encoding, callback);
}

/**
 * The most frequent way to answer, `res.end(body)` with nothing sent before, in one call to the native side.
 * Does what Node's end() does, in its order; returns false, with nothing done that Node's end() would not do
 * itself, where the case is not that simple.
 */
function endAtOnce(response: Response, chunk: unknown, encoding: unknown, callback: unknown): boolean {
  if (response._header !== null || response.finished || response.destroyed) return false;
  if (response.strictContentLength || typeof callback === 'function') return false;
  const output = response.lsapiOutput;
  const { socket } = output;
  const { connections } = socket;
  if (!socket.alive || socket.bodyLeft > 0 || socket.writableCorked > 0) return false;
  let body: string | Uint8Array | undefined;
  let size = 0;
  if (typeof chunk === 'string') {
    if (encoding !== undefined && encoding !== null && encoding !== 'utf8' && encoding !== 'utf-8')
      return false;
    if (chunk.length > 0) body = chunk;
    size = Buffer.byteLength(chunk);
  } else if (chunk instanceof Uint8Array) {
    if (typeof encoding === 'function') return false;
    body = chunk;
    size = chunk.byteLength;
  } else if (chunk !== undefined && chunk !== null) {
    return false;
  }
  if (size > connections.highWaterMark) return false;
  response._contentLength = size;
  response._implicitHeader();
  // Listeners of the header, as on-headers installs them, may have done anything.
  if (response._header === null || response._headerSent || response.finished || !socket.alive) return false;
  if (output.chunk !== undefined || output.chunks !== undefined) return false;
  if (response._hasBody ? output.lengthLeft >= 0 && output.lengthLeft !== size : body !== undefined)
    return false;
  output.lengthLeft = -1;
  output.chunk = body;
  output.size = size;
  response._headerSent = true;
  response.finished = true;
  flushOutput(output, true);
  connections.responseEnded(socket);
  nodeFinish.call(response);
  return true;
}
