import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { PacketType, ResponseDecoder, type BuildOrder, type ResponsePacket } from '#lib/codec/index.js';
import { RawConnections } from '#lib/raw/raw-connections.js';
import type { RawHandler } from '#lib/raw/raw.js';
import { ConnectionsServer, type ServerOptions } from '../../support/connections-server.js';

/** A raw handler, served in this process on a Unix socket of its own. */
export class RawServer extends ConnectionsServer<RawConnections> {
  readonly #served: { handler: RawHandler };

  constructor(handler: RawHandler, options: ServerOptions = {}) {
    const served = { handler };
    super(
      (connectionOptions) =>
        new RawConnections((request, response) => served.handler(request, response), connectionOptions),
      options,
    );
    this.#served = served;
  }

  /** Exchanged by tests between requests. */
  set handler(handler: RawHandler) {
    this.#served.handler = handler;
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
}

/**
 * A server for each test of the enclosing suite; its handler is given with `serve`.
 *
 * @returns what starts one
 */
export function rawServers(): (handler: RawHandler, options?: ServerOptions) => RawServer {
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
