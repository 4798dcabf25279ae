import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Peer, Start } from '../peers/peer.js';
import type { Places } from '../peers/places.js';
import type { Memory } from './process-tree.js';
import { cpuNanoseconds, memoryOf, processTree } from './process-tree.js';

const PATIENCE_MS = 30_000;
let started = 0;
const running = new Set<Server>();
process.on('exit', () => {
  for (const server of running) server.kill();
});

/** A peer that serves. */
export class Server {
  readonly peer: Peer;
  /** Path of its Unix socket, or `127.0.0.1:PORT`. */
  readonly address: string;
  readonly pid: number;
  readonly #process: ChildProcess;
  readonly #log: string;

  private constructor(peer: Peer, address: string, child: ChildProcess, log: string) {
    this.peer = peer;
    this.address = address;
    this.pid = child.pid!;
    this.#process = child;
    this.#log = log;
  }

  /**
   * Starts it; undefined where it has no program for the app.
   *
   * @param port of 127.0.0.1; undefined: a Unix socket in `directory`
   */
  static async start(
    places: Places,
    directory: string,
    peer: Peer,
    start: Omit<Start, 'address'>,
    { port, env }: { port?: number | undefined; env?: Record<string, string> | undefined } = {},
  ): Promise<Server | undefined> {
    const name = `${++started}`;
    const socket = join(directory, `${name}.sock`);
    const launch = peer.launch({ ...start, address: port === undefined ? socket : String(port) });
    if (launch === undefined) return undefined;
    const address = port === undefined ? socket : `127.0.0.1:${port}`;
    const [file = '', ...parameters] = launch.inheritsSocket
      ? [join(places.tools, 'listen-on'), address, ...launch.command]
      : launch.command;
    const logFile = join(directory, `${name}.log`);
    const log = openSync(logFile, 'w');
    const child = spawn(file, parameters, {
      stdio: ['ignore', log, log],
      env: { ...process.env, NODE_ENV: 'production', ...launch.env, ...env },
    });
    closeSync(log);
    const server = new Server(peer, address, child, logFile);
    running.add(server);
    await server.#untilItAccepts();
    return server;
  }

  /** The process and all its descendants. */
  members(): number[] {
    return processTree(this.pid);
  }
  /** Of all its processes, in nanoseconds. */
  cpu(): number {
    return cpuNanoseconds(this.members());
  }
  memory(): Memory {
    return memoryOf(this.members());
  }
  /** The end of what it has written. */
  get log(): string {
    return readFileSync(this.#log, 'utf8').slice(-2000);
  }

  async stop(): Promise<void> {
    const members = this.members();
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const ended = new Promise((resolve) => this.#process.once('exit', resolve));
      this.#process.kill('SIGTERM');
      await Promise.race([ended, delay(3000)]);
    }
    for (const pid of members) kill(pid);
    running.delete(this);
  }
  /** At once. */
  kill(): void {
    for (const pid of this.members()) kill(pid);
  }

  async #untilItAccepts(): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    while (!(await accepts(this.address))) {
      const { exitCode, signalCode } = this.#process;
      if (exitCode !== null || signalCode !== null) {
        throw new Error(`${this.peer.name} ended with ${exitCode ?? signalCode}:\n${this.log}`);
      }
      if (performance.now() > deadline) throw new Error(`${this.peer.name} does not listen:\n${this.log}`);
      await delay(20);
    }
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

function accepts(address: string): Promise<boolean> {
  const [host = '', port] = address.split(':');
  return new Promise((resolve) => {
    const connection = net.connect(port === undefined ? { path: address } : { host, port: Number(port) });
    connection.on('connect', () => {
      connection.destroy();
      resolve(true);
    });
    connection.on('error', () => resolve(false));
  });
}
