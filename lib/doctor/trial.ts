import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { encodeRequest, PacketType, ResponseDecoder } from '../codec/index.js';
import type { Identity } from './access.js';

/** How long an app may take to start, and to answer. */
const START_MS = 60_000;
const ANSWER_MS = 30_000;
/** A stop that was asked for, before the process is killed. */
const STOP_MS = 5000;
const LONGEST_OUTPUT = 20_000;
const SERVING = /^lsapi\[\d+\]: serving .* \(LSAPI\)$/m;

/** A `lsnode` that is started for a moment, on a socket of its own. */
export interface TrialOptions {
  /** `lsnode`'s own file. */
  readonly main: string;
  readonly nodeFlags?: readonly string[];
  /** The app, and what else `lsnode` gets. */
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
  /** Whom it runs as; as this process unless that is root's. */
  readonly user?: Identity | undefined;
}

/** `served`: it listened, and `use` has its result. */
export type TrialResult<T> =
  | { readonly kind: 'served'; readonly value: T }
  | { readonly kind: 'ended' | 'late'; readonly output: string };

/** Starts `lsnode`, lets `use` talk to it when it listens, and ends it. */
export async function withTrial<T>(
  options: TrialOptions,
  use: (socket: string) => Promise<T>,
): Promise<TrialResult<T>> {
  const directory = mkdtempSync(join(tmpdir(), 'lsnode-doctor-'));
  const { user } = options;
  const identity = user === undefined || process.geteuid?.() !== 0 || user.uid === 0 ? undefined : user;
  if (identity !== undefined) chownSync(directory, identity.uid, identity.groups[0] ?? identity.uid);
  const socket = join(directory, 'trial.sock');
  const command = [
    process.execPath,
    ...(options.nodeFlags ?? []),
    options.main,
    ...['--bind', socket],
    ...options.arguments,
  ];
  const child = startAs(identity, command, options);
  let output = '';
  const keep = (text: string): void => {
    if (output.length < LONGEST_OUTPUT) output += text;
  };
  child.stdout.setEncoding('utf8').on('data', keep);
  child.stderr.setEncoding('utf8').on('data', keep);
  const ended = once(child, 'close');
  try {
    const isUp = await waitFor(child, () => output);
    if (isUp) return { kind: 'served', value: await use(socket) };
    const isLate = !hasEnded(child);
    // All that it has printed is there.
    if (!isLate) await ended;
    return { kind: isLate ? 'late' : 'ended', output };
  } catch (error) {
    return { kind: 'ended', output: `${output}${error instanceof Error ? error.message : String(error)}` };
  } finally {
    await stop(child, ended);
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * Starts a command as somebody else, or as this process. Groups besides the own one, which a server gives an app too, are
 * set by setpriv(1), where that is.
 */
function startAs(identity: Identity | undefined, command: readonly string[], options: TrialOptions) {
  const [own = 0, ...further] = identity?.groups ?? [];
  const helper =
    further.length > 0 ? ['/usr/bin/setpriv', '/bin/setpriv'].find((file) => existsSync(file)) : undefined;
  const [file = '', ...parameters] =
    identity === undefined || helper === undefined
      ? command
      : [
          helper,
          ...['--reuid', String(identity.uid), '--regid', String(own)],
          ...['--groups', [own, ...further].join(','), '--'],
          ...command,
        ];
  return spawn(file, parameters, {
    cwd: options.directory,
    env: options.environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    // The whole of it can be ended, what the app starts included.
    detached: true,
    ...(identity !== undefined && helper === undefined && { uid: identity.uid, gid: own }),
  });
}

/** Sends one request on a connection of its own; the body of its answer. */
export async function request(path: string): Promise<{ status: number; body: string }> {
  const socket = connect(path);
  const late = setTimeout(() => socket.destroy(new Error('no answer to a request in time')), ANSWER_MS);
  try {
    await once(socket, 'connect');
    socket.write(
      encodeRequest({
        env: [
          ['REQUEST_METHOD', 'GET'],
          ['REQUEST_URI', '/'],
          ['SCRIPT_NAME', '/'],
          ['QUERY_STRING', ''],
          ['SERVER_PROTOCOL', 'HTTP/1.1'],
        ],
        header: { requestLine: 'GET / HTTP/1.1', headers: [['Host', 'localhost']] },
      }),
    );
    const decoder = new ResponseDecoder();
    let status = 0;
    let body = '';
    for await (const chunk of socket) {
      for (const packet of decoder.push(chunk as Buffer)) {
        if (packet.type === PacketType.RespHeader) status = packet.status;
        if (packet.type === PacketType.RespStream) body += packet.payload.toString();
        if (packet.type === PacketType.RespEnd) return { status, body };
      }
    }
    throw new Error('the connection ended without an answer');
  } finally {
    clearTimeout(late);
    socket.destroy();
  }
}

/** What `lsnode` says of its end in what it has printed, without stack; else the end of the text. */
export function lastMessage(output: string): string {
  const lines = output.split('\n').filter((line) => !/^\s+at |^\s*$/.test(line));
  const message = /cannot start(?: \([^)]*\))?: ([^]*?\[LSAPI_ERR_\w+\])/.exec(lines.join('\n'))?.[1];
  const text = message ?? lines.slice(-4).join(' ');
  return text.replace(/\s+/g, ' ').trim().slice(0, 700);
}

/** Whether it serves in time: it says so in its log. Its socket is there earlier, while the app is loaded. */
async function waitFor(child: ChildProcess, output: () => string): Promise<boolean> {
  for (const deadline = Date.now() + START_MS; Date.now() < deadline; await delay(20)) {
    if (SERVING.test(output())) return true;
    if (hasEnded(child)) return false;
  }
  return false;
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

async function stop(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  const kill = (signal: NodeJS.Signals): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
    } catch {
      // It has gone already.
    }
  };
  if (!hasEnded(child)) child.kill('SIGTERM');
  const timer = setTimeout(() => kill('SIGKILL'), STOP_MS);
  await ended.catch(() => undefined);
  clearTimeout(timer);
  kill('SIGKILL');
}
