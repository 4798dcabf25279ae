import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  decodePacketHeader,
  decodeRequest,
  encodeEmpty,
  encodeRespHeader,
  encodeStream,
  PacketType,
  type DecodedRequest,
} from '#lib/codec/index.js';

const PACKET_LIMIT = 1024 * 1024;
const ABORT = encodeEmpty(PacketType.AbortRequest);

/** A connection as the application sees it. */
export class FakeConnection {
  readonly socket: Socket;
  /** Requests that came on it, in order. */
  readonly deliveries: FakeDelivery[] = [];
  /** The server sent ABORT_REQUEST. */
  aborted = false;
  /** The server closed it. */
  closedByServer = false;
  closedByApp = false;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  close(): void {
    this.closedByApp = true;
    this.socket.end();
    this.socket.destroySoon();
  }
}

/** One BEGIN_REQUEST and what follows it. */
export class FakeDelivery {
  readonly connection: FakeConnection;
  readonly request: DecodedRequest;
  readonly packet: Buffer;
  /** 1 for the first of the application. */
  readonly number: number;
  bodyBytes = 0;
  body: Buffer[] | undefined = [];
  #whole: (() => void)[] = [];

  constructor(connection: FakeConnection, packet: Buffer, number: number) {
    this.connection = connection;
    this.packet = packet;
    this.request = decodeRequest(packet, { limit: PACKET_LIMIT });
    this.number = number;
  }

  get bodyComplete(): boolean {
    return this.bodyBytes >= this.request.bodyLength && this.request.bodyLength >= 0;
  }

  /** Resolves when the declared body has arrived. */
  wholeBody(): Promise<Buffer> {
    return new Promise((resolve) => {
      const done = (): void => resolve(Buffer.concat(this.body ?? []));
      if (this.bodyComplete) done();
      else this.#whole.push(done);
    });
  }

  takeBody(bytes: Buffer): void {
    this.bodyBytes += bytes.length;
    this.body?.push(bytes);
    if (!this.bodyComplete) return;
    for (const done of this.#whole.splice(0)) done();
  }

  write(...packets: Uint8Array[]): boolean {
    return this.connection.socket.write(Buffer.concat(packets));
  }

  /** A whole ordinary answer in one write. */
  answer(status: number, lines: readonly string[], body: string | Uint8Array): void {
    const bytes = typeof body === 'string' ? Buffer.from(body) : Buffer.from(body);
    const pieces: Buffer[] = [encodeEmpty(PacketType.ReqReceived), encodeRespHeader(status, lines)];
    for (let at = 0; at < bytes.length; at += 16_384)
      pieces.push(encodeStream(bytes.subarray(at, at + 16_384)));
    this.write(...pieces, encodeEmpty(PacketType.RespEnd));
  }
}

/** An application for the gateway to talk to: a script in the tests, not a server. */
export class FakeApp {
  readonly path: string;
  readonly connections: FakeConnection[] = [];
  readonly deliveries: FakeDelivery[] = [];
  readonly #server: Server;
  readonly #directory: string | undefined;
  readonly #handler: (delivery: FakeDelivery) => void;

  /**
   * @param handler Called as soon as a BEGIN_REQUEST packet is complete.
   * @param path Of its socket; in a directory of its own unless given.
   */
  constructor(handler: (delivery: FakeDelivery) => void, path?: string) {
    this.#handler = handler;
    this.#directory = path === undefined ? mkdtempSync(join(tmpdir(), 'lsapi-gateway-')) : undefined;
    this.path = path ?? join(this.#directory ?? '', 'app.sock');
    this.#server = createServer((socket) => this.#accept(socket));
  }

  static async start(handler: (delivery: FakeDelivery) => void, path?: string): Promise<FakeApp> {
    const app = new FakeApp(handler, path);
    await app.listen();
    return app;
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(this.path, resolve));
  }

  async stop(): Promise<void> {
    for (const { socket } of this.connections) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    if (this.#directory !== undefined) rmSync(this.#directory, { recursive: true, force: true });
  }

  #accept(socket: Socket): void {
    const connection = new FakeConnection(socket);
    this.connections.push(connection);
    let pending: Buffer = Buffer.alloc(0);
    let current: FakeDelivery | undefined;
    let tail: Buffer = Buffer.alloc(0);
    const gone = (): void => {
      if (tail.equals(ABORT)) connection.aborted = true;
      connection.closedByServer ||= !connection.closedByApp;
    };
    socket.on('error', gone);
    socket.on('end', gone);
    socket.on('close', gone);
    socket.on('data', (chunk: Buffer) => {
      tail = Buffer.concat([tail, chunk.subarray(-ABORT.length)]).subarray(-ABORT.length);
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
      while (pending.length > 0) {
        if (current !== undefined && !current.bodyComplete) {
          const missing =
            current.request.bodyLength < 0 ? pending.length : current.request.bodyLength - current.bodyBytes;
          current.takeBody(pending.subarray(0, missing));
          pending = pending.subarray(missing);
          continue;
        }
        if (pending.length < 8) return;
        const { type, length } = decodePacketHeader(pending, { limit: PACKET_LIMIT });
        if (pending.length < length) return;
        const packet = pending.subarray(0, length);
        pending = pending.subarray(length);
        if (type === PacketType.AbortRequest) continue;
        current = new FakeDelivery(connection, packet, this.deliveries.length + 1);
        connection.deliveries.push(current);
        this.deliveries.push(current);
        this.#handler(current);
      }
    });
  }
}
