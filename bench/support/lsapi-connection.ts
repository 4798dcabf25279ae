import { once } from 'node:events';
import net from 'node:net';
import type { ResponsePacket } from '#lib/codec/index.js';
import { PacketType, pidOf, ResponseDecoder } from '#lib/codec/index.js';

export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

/** One connection of a web server to a group. Requests follow each other on it. */
export class LsapiConnection {
  /** Of the process that has it, as the PID notice told. */
  pid = 0;
  /** The connection is over, or will be: CONN_CLOSE has come. */
  isClosed = false;
  readonly #socket: net.Socket;
  readonly #decoder = new ResponseDecoder();
  #status = 0;
  #body: Buffer[] = [];
  #settle: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      for (const packet of this.#decoder.push(chunk)) this.#take(packet);
    });
    socket.on('error', (error) => this.#settle?.reject(error));
    socket.on('close', () => (this.isClosed = true));
    socket.on('close', () => this.#settle?.reject(new Error(`process ${this.pid} closed the connection`)));
  }

  /** Resolves when a process has it: with the PID notice. */
  static async open(path: string): Promise<LsapiConnection> {
    const socket = net.connect(path);
    await once(socket, 'connect');
    const connection = new LsapiConnection(socket);
    while (connection.pid === 0) await once(socket, 'data');
    return connection;
  }

  request(bytes: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#socket.write(bytes);
    });
  }

  close(): void {
    this.#settle = undefined;
    this.#socket.destroy();
  }

  #take(packet: ResponsePacket): void {
    const pid = pidOf(packet);
    if (pid !== undefined) this.pid = pid;
    if (packet.type === PacketType.RespHeader) this.#status = packet.status;
    if (packet.type === PacketType.RespStream) this.#body.push(packet.payload);
    if (packet.type === PacketType.ConnClose) this.isClosed = true;
    if (packet.type !== PacketType.RespEnd) return;
    this.#settle?.resolve({ status: this.#status, body: Buffer.concat(this.#body) });
    this.#settle = undefined;
    this.#body = [];
  }
}
