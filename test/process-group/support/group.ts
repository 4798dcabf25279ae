// Process groups as a server and an administrator see them: sockets, processes, the log, the scoreboard.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pidOf } from '#lib/codec/index.js';
import { groupStatus, type GroupStatus } from '#lib/status/index.js';
import type { LsapiClient, RequestOptions } from '../../support/lsapi-client.js';
import { lsnodes, rawApp, type Lsnode, type LsnodeOptions } from '../../cli/support/lsnode.js';
import { FOREIGN_COMMAND, FOREIGN_SCRIPT } from './differences.js';
import { patience } from '../../support/program-environment.js';

/** For what is only a matter of time: generous, because it is waited for in vain only where something is broken. */
const PATIENCE_MS = patience(15_000);
const POLL_MS = 10;

/**
 * The app of these tests. Its URLs: `/` answers with version, process id and how many requests the process has had;
 * `/sleep?MS` likewise, later; others see below.
 */
export function app(version = 'v1'): string {
  return `import { writeSync } from 'node:fs';
const loader = process.pid;
const kept = [];
let count = 0;
${rawApp(`
  const [path, argument = ''] = request.url.split('?');
  ++count;
  if (path === '/sleep') await delay(Number(argument));
  if (path === '/loop') for (;;);
  if (path === '/loop-later') setImmediate(() => { for (;;); });
  if (path === '/exit') process.exit(Number(argument));
  if (path === '/signal') process.kill(process.pid, argument);
  if (path === '/abort') process.abort();
  if (path === '/throw') { setImmediate(() => { throw new Error('thrown by the app'); }); await delay(60_000); }
  if (path === '/memory') kept.push(Buffer.alloc(Number(argument) * 1024 * 1024, 1));
  if (path === '/print') process.stdout.write('-'.repeat(Number(argument)) + ' printed\\n');
  if (path === '/print-and-exit') {
    process.stdout.write('-'.repeat(Number(argument)) + ' printed\\n');
    process.exit(0);
  }
  if (path === '/environment') return response.send(200, null, JSON.stringify(process.env));
  if (path === '/flags') return response.send(200, null, JSON.stringify(process.execArgv));
  if (path === '/loader') return response.send(200, null, String(loader));
  response.send(200, null, '${version} ' + process.pid + ' ' + count);
`)}`;
}

/** What the app says of itself. */
export interface Answer {
  readonly version: string;
  readonly pid: number;
  /** Requests that the process has had. */
  readonly count: number;
}

/**
 * Starts groups of {@link app} in the tests of the enclosing suite, and ends what is left of them after each.
 *
 * @returns what starts one: with these variables, and more options
 */
export function groups(): (
  env: Readonly<Record<string, string | undefined>>,
  options?: Omit<LsnodeOptions, 'env'>,
) => Lsnode {
  const running: Lsnode[] = [];
  // Before the hook of lsnodes(), which waits for the end of all that hold the output.
  afterEach(() => {
    for (const { pid } of running.splice(0)) {
      for (const process of descendantsOf(pid)) kill(process, 'SIGKILL');
    }
  });
  const start = lsnodes();
  return (env, options = {}) => {
    const lsnode = start({ files: { 'app.mjs': app() }, ...options, env });
    running.push(lsnode);
    return lsnode;
  };
}

/**
 * Likewise for tests that need nothing but LSAPI and /proc, so that LIFECYCLE_COMMAND can put another executable in the
 * place of `lsnode`. It has to answer like {@link app}, as far as these tests ask: `/`, `/sleep?MS`, `/loop`.
 */
export function applications(): (env: Readonly<Record<string, string>>) => Lsnode {
  const start = groups();
  const command = FOREIGN_COMMAND;
  if (command === undefined) return (env) => start(env);
  return (env) => start(env, { wrap: () => ['sh', '-c', `exec ${command}`] });
}

/** Waits until `probe` gives something other than undefined or false; an error of it counts as undefined. */
export async function eventually<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  milliseconds = PATIENCE_MS,
): Promise<T> {
  let failure: unknown;
  for (const deadline = Date.now() + milliseconds; ; await delay(POLL_MS)) {
    try {
      const value = await probe();
      if (value !== undefined && value !== false) return value;
      failure = undefined;
    } catch (error) {
      failure = error;
    }
    if (Date.now() > deadline) break;
  }
  throw new Error(`Did not come true within ${milliseconds} ms: ${what}`, { cause: failure });
}

/** Fails as soon as the condition does not hold, or once it has held for so long. */
export async function stays(what: string, milliseconds: number, condition: () => boolean): Promise<void> {
  for (const end = Date.now() + milliseconds; Date.now() < end; await delay(POLL_MS)) {
    if (!condition()) throw new Error(`Did not stay so for ${milliseconds} ms: ${what}`);
  }
}

/** The group's scoreboard. */
export function statusOf(lsnode: Lsnode): GroupStatus {
  return groupStatus(lsnode.pid);
}

/** Waits until the group serves, with so many children and generations. */
export function serving(lsnode: Lsnode, generation = 1): Promise<GroupStatus> {
  return eventually(`generation ${generation} serves`, () => {
    const status = statusOf(lsnode);
    return status.state === 'serving' && status.generation >= generation && status;
  });
}

/** Opens a connection and waits until a process of the group has it; which one. */
export async function connected(lsnode: Lsnode): Promise<{ client: LsapiClient; pid: number }> {
  const client = await lsnode.connect();
  return { client, pid: await noticedPid(client) };
}

/** The process id of the PID notice, the first that comes on a connection from a parent. */
export async function noticedPid(client: LsapiClient): Promise<number> {
  const { response } = client;
  const noticed = (): number | undefined => {
    const [packet] = response.packets;
    return packet !== undefined && 'payload' in packet ? pidOf(packet) : undefined;
  };
  await client.until(() => noticed() !== undefined);
  return noticed() ?? 0;
}

export async function ask(client: LsapiClient, url = '/'): Promise<Answer> {
  const { status, text } = await client.request(requestOf(url));
  if (status !== 200) throw new Error(`${url} was answered with ${status}: ${text}`);
  return parseAnswer(text);
}

/** The request for a URL of the app, or of the executable in its place. */
export function requestOf(url: string): RequestOptions {
  return { url, ...(FOREIGN_SCRIPT !== undefined && { env: { SCRIPT_FILENAME: FOREIGN_SCRIPT } }) };
}

export function parseAnswer(text: string): Answer {
  const [version = '', pid = '', count = ''] = text.split(' ');
  return { version, pid: Number(pid), count: Number(count) };
}

/** A request on a connection of its own. */
export async function askOnce(lsnode: Lsnode, url = '/'): Promise<Answer> {
  const client = await lsnode.connect();
  try {
    return await ask(client, url);
  } finally {
    client.close();
  }
}

/** Sends a request and waits until a process works on it: which. */
export async function begin(lsnode: Lsnode, url: string): Promise<{ client: LsapiClient; pid: number }> {
  const connection = await connected(lsnode);
  await connection.client.send({ url });
  await eventually(`${url} has begun`, () =>
    statusOf(lsnode).children.some((child) => child.pid === connection.pid && child.active > 0),
  );
  return connection;
}

/** Changes a file of the app, so that it looks different to whoever watches it. */
export function change(lsnode: Lsnode, name: string, text: string): void {
  writeFileSync(join(lsnode.directory, name), text);
}

interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  /** One letter as in proc(5): R, S, D, T, Z … */
  readonly state: string;
}

function processes(): ProcessEntry[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const text = readFileSync(`/proc/${name}/stat`, 'latin1');
        const [state = '', parent = ''] = text.slice(text.lastIndexOf(')') + 2).split(' ');
        return [{ pid: Number(name), parent: Number(parent), state }];
      } catch {
        return []; // gone meanwhile
      }
    });
}

/** Child processes, by process id; those that have ended and were not collected only if asked for. */
export function childrenOf(pid: number, { zombies = false } = {}): number[] {
  return processes()
    .filter(({ parent, state }) => parent === pid && (zombies || state !== 'Z'))
    .map((entry) => entry.pid)
    .sort((a, b) => a - b);
}

function descendantsOf(pid: number): number[] {
  const all = processes();
  const found = [pid];
  for (const ancestor of found) {
    found.push(...all.filter(({ parent }) => parent === ancestor).map((entry) => entry.pid));
  }
  return found;
}

/** Whether the process runs: zombies do not. */
export function isAlive(pid: number): boolean {
  return processes().some((entry) => entry.pid === pid && entry.state !== 'Z');
}

export function gone(pid: number, milliseconds?: number): Promise<true> {
  return eventually(`process ${pid} is gone`, () => !isAlive(pid) || undefined, milliseconds);
}

/** Sends a signal to a process that may be gone. */
export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It is.
  }
}

export function commandLine(pid: number): string[] {
  return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
}

/** How many lines of the log match. */
export function countLines(lsnode: Lsnode, pattern: RegExp): number {
  return lsnode.stderr.split('\n').filter((line) => pattern.test(line)).length;
}

/** Open descriptors of a process. */
export function countDescriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}
