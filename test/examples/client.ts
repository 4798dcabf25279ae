// An HTTP client that shows what came over the wire, without following redirects or keeping cookies.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request, type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Example } from './start-example.js';

export interface Call {
  readonly method?: string;
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  /** An iterable goes out chunked, unless the headers have a Content-Length. */
  readonly body?: string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

export interface Reply {
  readonly method: string;
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export interface Exchange {
  readonly request: ClientRequest;
  readonly response: IncomingMessage;
}

/** Sends a call and returns as soon as the response's head is there. */
export async function open(example: Example, call: Call): Promise<Exchange> {
  const { method = 'GET', path, headers = {}, body } = call;
  const whole = typeof body === 'string' || body instanceof Uint8Array ? Buffer.from(body) : undefined;
  const length = whole && { 'Content-Length': whole.length };
  const outgoing = request({
    agent: example.agent,
    host: '127.0.0.1',
    port: example.port,
    method,
    path,
    // The same name for every server, so that pages and tags that depend on it are equal.
    headers: { Host: 'example.test', ...length, ...headers },
  });
  const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>;
  if (body === undefined || whole) {
    outgoing.end(whole);
  } else {
    // A server may answer before it has read everything; what counts then is the answer.
    pipeline(Readable.from(body, { objectMode: false }), outgoing).catch(() => undefined);
  }
  const [response] = await answered;
  outgoing.on('error', () => undefined);
  return { request: outgoing, response };
}

/** The whole answer. */
export async function send(example: Example, call: Call): Promise<Reply> {
  const { response } = await open(example, call);
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return {
    method: call.method ?? 'GET',
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: Buffer.concat(chunks),
  };
}

export interface Summary {
  readonly bytes: number;
  readonly sha256: string;
}

/** Size and digest of a stream of any length. */
export async function summarise(stream: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Summary> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of stream) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

export function textOf(reply: Reply): string {
  return reply.body.toString('utf8');
}

export function jsonOf(reply: Reply): unknown {
  return JSON.parse(textOf(reply));
}
