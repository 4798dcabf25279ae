// Runs an example as its users do: as a process of its own, with plain Node or with `lsnode`.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Agent } from 'node:http';
import { connect, createServer, type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { patience } from '../support/program-environment.js';

/** `node`: plain Node with its own HTTP server. `lsnode`: the development gateway, then LSAPI. */
export type How = 'node' | 'lsnode';

export interface Example {
  readonly how: How;
  readonly port: number;
  readonly pid: number;
  /** Keeps connections open, as browsers do. */
  readonly agent: Agent;
  /** What the process has printed so far, both streams. */
  output(): string;
  /** Asks the process to end, and fails when it does not within some seconds. */
  stop(): Promise<void>;
}

const root = fileURLToPath(new URL('../../../', import.meta.url));
const START_TIMEOUT = patience(15_000);
const STOP_TIMEOUT = patience(5_000);

export async function startExample(
  name: string,
  how: How,
  env: Readonly<Record<string, string>> = {},
  options: readonly string[] = [],
): Promise<Example> {
  const app = `${root}examples/${name}/app.js`;
  const command = how === 'node' ? [app] : [...lsnodeHttp, ...options, app];
  return startProgram({ name, how, command, cwd: root, env });
}

/** What runs `lsnode` behind the development gateway, as arguments of `node`. */
export const lsnodeHttp: readonly string[] = [`${root}dist/cli/main.js`, '--http', '127.0.0.1:0'];

/** A program that is to be started: with plain Node it listens on PORT, `lsnode` prints the URL that answers. */
export interface Program {
  readonly name: string;
  readonly how: How;
  /** Arguments of `node`. */
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

export async function startProgram({ name, how, command, cwd, env }: Program): Promise<Example> {
  const freePort = how === 'node' ? await findFreePort() : 0;
  const child = spawn(process.execPath, command, {
    cwd,
    env: {
      ...process.env,
      NODE_ENV: 'production',
      PORT: how === 'node' ? String(freePort) : undefined,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });

  let stdout = '';
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  const gone = once(child, 'exit');

  try {
    const port = await waitUntil(() => (how === 'node' ? probe(freePort) : printedPort(stdout)), child);
    const agent = new Agent({ keepAlive: true });
    return {
      how,
      port,
      pid: child.pid ?? 0,
      agent,
      output: () => output,
      stop: async () => {
        agent.destroy();
        await end(child, gone);
      },
    };
  } catch (error) {
    child.kill('SIGKILL');
    throw new Error(`${how} did not start ${name}. It printed:\n${output}`, { cause: error });
  }
}

export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Plain applications do not say when they are ready: try to connect. */
async function probe(port: number): Promise<number | undefined> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return port;
  } catch {
    return undefined;
  } finally {
    socket.destroy();
  }
}

/** `lsnode --http` prints the URL that answers when it does. */
function printedPort(stdout: string): number | undefined {
  const match = /http:\/\/127\.0\.0\.1:(\d+)\//.exec(stdout);
  return match ? Number(match[1]) : undefined;
}

async function waitUntil(
  port: () => number | undefined | Promise<number | undefined>,
  child: ChildProcess,
): Promise<number> {
  for (const deadline = Date.now() + START_TIMEOUT; Date.now() < deadline; await delay(20)) {
    if (child.exitCode !== null) throw new Error(`It exited with status ${child.exitCode}.`);
    const value = await port();
    if (value !== undefined) return value;
  }
  throw new Error('It was not ready in time.');
}

async function end(child: ChildProcess, gone: Promise<unknown>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const late = new AbortController();
  await Promise.race([
    gone,
    delay(STOP_TIMEOUT, undefined, { signal: late.signal }).then(() => {
      child.kill('SIGKILL');
      throw new Error(`Process ${child.pid} did not end within ${STOP_TIMEOUT} ms of SIGTERM.`);
    }),
  ]).finally(() => late.abort());
}
