import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { runCommand } from '../peers/run.js';

/** How often each system call was made. */
export type SystemCalls = ReadonlyMap<string, number>;

/** undefined: strace works here. */
export function whyNoStrace(): string | undefined {
  const result = runCommand('strace', ['-c', '-o', '/dev/null', 'true']);
  return result.ok ? undefined : `strace is needed (Debian's package of that name): ${result.reason}`;
}

/** Counts the system calls of a process, all threads included, until `stop` is called. */
export class SystemCallCounter {
  readonly #process;
  readonly #file: string;

  private constructor(pid: number, file: string) {
    this.#file = file;
    this.#process = spawn('strace', ['-f', '-c', '-o', file, '-p', String(pid)], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  }

  /** Resolves when every call from now on is counted. `file`: for its result. */
  static async attach(pid: number, file: string): Promise<SystemCallCounter> {
    const counter = new SystemCallCounter(pid, file);
    await new Promise<void>((resolve, reject) => {
      let text = '';
      counter.#process.on('close', () => reject(new Error(`strace: ${text}`)));
      counter.#process.stderr.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        if (/attached/.test(text)) resolve();
      });
    });
    return counter;
  }

  async stop(): Promise<SystemCalls> {
    const closed = once(this.#process, 'close');
    this.#process.kill('SIGINT');
    await closed;
    const calls = new Map<string, number>();
    // % time, seconds, usecs/call, calls, errors where there are any, name
    for (const line of readFileSync(this.#file, 'utf8').split('\n')) {
      const match = /^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$/.exec(line);
      if (match !== null && match[2] !== 'total') calls.set(match[2]!, Number(match[1]));
    }
    return calls;
  }
}
