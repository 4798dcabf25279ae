// Runs the built `lsnode` as servers and people do: as a process of its own, with real sockets.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { native } from '#lib/native/binding.js';
import { LsapiClient } from '../../support/lsapi-client.js';
import { patience, programEnvironment } from '../../support/program-environment.js';

export const root = fileURLToPath(new URL('../../../../', import.meta.url));
export const main = join(root, 'dist/cli/main.js');
const WAIT_MS = patience(10_000);

/** What descriptor 0 of the process is: a listening socket or a connection, as from a server, or nothing. */
export type StandardInput = 'listening' | 'connected' | 'none';

export interface LsnodeOptions {
  /** Files of the app's directory, by name; `app.js` is started unless `args` say otherwise. */
  readonly files?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** Added to the environment, which has nothing of LSAPI; undefined removes. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly stdin?: StandardInput;
  /** Relative to the app's directory; that one unless given. */
  readonly cwd?: string;
  /** Runs the command line instead of running lsnode itself: `(lsnode) => [file, ...arguments]`. */
  readonly wrap?: (lsnode: readonly string[]) => readonly string[];
}

/** A running lsnode, its app directory and the sockets that a server would hold. */
export class Lsnode {
  readonly directory: string;
  readonly child: ChildProcess;
  /** How it ended. */
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  stdout = '';
  stderr = '';
  /** The path of the listening socket, if descriptor 0 is one. */
  readonly socketPath: string;
  readonly #descriptors: number[] = [];
  readonly #clients: LsapiClient[] = [];
  #connection: LsapiClient | undefined;

  constructor(options: LsnodeOptions = {}) {
    const { files = {}, args = [], env = {}, stdin = 'listening', cwd = '.', wrap } = options;
    // Its real name: the process finds its directory by that one.
    this.directory = realpathSync(mkdtempSync(join(tmpdir(), 'lsnode-test-')));
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.directory, name)), { recursive: true });
      writeFileSync(join(this.directory, name), text);
    }
    this.socketPath = join(this.directory, 'server.sock');
    const command = [process.execPath, main, ...args];
    const [file = '', ...parameters] = wrap === undefined ? command : wrap(command);
    this.child = spawn(file, parameters, {
      cwd: join(this.directory, cwd),
      env: { ...programEnvironment(), ...env },
      stdio: [this.#standardInput(stdin), 'pipe', 'pipe'],
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    // 'close', not 'exit': all that it has printed is there.
    this.exited = once(this.child, 'close').then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
    }));
  }

  /** The one connection of a process whose descriptor 0 is connected. */
  get connection(): LsapiClient {
    if (this.#connection === undefined) throw new Error('descriptor 0 is not connected');
    return this.#connection;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get alive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Opens a connection as the server does: to the socket on descriptor 0, or to an address of lsnode's own. */
  async connect(target: string | number = this.socketPath): Promise<LsapiClient> {
    const client = await LsapiClient.connect(target);
    this.#clients.push(client);
    return client;
  }

  /** Waits until what it has printed matches. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    for (const deadline = Date.now() + WAIT_MS; Date.now() < deadline; await delay(5)) {
      const match = pattern.exec(this.stdout + this.stderr);
      if (match !== null) return match;
      if (!this.alive) break;
    }
    const match = pattern.exec(this.stdout + this.stderr);
    if (match !== null) return match;
    throw new Error(`lsnode did not print ${String(pattern)} but:\n${this.stdout}${this.stderr}`);
  }

  /** Its exit code; fails if it does not end in time, or ends by a signal. */
  async exitCode(milliseconds = WAIT_MS): Promise<number> {
    const stop = new AbortController();
    const late = delay(milliseconds, undefined, { signal: stop.signal }).then(
      () => new Error(`lsnode is still running after ${milliseconds} ms. It printed:\n${this.stderr}`),
    );
    const result = await Promise.race([this.exited, late]);
    stop.abort();
    late.catch(() => undefined);
    if (result instanceof Error) throw result;
    if (result.code === null) throw new Error(`lsnode ended by ${String(result.signal)}: ${this.stderr}`);
    return result.code;
  }

  async end(): Promise<void> {
    for (const client of this.#clients) client.close();
    this.#connection?.close();
    if (this.alive) this.child.kill('SIGKILL');
    await this.exited;
    for (const fd of this.#descriptors.splice(0)) closeSync(fd);
    rmSync(this.directory, { recursive: true, force: true });
  }

  #standardInput(kind: StandardInput): 'ignore' | Socket | number {
    if (kind === 'none') return 'ignore';
    if (kind === 'listening') {
      const { fd, error, message } = native.listenUnix(this.socketPath, 100, -1);
      if (error !== 0) throw new Error(message);
      this.#descriptors.push(fd); // stays open: the server holds it as long as it runs
      return fd;
    }
    const [server, application] = native.socketPair();
    if (server === undefined || application === undefined) throw new Error('no socket pair');
    const socket = new Socket({ fd: server });
    this.#connection = clientOf(socket);
    process.nextTick(() => closeSync(application)); // the child has its own by then
    return application;
  }
}

/** The test client connects by itself; here the connection is there already. */
function clientOf(socket: Socket): LsapiClient {
  return new (LsapiClient as unknown as new (socket: Socket) => LsapiClient)(socket);
}

/**
 * Starts lsnode in the tests of the enclosing suite, and ends what is left of it after each.
 *
 * @returns what starts one
 */
export function lsnodes(): (options?: LsnodeOptions) => Lsnode {
  const running: Lsnode[] = [];
  afterEach(async () => {
    await Promise.all(running.splice(0).map((lsnode) => lsnode.end()));
  });
  return (options) => {
    const lsnode = new Lsnode(options);
    running.push(lsnode);
    return lsnode;
  };
}

/** The start file of an app with a raw handler: the function's body. `lsapi` is the built package. */
export function rawApp(body: string): string {
  return `import { raw } from ${JSON.stringify(join(root, 'dist/index.js'))};
import { setTimeout as delay } from 'node:timers/promises';
export default raw(async (request, response) => { ${body} });
`;
}

/** The start file of a CommonJS app with a node:http listener: the function's body. */
export function nodeApp(body: string): string {
  return `const http = require('node:http');
const delay = require('node:timers/promises').setTimeout;
const server = http.createServer(async (req, res) => { ${body} });
server.listen(3000);
`;
}
