import { createHash } from 'node:crypto';
import http from 'node:http';
import { LsapiClient } from '../../support/lsapi-client.js';

/** What a scenario sends. */
export interface Message {
  method?: string;
  url?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** Announced length, where more of the body follows with write(), or never. */
  bodyLength?: number;
}

/** What came back, without what the two transports must differ in. */
export interface Answer {
  status: number;
  headers: string[];
  body: string;
}

/** One client's side of one request, over HTTP or over LSAPI. */
export interface Peer {
  send(message?: Message): Promise<void>;
  write(data: string | Buffer): Promise<void>;
  /** Waits for the whole answer. */
  answer(): Promise<Answer>;
  /** Waits for the header, or the first byte. */
  begun(): Promise<void>;
  /** Stops and goes on reading. */
  pause(): void;
  resume(): void;
  /** Goes away without a word. */
  leave(): Promise<void>;
}

/** Written by the transport, not by the app: Node's server adds them, the web server adds its own. */
const TRANSPORT = ['date', 'connection', 'keep-alive', 'transfer-encoding', 'server'];

function toLines(headers: [string, string][]): string[] {
  return headers
    .filter(([name]) => !TRANSPORT.includes(name.toLowerCase()))
    .map(([name, value]) => `${name}: ${value}`);
}

/** Large bodies would drown the difference. */
function shorten(body: string): string {
  if (body.length <= 200) return body;
  return `${body.length} bytes, SHA-1 ${createHash('sha1').update(body).digest('hex')}`;
}

export class LsapiPeer implements Peer {
  readonly #target: string;
  #client!: LsapiClient;

  constructor(target: string) {
    this.#target = target;
  }
  async send({ bodyLength, ...message }: Message = {}): Promise<void> {
    this.#client = await LsapiClient.connect(this.#target);
    await this.#client.send({ ...message, ...(bodyLength !== undefined && { bodyLength }) });
  }
  write(data: string | Buffer): Promise<void> {
    return this.#client.write(data);
  }
  async answer(): Promise<Answer> {
    const response = await this.#client.completed();
    this.#client.close();
    return { status: response.status, headers: toLines(response.headers), body: shorten(response.text) };
  }
  async begun(): Promise<void> {
    await this.#client.headerReceived();
  }
  pause(): void {
    this.#client.pause();
  }
  resume(): void {
    this.#client.resume();
  }
  async leave(): Promise<void> {
    this.#client.close();
    await this.#client.closed();
  }
}

export class HttpPeer implements Peer {
  readonly #target: string;
  #request!: http.ClientRequest;
  #response!: Promise<http.IncomingMessage>;
  #paused = false;

  constructor(target: string) {
    this.#target = target;
  }
  async send(message: Message = {}): Promise<void> {
    const { method = 'GET', url = '/', headers = {}, body } = message;
    const length = message.bodyLength ?? (body === undefined ? undefined : Buffer.byteLength(body));
    const request = http.request({
      socketPath: this.#target,
      method,
      path: url,
      agent: false,
      headers: {
        host: 'example.com',
        connection: 'keep-alive',
        ...headers,
        ...(length !== undefined && { 'content-length': String(length) }),
      },
    });
    this.#request = request;
    this.#response = new Promise((resolve, reject) => {
      request.on('response', (response) => {
        if (this.#paused) response.pause();
        resolve(response);
      });
      request.on('error', reject);
    });
    this.#response.catch(() => undefined);
    if (body !== undefined) request.write(body);
    if (message.bodyLength === undefined) request.end();
    else request.flushHeaders();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  write(data: string | Buffer): Promise<void> {
    return new Promise((resolve) => this.#request.write(data, () => resolve()));
  }
  async answer(): Promise<Answer> {
    const response = await this.#response;
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    this.#request.destroy();
    const headers: [string, string][] = [];
    for (let at = 0; at < response.rawHeaders.length; at += 2) {
      headers.push([response.rawHeaders[at]!, response.rawHeaders[at + 1]!]);
    }
    return {
      status: response.statusCode!,
      headers: toLines(headers),
      body: shorten(Buffer.concat(chunks).toString()),
    };
  }
  async begun(): Promise<void> {
    await this.#response;
  }
  pause(): void {
    this.#paused = true;
  }
  resume(): void {
    this.#paused = false;
    void this.#response.then((response) => response.resume());
  }
  async leave(): Promise<void> {
    this.#request.destroy();
    await new Promise((resolve) => this.#request.once('close', resolve));
  }
}
