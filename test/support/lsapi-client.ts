import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import {
  encodeEmpty,
  PacketType,
  ResponseDecoder,
  type NameValue,
  type ResponsePacket,
} from '#lib/codec/index.js';
import { buildRequest, type RequestOptions } from './lsapi-request.js';

export type { HeaderInput, RequestOptions } from './lsapi-request.js';

/** Where an application listens: a Unix socket's path, a port of this host, or what `server.address()` says. */
export type Target = string | number | { readonly port: number; readonly address?: string };

/** What came for one request, in the order of arrival; complete once RESP_END is there. */
export class ReceivedResponse {
  /** The single packets, for tests of how a response is cut. */
  readonly packets: ResponsePacket[] = [];
  /** RESP_END has come: the only proper end. */
  complete = false;
  /** CONN_CLOSE came in the same read as RESP_END or after it. */
  connectionClosed = false;

  /** REQ_RECEIVED has come. */
  get acknowledged(): boolean {
    return this.packets.some(({ type }) => type === PacketType.ReqReceived);
  }
  /** -1 before the header. */
  get status(): number {
    return this.#header?.status ?? -1;
  }
  /** Header lines as name and value, in order. */
  get headers(): NameValue[] {
    return (this.#header?.lines ?? []).map((line): NameValue => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    });
  }
  /** All values of a header; names compare without case. */
  header(name: string): string[] {
    return this.headers
      .filter(([given]) => given.toLowerCase() === name.toLowerCase())
      .map(([, value]) => value);
  }
  get body(): Buffer {
    return Buffer.concat(this.#payloads(PacketType.RespStream));
  }
  get bodyLength(): number {
    return this.#payloads(PacketType.RespStream).reduce((sum, { length }) => sum + length, 0);
  }
  get text(): string {
    return this.body.toString();
  }
  /** What the application wrote for the server's log. */
  get stderr(): string {
    return Buffer.concat(this.#payloads(PacketType.StderrStream)).toString();
  }

  get #header(): Extract<ResponsePacket, { lines: string[] }> | undefined {
    return this.packets.find((packet) => packet.type === PacketType.RespHeader);
  }
  #payloads(type: ResponsePacket['type']): Buffer[] {
    return this.packets.flatMap((packet) =>
      packet.type === type && 'payload' in packet ? [packet.payload] : [],
    );
  }
}

/** How {@link LsapiClient.send} writes. */
export interface SendOptions {
  /** Bytes of each write to the socket; each goes out on its own. Everything at once unless given. */
  fragment?: number;
}

/**
 * One connection of a web server to an LSAPI application. Requests follow each other on it, as in life; each has a
 * {@link ReceivedResponse}. Breaking the response format fails whatever waits.
 */
export class LsapiClient {
  readonly socket: Socket;
  /** The response to the last request that was sent. */
  response = new ReceivedResponse();
  /** Payload bytes are counted, not kept: for bodies that do not fit the memory of a test. */
  discardBody = false;
  /** Body bytes of the last request's response, kept or not. */
  bodyReceived = 0;
  /** The end of the connection was seen, or it failed. */
  ended = false;

  readonly #decoder = new ResponseDecoder();
  #failure: Error | undefined;
  #waiting: (() => void)[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', (error) => this.#end(error));
    socket.on('close', () => this.#end());
  }

  static async connect(target: Target): Promise<LsapiClient> {
    const socket =
      typeof target === 'object'
        ? connect({ port: target.port, ...(target.address !== undefined && { host: target.address }) })
        : typeof target === 'number'
          ? connect({ port: target, host: '127.0.0.1' })
          : connect(target);
    await once(socket, 'connect');
    return new LsapiClient(socket);
  }

  /** Sends a request and waits for the end of its response. */
  async request(options: RequestOptions & SendOptions = {}): Promise<ReceivedResponse> {
    await this.send(options);
    return this.completed();
  }

  /** Sends a request, with as much of its body as is given; resolves once it was handed to the kernel. */
  async send(options: RequestOptions & SendOptions = {}): Promise<void> {
    const { packet, body } = buildRequest(options);
    this.response = new ReceivedResponse();
    this.bodyReceived = 0;
    await this.write(Buffer.concat([packet, body]), options.fragment);
  }

  /** Sends more of a body, or anything at all. */
  async write(data: string | Uint8Array, fragment?: number): Promise<void> {
    const bytes = Buffer.from(data);
    const step = fragment ?? Math.max(bytes.length, 1);
    for (let at = 0; at < bytes.length; at += step) {
      await new Promise<void>((resolve, reject) => {
        this.socket.write(bytes.subarray(at, at + step), (error) => (error ? reject(error) : resolve()));
      });
      // A turn of the event loop, so that an application in this very process sees the single pieces.
      if (fragment !== undefined) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Gives the request up as OpenLiteSpeed does: ABORT_REQUEST, then the end of the connection. */
  async abort(): Promise<void> {
    this.socket.end(encodeEmpty(PacketType.AbortRequest));
    await this.closed();
  }

  /** Waits for RESP_END. Fails if the connection ends before. */
  async completed(): Promise<ReceivedResponse> {
    const { response } = this;
    await this.until(() => response.complete);
    return response;
  }

  /** Waits for RESP_HEADER. */
  async headerReceived(): Promise<ReceivedResponse> {
    const { response } = this;
    await this.until(() => response.status !== -1);
    return response;
  }

  /** Waits until the condition holds; it is looked at with all that arrives. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.ended) throw new Error('the connection ended before what was waited for');
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Waits for the end of the connection. */
  async closed(): Promise<void> {
    while (!this.ended) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Stops taking bytes, so that the kernel's buffers fill up and the application has to wait. */
  pause(): void {
    this.socket.pause();
  }
  resume(): void {
    this.socket.resume();
  }

  /** Ends the connection without a word. */
  close(): void {
    this.socket.destroy();
  }

  #take(chunk: Buffer): void {
    try {
      for (const packet of this.#decoder.push(chunk)) this.#takePacket(packet);
    } catch (error) {
      this.#failure = error as Error;
      this.socket.destroy();
    }
    this.#wake();
  }

  #takePacket(packet: ResponsePacket): void {
    const { response } = this;
    if (packet.type === PacketType.ConnClose) {
      response.connectionClosed = true;
    } else if (response.complete) {
      throw new Error(`packet of type ${packet.type} after RESP_END`);
    } else if (packet.type === PacketType.RespHeader && response.status !== -1) {
      throw new Error('second RESP_HEADER in a response');
    } else if (packet.type === PacketType.RespEnd) {
      if (response.status === -1) throw new Error('RESP_END without RESP_HEADER');
      response.complete = true;
    }
    if (packet.type === PacketType.RespStream) {
      if (response.status === -1) throw new Error('RESP_STREAM before RESP_HEADER');
      this.bodyReceived += packet.payload.length;
      if (this.discardBody) return;
    }
    response.packets.push(packet);
  }

  #end(error?: Error): void {
    this.#failure ??= error;
    this.ended = true;
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}

/** One request on a connection of its own. */
export async function requestOnce(
  target: Target,
  options: RequestOptions & SendOptions = {},
): Promise<ReceivedResponse> {
  const client = await LsapiClient.connect(target);
  try {
    return await client.request(options);
  } finally {
    client.close();
  }
}
