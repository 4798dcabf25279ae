import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PacketType, ResponseDecoder, type BuildOrder, type ResponsePacket } from '#lib/codec/index.js';
import type { NativeConnectionSetOptions } from '#lib/native/binding.js';
import { native } from '#lib/native/binding.js';
import { RawConnections } from '#lib/raw/raw-connections.js';
import type { RawHandler } from '#lib/raw/raw.js';
import {
  LsapiClient,
  type ReceivedResponse,
  type RequestOptions,
  type SendOptions,
} from '../../support/lsapi-client.js';

export interface RawServerOptions {
  readonly limits?: NativeConnectionSetOptions;
  readonly development?: boolean;
}

/** A raw handler, served in this process on a Unix socket of its own. */
export class RawServer {
  /** Lines that went to the log. */
  readonly log: string[] = [];
  readonly path: string;
  readonly connections: RawConnections;
  /** Resolves once no connection is left after drain(). */
  readonly drained: Promise<void>;
  /** Exchanged by tests between requests. */
  handler: RawHandler;
  readonly #directory = mkdtempSync(join(tmpdir(), 'lsapi-raw-'));
  readonly #clients: LsapiClient[] = [];

  constructor(handler: RawHandler, { limits = {}, development = false }: RawServerOptions = {}) {
    this.handler = handler;
    this.path = join(this.#directory, 'app.sock');
    let onDrained = (): void => undefined;
    this.drained = new Promise((resolve) => (onDrained = resolve));
    this.connections = new RawConnections((request, response) => this.handler(request, response), {
      limits,
      log: (line) => this.log.push(line),
      development,
      onDrained,
    });
    const { fd, error } = native.listenUnix(this.path, 16, -1);
    assert.equal(error, 0);
    assert.equal(this.connections.set.listen(fd), 0);
  }

  async connect(): Promise<LsapiClient> {
    const client = await LsapiClient.connect(this.path);
    this.#clients.push(client);
    return client;
  }

  /** One request on a connection of its own. */
  async request(options: RequestOptions & SendOptions = {}): Promise<ReceivedResponse> {
    const client = await this.connect();
    try {
      return await client.request(options);
    } finally {
      client.close();
    }
  }

  /** Sends a packet as a server of the given build does, which expects answers in its own way (protocol §1.4). */
  async exchange(packet: Uint8Array, order: BuildOrder): Promise<ResponsePacket[]> {
    const socket = connect(this.path);
    const decoder = new ResponseDecoder({ server: order });
    const packets: ResponsePacket[] = [];
    socket.write(packet);
    for await (const chunk of socket) {
      packets.push(...decoder.push(chunk as Buffer));
      if (packets.some(({ type }) => type === PacketType.RespEnd)) break;
    }
    return packets;
  }

  close(): void {
    for (const client of this.#clients) client.close();
    this.connections.set.close();
    rmSync(this.#directory, { recursive: true });
  }
}

/**
 * A server for each test of the enclosing suite; its handler is given with `serve`.
 *
 * @returns what starts one
 */
export function rawServers(): (handler: RawHandler, options?: RawServerOptions) => RawServer {
  const servers: RawServer[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });
  return (handler, options) => {
    const server = new RawServer(handler, options);
    servers.push(server);
    return server;
  };
}

/** The error that `action` throws; fails when there is none. */
export function thrownBy(action: () => unknown): Error & { code?: string } {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof Error);
    return error;
  }
  throw new assert.AssertionError({ message: 'nothing was thrown' });
}
