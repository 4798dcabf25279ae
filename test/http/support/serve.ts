import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createServer, type Server, type ServerOptions } from '#lib/index.js';
import {
  LsapiClient,
  requestOnce,
  type ReceivedResponse,
  type RequestOptions,
} from '../../support/lsapi-client.js';

export type Handler = (request: IncomingMessage, response: ServerResponse) => unknown;

/** An LSAPI server on a Unix socket of its own, with everything that it writes to stderr. */
export class Served {
  readonly server: Server;
  readonly path: string;
  readonly #directory: string;
  readonly #clients: LsapiClient[] = [];

  private constructor(handler: Handler | undefined, options: ServerOptions) {
    this.#directory = mkdtempSync(join(tmpdir(), 'lsapi-http-'));
    this.path = join(this.#directory, 's');
    this.server = createServer(options, handler);
  }

  static async start(handler?: Handler, options: ServerOptions = {}): Promise<Served> {
    const served = new Served(handler, options);
    served.server.listen(served.path);
    await once(served.server, 'listening');
    return served;
  }

  /** A new connection. */
  async client(): Promise<LsapiClient> {
    const client = await LsapiClient.connect(this.path);
    this.#clients.push(client);
    return client;
  }

  /** One request on a connection of its own. */
  request(options?: RequestOptions & { fragment?: number }): Promise<ReceivedResponse> {
    return requestOnce(this.path, options);
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.close();
    if (this.server.listening) {
      this.server.close();
      this.server.closeAllConnections();
      await once(this.server, 'close');
    }
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** Runs `work` with a server that is stopped afterwards. */
export async function withServer(
  handler: Handler | undefined,
  work: (served: Served) => Promise<void>,
  options?: ServerOptions,
): Promise<void> {
  const served = await Served.start(handler, options);
  try {
    await work(served);
  } finally {
    await served.stop();
  }
}

/** Collects what is written to stderr, the log of a program behind a web server, instead of showing it. */
export async function captureLog(work: () => Promise<void>): Promise<string> {
  const { stderr } = process;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- put back as it was
  const write = stderr.write;
  let text = '';
  stderr.write = (chunk: string | Uint8Array): boolean => {
    text += String(chunk);
    return true;
  };
  try {
    await work();
  } finally {
    stderr.write = write;
  }
  return text;
}

/** A promise and its resolver. */
export function deferred<T = void>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}

/** Bytes of Buffers that something still holds. */
export function heldBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect(); // the first one's buffers are released by now
  return process.memoryUsage().arrayBuffers;
}

/** The whole body. */
export async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

export const later = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));
