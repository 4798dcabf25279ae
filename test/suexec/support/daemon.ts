// A suEXEC daemon, and a server that knows its secret. Users need no entry in the user database: numbers that nobody has.
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeCredentials, type NameValue } from '#lib/codec/index.js';
import { Lsnode, type LsnodeOptions } from '../../cli/support/lsnode.js';
import { childrenOf, groups, kill } from '../../process-group/support/group.js';
import type { LsapiClient, ReceivedResponse, RequestOptions } from '../../support/lsapi-client.js';

export const ALICE = { uid: 54_321, gid: 54_321 };
export const BOB = { uid: 54_322, gid: 54_322 };

export type User = typeof ALICE;

export interface Daemon {
  readonly lsnode: Lsnode;
  readonly secret: Buffer;
  /** The special entries of a request for that user. */
  credentials(user: User): NameValue[];
  /** A request on a connection of its own; undefined: it was closed without an answer. */
  request(user: User, options?: RequestOptions): Promise<ReceivedResponse | undefined>;
}

/** A request whose connection may just be closed. */
export async function answerOf(
  client: LsapiClient,
  options: RequestOptions,
): Promise<ReceivedResponse | undefined> {
  try {
    return await client.request(options);
  } catch {
    return undefined;
  }
}

/** Where a daemon keeps its secret: a file that only its owner may read. */
export function secretFile(bytes: Uint8Array = randomBytes(16), mode = 0o600): string {
  const path = join(mkdtempSync(join(tmpdir(), 'lsapi-secret-')), 'secret');
  writeFileSync(path, bytes, { mode });
  chmodSync(path, mode);
  return path;
}

/** The enclosing suite needs to become others. */
export function needsRoot(): void {
  before('only root can become other users', function () {
    if (process.getuid?.() !== 0) this.skip();
  });
}

/** What {@link startDaemon} needs beside the files of the app, of which the first is started. */
export type DaemonOptions = Omit<LsnodeOptions, 'files'>;

function startDaemon(
  files: Readonly<Record<string, string>>,
  start: (options: LsnodeOptions) => Lsnode,
  { args = [Object.keys(files)[0] ?? ''], env, ...options }: DaemonOptions,
): Daemon {
  const secret = randomBytes(16);
  const path = secretFile(secret);
  const lsnode = start({ ...options, args, files, env: { LSAPI_SECRET: path, ...env } });
  void lsnode.exited.then(() => rmSync(join(path, '..'), { recursive: true, force: true }));
  // Tenants read their app there.
  chmodSync(lsnode.directory, 0o755);
  const credentials = (user: User): NameValue[] => encodeCredentials({ secret, ...user });
  return {
    lsnode,
    secret,
    credentials,
    request: async (user, request = {}) => {
      const client = await lsnode.connect();
      const response = await answerOf(client, { ...request, specialEnv: credentials(user) });
      client.close();
      return response;
    },
  };
}

/** Starts daemons in the tests of the enclosing suite, and ends them after each. */
export function daemons(): (files: Readonly<Record<string, string>>, options?: DaemonOptions) => Daemon {
  needsRoot();
  const start = groups();
  return (files, options = {}) => startDaemon(files, ({ env = {}, ...rest }) => start(env, rest), options);
}

/** One daemon for all tests of the enclosing suite. */
export function sharedDaemon(
  files: Readonly<Record<string, string>>,
  options: DaemonOptions = {},
): () => Daemon {
  needsRoot();
  let daemon: Daemon | undefined;
  before(() => {
    daemon = startDaemon(files, (all) => new Lsnode(all), options);
  });
  after(async () => {
    if (daemon === undefined) return;
    for (const pid of childrenOf(daemon.lsnode.pid)) kill(pid, 'SIGKILL');
    await daemon.lsnode.end();
  });
  return () => {
    if (daemon === undefined) throw new Error('the daemon has not been started');
    return daemon;
  };
}
