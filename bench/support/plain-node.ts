import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Route } from './express-routes.js';
import type { Answer } from './lsapi-connection.js';

/** The same app without this package: `node app.js` on a Unix socket, by HTTP. */
export class PlainNode {
  readonly #process: ChildProcess;
  readonly #socket: string;
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

  private constructor(app: string, socket: string) {
    this.#socket = socket;
    this.#process = spawn(process.execPath, [app], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, NODE_ENV: 'production', PORT: socket },
    });
    process.on('exit', () => this.#process.kill('SIGKILL'));
  }

  static async start(app: string, directory: string): Promise<PlainNode> {
    const socket = join(directory, 'plain.sock');
    const plain = new PlainNode(app, socket);
    while (!existsSync(socket)) {
      if (plain.#process.exitCode !== null) throw new Error(`node ${app} has ended`);
      await delay(20);
    }
    return plain;
  }

  get pid(): number {
    return this.#process.pid!;
  }

  request({ method, target, headers, body }: Route): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const request = http.request({
        socketPath: this.#socket,
        agent: this.#agent,
        method,
        path: target,
        // As a browser does; the app answers programs otherwise.
        headers: {
          Accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
          ...Object.fromEntries(headers),
          ...(body.length > 0 && { 'Content-Length': String(body.length) }),
        },
      });
      request.on('error', reject);
      request.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }));
      });
      request.end(body);
    });
  }

  stop(): void {
    this.#agent.destroy();
    this.#process.kill('SIGKILL');
  }
}
