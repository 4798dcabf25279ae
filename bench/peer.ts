import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** A server under measurement: one process that listens on a Unix socket. */
export interface PeerDefinition {
  readonly name: string;
  readonly protocol: 'lsapi' | 'http';
  /** Command line that serves on `socket`. */
  readonly command: (socket: string) => string[];
}

export class Peer {
  readonly definition: PeerDefinition;
  readonly socket: string;
  readonly #process: ChildProcess;

  private constructor(definition: PeerDefinition, socket: string, process: ChildProcess) {
    this.definition = definition;
    this.socket = socket;
    this.#process = process;
  }

  static async start(definition: PeerDefinition, socket: string): Promise<Peer> {
    const [command, ...parameters] = definition.command(socket);
    const child = spawn(command!, parameters, {
      stdio: ['ignore', 'ignore', 'inherit'],
      // No recycling in the middle of a measurement.
      env: { ...process.env, LSAPI_MAX_REQS: '0', LSAPI_MAX_IDLE: '0' },
    });
    const peer = new Peer(definition, socket, child);
    for (let attempt = 0; attempt < 200; attempt++) {
      if (child.exitCode !== null) throw new Error(`${definition.name} ended with ${child.exitCode}`);
      if (existsSync(socket) && (await accepts(socket))) return peer;
      await delay(25);
    }
    throw new Error(`${definition.name} does not listen on ${socket}`);
  }

  get pid(): number {
    return this.#process.pid!;
  }

  /** CPU time of all threads so far, in nanoseconds. */
  cpuTime(): number {
    let total = 0;
    for (const thread of readdirSync(`/proc/${this.pid}/task`)) {
      total += Number(readFileSync(`/proc/${this.pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
    }
    return total;
  }

  /** The first answer to a request, whole, for validation. */
  answerTo(request: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      const connection = net.connect(this.socket, () => connection.write(request));
      connection.on('data', (chunk: Buffer) => chunks.push(chunk));
      connection.on('error', reject);
      setTimeout(() => {
        connection.destroy();
        resolve(Buffer.concat(chunks));
      }, 200);
    });
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGTERM');
    await Promise.race([ended, delay(2000).then(() => this.#process.kill('SIGKILL'))]);
  }
}

function accepts(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = net.connect(path, () => {
      connection.destroy();
      resolve(true);
    });
    connection.on('error', () => resolve(false));
  });
}
