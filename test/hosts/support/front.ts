// The web server of these tests: the gateway, on the machine in front.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AccessLogEntry, GatewayOptions } from '#lib/gateway/index.js';
import { root } from '../../cli/support/lsnode.js';
import { programEnvironment } from '../../support/program-environment.js';
import type { Network } from './network.js';

/** Its program. Its socket is a file, so that it can be reached from outside of its network. */
const PROGRAM = `
import { createGateway } from ${JSON.stringify(join(root, 'dist/gateway/index.js'))};
const [socket, options] = process.argv.slice(1);
const gateway = createGateway({
  ...JSON.parse(options),
  accessLog: (entry) => console.log(JSON.stringify(entry)),
});
await gateway.listen(socket);
console.log('ready');
`;

/** What a client gets. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

export class Front {
  readonly log: AccessLogEntry[] = [];
  readonly #directory = mkdtempSync(join(tmpdir(), 'lsapi-hosts-'));
  readonly #socket = join(this.#directory, 'front.sock');
  readonly #agent = new Agent({ keepAlive: true });
  readonly #child: ChildProcess;
  readonly #ready: Promise<void>;

  constructor(network: Network, options: Omit<GatewayOptions, 'accessLog' | 'errorLog'>) {
    const [file = '', ...parameters] = network.wrap([
      ...[process.execPath, '--input-type=module', '--eval', PROGRAM, '--'],
      ...[this.#socket, JSON.stringify(options)],
    ]);
    this.#child = spawn(file, parameters, {
      env: programEnvironment(),
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let text = '';
    this.#ready = new Promise((resolve, reject) => {
      this.#child.once('exit', () => reject(new Error('the front has ended')));
      this.#child.stdout?.setEncoding('utf8').on('data', (more: string) => {
        const lines = (text + more).split('\n');
        text = lines.pop() ?? '';
        for (const line of lines) {
          if (line === 'ready') resolve();
          else this.log.push(JSON.parse(line) as AccessLogEntry);
        }
      });
    });
  }

  ready(): Promise<void> {
    return this.#ready;
  }

  async get(path: string): Promise<Answer> {
    const response = await this.open(path);
    const pieces: Buffer[] = [];
    for await (const piece of response) pieces.push(piece as Buffer);
    return { status: response.statusCode ?? 0, body: Buffer.concat(pieces).toString() };
  }

  /** Resolves with the header; the body waits to be read. */
  open(path: string): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      request({ socketPath: this.#socket, path, agent: this.#agent }, resolve).on('error', reject).end();
    });
  }

  async end(): Promise<void> {
    this.#agent.destroy();
    this.#ready.catch(() => undefined);
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, 'exit');
      this.#child.kill('SIGKILL');
      await exited;
    }
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
