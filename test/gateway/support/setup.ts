import { createGateway, type AccessLogEntry, type Gateway, type GatewayOptions } from '#lib/gateway/index.js';
import { FakeApp, type FakeDelivery } from './fake-app.js';
import { RawClient, type ParsedResponse } from './http-client.js';

/** An application and a gateway in front of it. */
export class Setup {
  readonly app: FakeApp;
  readonly gateway: Gateway;
  readonly log: AccessLogEntry[] = [];
  readonly errors: string[] = [];
  readonly #clients: RawClient[] = [];

  private constructor(app: FakeApp, options: Partial<GatewayOptions>) {
    this.app = app;
    this.gateway = createGateway({
      target: app.path,
      accessLog: (entry) => void this.log.push(entry),
      errorLog: (line) => void this.errors.push(line),
      ...options,
    });
  }

  static async start(
    handler: (delivery: FakeDelivery) => void,
    options: Partial<GatewayOptions> = {},
  ): Promise<Setup> {
    const setup = new Setup(await FakeApp.start(handler), options);
    await setup.gateway.listen(0);
    return setup;
  }

  client(): RawClient {
    const client = new RawClient(this.gateway);
    this.#clients.push(client);
    return client;
  }

  /** Sends one request on a connection of its own and waits for the whole response. */
  async request(text: string, timeoutMs?: number): Promise<ParsedResponse> {
    const client = this.client();
    client.send(text);
    const responses = await client.finals([text.slice(0, text.indexOf(' '))], timeoutMs);
    client.close();
    const final = responses.find(({ status }) => status >= 200);
    if (final === undefined) throw new Error(`no response to ${text.slice(0, 60)}`);
    return final;
  }

  get(path: string): Promise<ParsedResponse> {
    return this.request(`GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`);
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.close();
    await Promise.all([this.gateway.close(), this.app.stop()]);
  }
}

/** The value of a header, or `undefined`. */
export function header(response: ParsedResponse, name: string): string | undefined {
  return response.headers.find(([key]) => key === name)?.[1];
}

/** An application that answers everything with "ok". */
export function ok(delivery: FakeDelivery): void {
  void delivery.wholeBody().then(() => delivery.answer(200, ['Content-Type: text/plain'], 'ok'));
}
