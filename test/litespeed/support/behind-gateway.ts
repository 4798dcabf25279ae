import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createGateway, type Gateway, type GatewayOptions } from '#lib/gateway/index.js';
import { RawClient, type ParsedResponse } from '../../gateway/support/http-client.js';

/** Files that a server could deliver, in a temporary directory. */
export class Files {
  readonly directory = mkdtempSync(join(tmpdir(), 'lsapi-litespeed-'));

  add(name: string, content: string | Uint8Array): string {
    const path = join(this.directory, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/** The gateway in front of an app that listens somewhere, and a client of it. */
export class BehindGateway {
  readonly #gateway: Gateway;
  /** Requests that reached the app, redirected ones included. */
  deliveries = 0;

  private constructor(target: string, options: GatewayOptions) {
    this.#gateway = createGateway({
      target,
      accessLog: ({ deliveries }) => (this.deliveries += deliveries),
      errorLog: () => undefined,
      ...options,
    });
  }

  static async start(target: string, options: GatewayOptions): Promise<BehindGateway> {
    const setup = new BehindGateway(target, options);
    await setup.#gateway.listen(0);
    return setup;
  }

  async request(
    path: string,
    headers: Readonly<Record<string, string>> = {},
    method = 'GET',
  ): Promise<Answer> {
    const client = new RawClient(this.#gateway);
    const lines = Object.entries({ Host: 'example.test', ...headers }).map(
      ([name, value]) => `${name}: ${value}`,
    );
    client.send(`${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
    const [response] = await client.finals([method]);
    client.close();
    if (response === undefined) throw new Error(`no response to ${method} ${path}`);
    return toAnswer(response);
  }

  stop(): Promise<void> {
    return this.#gateway.close();
  }
}

function toAnswer({ status, headers, body }: ParsedResponse): Answer {
  const joined: Record<string, string> = {};
  for (const [name, value] of headers) {
    if (name === 'date') continue;
    joined[name] = joined[name] === undefined ? value : `${joined[name]} | ${value}`;
  }
  return { status, headers: joined, body: body.toString() };
}
