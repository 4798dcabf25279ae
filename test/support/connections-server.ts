import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConnectionOptions, Connections } from '#lib/connections/connections.js';
import type { NativeConnectionSetOptions } from '#lib/native/binding.js';
import { native } from '#lib/native/binding.js';
import { LsapiClient, type ReceivedResponse, type RequestOptions, type SendOptions } from './lsapi-client.js';

export interface ServerOptions {
  readonly limits?: NativeConnectionSetOptions;
  readonly development?: boolean;
  /** Milliseconds. */
  readonly grace?: number;
  readonly multiprocess?: boolean;
}

/** Connections of any style, served in this process on a Unix socket of its own. */
export class ConnectionsServer<T extends Connections> {
  /** Lines that went to the log. */
  readonly log: string[] = [];
  readonly path: string;
  readonly connections: T;
  /** Resolves once no connection is left after drain(). */
  readonly drained: Promise<void>;
  readonly #directory = mkdtempSync(join(tmpdir(), 'lsapi-test-'));
  readonly #clients: LsapiClient[] = [];

  constructor(make: (options: ConnectionOptions) => T, options: ServerOptions = {}) {
    const { limits = {}, development = false, grace, multiprocess } = options;
    this.path = join(this.#directory, 'app.sock');
    let onDrained = (): void => undefined;
    this.drained = new Promise((resolve) => (onDrained = resolve));
    this.connections = make({
      limits,
      log: (line) => this.log.push(line),
      development,
      ...(grace !== undefined && { grace }),
      ...(multiprocess !== undefined && { multiprocess }),
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

  close(): void {
    for (const client of this.#clients) client.close();
    this.connections.set.close();
    rmSync(this.#directory, { recursive: true });
  }
}
