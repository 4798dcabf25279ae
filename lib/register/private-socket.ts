import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let directory: string | undefined;
let count = 0;

/** A new path for a Unix socket that only this user can reach; it is gone when the process ends. */
export function privateSocketPath(): string {
  if (directory === undefined) {
    const created = mkdtempSync(join(tmpdir(), 'lsapi-register-'));
    directory = created;
    process.once('exit', () => rmSync(created, { recursive: true, force: true }));
  }
  return join(directory, String(++count));
}
