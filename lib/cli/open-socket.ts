import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Address } from '../config/address.js';
import { listenOn } from '../connections/listen.js';
import { LsapiError } from '../errors.js';
import type { WorkerSocket } from '../worker/worker-socket.js';
import { takeStandardInput } from '../worker/worker-socket.js';
import type { CommandLine } from './options.js';

export interface OpenSocket {
  readonly socket: WorkerSocket;
  /** Where it listens, if it is one of our own. */
  readonly address?: Address;
}

/**
 * The socket that the command line asks for: one of our own, or the one on descriptor 0.
 *
 * @throws LsapiError LSAPI_ERR_LISTEN, LSAPI_ERR_STDIN_NOT_SOCKET
 */
export async function openSocket({ bind, http, arguments: parameters }: CommandLine): Promise<OpenSocket> {
  if (bind === undefined && http === undefined) return { socket: takeStandardInput(parameters) };
  const { fd, address } = await listenOn(bind ?? privateAddress());
  return { socket: { kind: 'listening', fd }, address };
}

/** A Unix socket between gateway and app that only this user can reach. */
export function privateAddress(): Address {
  let directory: string;
  try {
    directory = mkdtempSync(join(tmpdir(), 'lsnode-'));
  } catch (error) {
    throw new LsapiError(
      'LSAPI_ERR_LISTEN',
      `Cannot make a directory for the socket between gateway and app in ${tmpdir()}: ${String(error)}. ` +
        'Set TMPDIR to a directory that this user may write to.',
      { cause: error },
    );
  }
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  return { kind: 'unix', path: join(directory, 'app.sock') };
}
