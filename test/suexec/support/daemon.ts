// A suEXEC daemon, and a server that knows its secret. Users need no entry in the user database: numbers that nobody has.
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeCredentials, type NameValue } from '#lib/codec/index.js';
import type { Lsnode, LsnodeOptions } from '../../cli/support/lsnode.js';
import { groups } from '../../process-group/support/group.js';
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

/** Starts daemons in the tests of the enclosing suite. */
export function daemons(): (
  files: Readonly<Record<string, string>>,
  options?: Omit<LsnodeOptions, 'files'>,
) => Daemon {
  needsRoot();
  const start = groups();
  const secrets: string[] = [];
  after(() => {
    for (const path of secrets) rmSync(join(path, '..'), { recursive: true, force: true });
  });
  return (files, options = {}) => {
    const secret = randomBytes(16);
    const path = secretFile(secret);
    secrets.push(path);
    const lsnode = start(
      { LSAPI_SECRET: path, ...options.env },
      { args: [Object.keys(files)[0] ?? 'app.mjs'], ...options, files },
    );
    // Tenants read their app there.
    chmodSync(lsnode.directory, 0o755);
    const credentials = (user: User): NameValue[] => encodeCredentials({ secret, ...user });
    return {
      lsnode,
      secret,
      credentials,
      request: async (user, request = {}) => {
        const client = await lsnode.connect();
        return answerOf(client, { ...request, specialEnv: credentials(user) });
      },
    };
  };
}
