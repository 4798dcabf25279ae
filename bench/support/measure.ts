import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import type { BenchRequest } from '../requests.js';
import type { Server } from './server.js';

/** What is sent to a server, and what it has to answer. */
export interface Load {
  readonly request: BenchRequest;
  readonly connections: number;
  /** Further connections that stay idle. */
  readonly idleConnections?: number;
  /** Bytes of body behind the request. */
  readonly uploadBytes?: number;
  /** Default true. */
  readonly keepAlive?: boolean;
  /** No further ones are sent after so many. */
  readonly requests?: number;
  /** The body of the answer, or how long it is. */
  readonly expected: string | number;
}

/** One round of one server. */
export interface Sample {
  readonly requests: number;
  readonly seconds: number;
  /** Microseconds of CPU time of all processes of the server for each request. */
  readonly cpu: number;
  /** Latency in microseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  /** Bytes at the end of the round, with its connections open. */
  readonly private: number;
  readonly pss: number;
  readonly processes: number;
}

interface Figures {
  readonly requests: number;
  readonly seconds: number;
  readonly wrongStatus: number;
  readonly wrongSize: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
}

/** What is done in the course of a round, while its connections are open. */
export interface Interludes {
  /** All first answers are there. */
  readonly before?: () => Promise<void> | void;
  readonly during?: () => Promise<void> | void;
  readonly after?: () => Promise<void> | void;
}

/** Runs the load generator. */
export class LoadGenerator {
  readonly #tool: string;
  readonly #directory: string;

  constructor(tools: string, directory: string) {
    this.#tool = join(tools, 'load');
    this.#directory = directory;
  }

  /**
   * One round: the first answer of each connection is validated, then requests are sent for `seconds`.
   *
   * @throws Error an answer was wrong; nothing is measured then
   */
  async measure(server: Server, load: Load, seconds: number, interludes: Interludes = {}): Promise<Sample> {
    const child = spawn(this.#tool, this.#parameters(server, load, seconds), {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let complaint = '';
    child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
    const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    try {
      const next = async (): Promise<string> => {
        const line = await lines.next();
        if (!line.done) return line.value;
        await closed;
        throw new Error(`${server.peer.name}: ${complaint.trim()}\n${server.log}`);
      };
      await next(); // it is ready
      await interludes.before?.();
      const before = server.cpu();
      child.stdin.write('\n');
      await interludes.during?.();
      const { wrongStatus, wrongSize, ...figures } = JSON.parse(await next()) as Figures;
      const after = server.cpu();
      await interludes.after?.();
      const memory = server.memory();
      if (wrongStatus + wrongSize > 0) {
        throw new Error(
          `${server.peer.name}: ${wrongStatus} answers had another status, ${wrongSize} another size`,
        );
      }
      const processes = server.members().length;
      return { ...figures, cpu: (after - before) / figures.requests / 1000, ...memory, processes };
    } finally {
      child.stdin.end();
      if ((await Promise.race([closed, patience()])) === undefined) child.kill('SIGKILL');
    }
  }

  #parameters(server: Server, load: Load, seconds: number): string[] {
    const { protocol } = server.peer;
    const request = join(this.#directory, `request.${protocol}`);
    writeFileSync(request, load.request[protocol]);
    const parameters = [
      ...['--protocol', protocol, '--address', server.address, '--request', request],
      ...['--connections', load.connections, '--idle-connections', load.idleConnections ?? 0],
      ...['--upload-bytes', load.uploadBytes ?? 0, '--seconds', seconds],
    ].map(String);
    if (load.requests !== undefined) parameters.push('--requests', String(load.requests));
    if (load.keepAlive === false) parameters.push('--no-keep-alive');
    if (typeof load.expected === 'number') return [...parameters, '--body-bytes', String(load.expected)];
    const body = join(this.#directory, 'expected');
    writeFileSync(body, load.expected);
    return [...parameters, '--body', body];
  }
}

function patience(): Promise<undefined> {
  return new Promise((resolve) => setTimeout(resolve, 2000, undefined).unref());
}
