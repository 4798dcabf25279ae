// One bash for a page, on a machine of its own: see world.sh.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { root } from '../../cli/support/lsnode.js';
import { patience } from '../../support/program-environment.js';
import { addressesOf, isListening, listeners } from './listeners.js';

/** How long a block may take, and a server until it listens. */
const BLOCK_MS = patience(60_000);
const START_MS = patience(60_000);

/** A command that serves, in a process group of its own. */
interface Server {
  readonly group: number;
  readonly addresses: readonly string[];
}

/** A session of bash that runs scripts one after the other, and servers beside them. */
export class Session {
  readonly #process: ChildProcess;
  readonly #directory: string;
  readonly #scripts: Writable;
  readonly #servers: Server[] = [];
  #printed = '';
  #background = '';
  #ended = false;
  #wake: () => void = () => undefined;

  constructor() {
    this.#directory = mkdtempSync(join(tmpdir(), 'lsnode-page-'));
    const namespaces = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--propagation', 'private'];
    const world = join(root, 'test/docs/support/world.sh');
    const command = [
      ...namespaces,
      'bash',
      world,
      this.#directory,
      root.replace(/\/$/, ''),
      process.execPath,
    ];
    this.#process = spawn('unshare', command, {
      env: { PATH: process.env.PATH },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'ignore', 'pipe'],
    });
    this.#process.on('error', (error) => this.#end(error.message)).on('close', () => this.#end(''));
    const [, printed, errors, scripts, , background] = this.#process.stdio as unknown as (Readable &
      Writable)[];
    for (const stream of [printed, errors]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#printed += text;
        this.#wake();
      });
    }
    background?.setEncoding('utf8').on('data', (text: string) => (this.#background += text));
    this.#scripts = scripts as Writable;
    this.#scripts.on('error', () => undefined);
  }

  /** Runs a script in the session; resolves to what it printed. @throws Error if a command of it fails */
  async run(script: string): Promise<string> {
    if (this.#ended) throw new Error('A command before this one has failed, which ended the session.');
    this.#printed = this.#printed.replaceAll('\0', '');
    const before = this.#printed.length;
    this.#scripts.write(`${script}\0`);
    for (const deadline = Date.now() + BLOCK_MS; ;) {
      const output = this.#printed.slice(before);
      const end = output.indexOf('\0');
      if (end >= 0) {
        this.#printed = '';
        return output.slice(0, end);
      }
      if (this.#ended) throw this.#failure('A command failed', output);
      const left = deadline - Date.now();
      if (left <= 0) {
        this.#process.kill('SIGKILL');
        throw this.#failure(`It has not ended after ${BLOCK_MS / 1000} s`, output);
      }
      await this.#somethingHappened(left);
    }
  }

  /** Starts a server, and waits until it listens at `until`, else where its command says, else anywhere. */
  async serve(command: string, until: readonly string[]): Promise<void> {
    const addresses = until.length > 0 ? until : addressesOf(command);
    await this.#makeRoom(addresses);
    const before = this.#listeners();
    const status = `lsapi-status-${this.#servers.length}`;
    const body = `trap 'printf "${status} %s\\n" $?' EXIT; set +e; ${command}\n`;
    const output = await this.run(`set -m; { ${body}} >&5 2>&1 & set +m; printf %s $!\n`);
    this.#servers.push({ group: Number(output), addresses });
    for (const deadline = Date.now() + START_MS; ; await delay(20)) {
      const now = this.#listeners();
      const isUp =
        addresses.length > 0
          ? addresses.every((address) => isListening(now, address))
          : now.some((address) => !before.includes(address));
      if (isUp) return this.#isServing(command, Number(output));
      if (this.#background.includes(`${status} `)) throw this.#failure('The server has ended', '');
      if (Date.now() > deadline) {
        throw this.#failure(
          `Nobody listens at ${addresses.join(', ') || 'any address'}; ${now.join(' ')} are there`,
          '',
        );
      }
    }
  }

  /** `lsnode --bind` listens before it has loaded the app, and is to be seen by `lsnode status` after that. */
  async #isServing(command: string, group: number): Promise<void> {
    const [, address] = /\blsnode\b.*(?:--bind|-b)[ =](\S+)/.exec(command) ?? [];
    if (address === undefined) return;
    await this.run(
      `until lsnode status ${address} >/dev/null 2>&1; do kill -0 -- -${group} 2>/dev/null; sleep 0.05; done\n`,
    );
  }

  /** Ends everything that the page has started. */
  async close(): Promise<void> {
    if (!this.#ended) {
      const gone = once(this.#process, 'close');
      this.#process.kill('SIGKILL');
      await gone;
    }
    rmdirSync(this.#directory);
  }

  /** Ends servers of the page that have one of these addresses: the reader would have, to use it again. */
  async #makeRoom(addresses: readonly string[]): Promise<void> {
    for (const server of this.#servers) {
      if (!server.addresses.some((address) => addresses.includes(address))) continue;
      const gone = `! kill -0 -- -${server.group} 2>/dev/null`;
      await this.run(
        `if kill -TERM -- -${server.group} 2>/dev/null; then until ${gone}; do sleep 0.02; done; fi\n`,
      );
    }
  }

  #listeners(): string[] {
    return listeners(this.#process.pid ?? 0);
  }

  async #somethingHappened(milliseconds: number): Promise<void> {
    const timer = setTimeout(() => this.#wake(), milliseconds);
    await new Promise<void>((resolve) => (this.#wake = resolve));
    clearTimeout(timer);
  }

  #failure(what: string, output: string): Error {
    const served =
      this.#background === '' ? '' : `\nWhat serves has printed:\n${this.#background.slice(-4000)}`;
    return new Error(`${what}. It printed:\n${output.slice(-4000)}${served}`);
  }

  #end(message: string): void {
    this.#ended = true;
    this.#printed += message;
    this.#wake();
  }
}
