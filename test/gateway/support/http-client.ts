import { connect, type AddressInfo, type Socket } from 'node:net';
import type { Gateway } from '#lib/gateway/index.js';
import { patience } from '../../support/program-environment.js';

/** A response as it came over the wire, de-framed. */
export interface ParsedResponse {
  status: number;
  version: string;
  /** Names in lower case. */
  headers: [name: string, value: string][];
  body: Buffer;
  complete: boolean;
}

/**
 * Takes apart what a server sent on one connection.
 *
 * @param methods Methods of the requests, in order.
 * @param ended Whether the server closed the connection behind it.
 */
export function parseResponses(bytes: Buffer, methods: readonly string[], ended: boolean): ParsedResponse[] {
  const responses: ParsedResponse[] = [];
  let finals = 0;
  let at = 0;
  while (at < bytes.length) {
    const headEnd = bytes.indexOf('\r\n\r\n', at);
    if (headEnd === -1) break;
    const [statusLine = '', ...lines] = bytes.toString('latin1', at, headEnd).split('\r\n');
    const headers = lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).replace(/^[ \t]/, '')];
    });
    const [, version = '', code = ''] = /^HTTP\/(\d\.\d) (\d{3})/.exec(statusLine) ?? [];
    const status = Number(code);
    const bodiless = status < 200 || status === 204 || status === 304 || methods[finals] === 'HEAD';
    if (status >= 200) finals++;
    const framed = bodiless
      ? { body: Buffer.alloc(0), end: headEnd + 4, complete: true }
      : readBody(bytes, headEnd + 4, new Map(headers), ended);
    responses.push({ status, version, headers, body: framed.body, complete: framed.complete });
    at = framed.end;
  }
  return responses;
}

function readBody(bytes: Buffer, start: number, headers: ReadonlyMap<string, string>, ended: boolean) {
  if (headers.get('transfer-encoding') === 'chunked') return readChunked(bytes, start);
  const length = headers.get('content-length');
  if (length === undefined) return { body: bytes.subarray(start), end: bytes.length, complete: ended };
  const end = Math.min(bytes.length, start + Number(length));
  return { body: bytes.subarray(start, end), end, complete: end - start === Number(length) };
}

function readChunked(bytes: Buffer, start: number) {
  const pieces: Buffer[] = [];
  let at = start;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd === -1) return { body: Buffer.concat(pieces), end: bytes.length, complete: false };
    const size = parseInt(bytes.toString('latin1', at, lineEnd), 16);
    const end = lineEnd + 2 + size + 2;
    if (end > bytes.length) {
      pieces.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
      return { body: Buffer.concat(pieces), end: bytes.length, complete: false };
    }
    if (size === 0) return { body: Buffer.concat(pieces), end, complete: true };
    pieces.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = end;
  }
}

/** The methods of the requests in a client's bytes that have no bodies which look like requests. */
export function methodsIn(request: string): string[] {
  return [...request.matchAll(/([A-Za-z-]+) \S+ HTTP\/1\.\d\r\n/g)].map(([, method = '']) => method);
}

/** A client on a plain socket: sends bytes as they are and keeps what comes back. */
export class RawClient {
  readonly socket: Socket;
  readonly #chunks: Buffer[] = [];
  #waiters: (() => void)[] = [];
  ended = false;

  constructor(gateway: Gateway) {
    const { port } = gateway.address() as AddressInfo;
    this.socket = connect(port, '127.0.0.1');
    this.socket.setNoDelay(true);
    this.socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#wake();
    });
    const gone = (): void => {
      this.ended = true;
      this.#wake();
    };
    this.socket.on('end', gone);
    this.socket.on('error', gone);
    this.socket.on('close', gone);
  }

  get received(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  send(data: Uint8Array | string): void {
    this.socket.write(typeof data === 'string' ? Buffer.from(data, 'latin1') : data);
  }

  responses(methods: readonly string[]): ParsedResponse[] {
    return parseResponses(this.received, methods, this.ended);
  }

  /** Waits until the condition holds, the server closes, or the time is up. @returns Whether the condition holds. */
  async until(condition: () => boolean, timeoutMs = patience(5000)): Promise<boolean> {
    const deadline = Date.now() + timeoutMs;
    while (!condition() && !this.ended && Date.now() < deadline) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, deadline - Date.now());
        this.#waiters.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    return condition();
  }

  /** Waits for as many final responses as there are methods, whole ones. */
  async finals(methods: readonly string[], timeoutMs = patience(5000)): Promise<ParsedResponse[]> {
    const done = (): ParsedResponse[] =>
      this.responses(methods).filter(({ status, complete }) => status >= 200 && complete);
    await this.until(() => done().length >= methods.length, timeoutMs);
    return this.responses(methods);
  }

  close(): void {
    this.socket.destroy();
  }

  #wake(): void {
    for (const waiter of this.#waiters.splice(0)) waiter();
  }
}

/** Resolves after so many milliseconds. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits until the condition holds. @throws Error if it does not within the time. */
export async function eventually(
  what: string,
  condition: () => boolean,
  timeoutMs = patience(5000),
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await sleep(5);
  }
}
