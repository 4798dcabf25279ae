import { execFileSync } from 'node:child_process';
import { readFileSync, statSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { findGroupId, findUser, furtherGroups } from '../install/accounts.js';

/** Somebody who wants to use a file. */
export interface Identity {
  readonly name: string;
  readonly uid: number;
  readonly groups: readonly number[];
}

const READ = 4;
const WRITE = 2;
const SEARCH = 1;
const BITS = { read: READ, write: WRITE, execute: SEARCH } as const;

/** The user of that name with its groups; `undefined`: there is none. */
export function identityOf(user: string, group?: string): Identity | undefined {
  const [passwd, groups] = [readText('/etc/passwd'), readText('/etc/group')];
  const account = findUser(user, passwd);
  if (account === undefined) return undefined;
  const own = group === undefined ? account.gid : (findGroupId(group, groups) ?? account.gid);
  return { name: account.name, uid: account.uid, groups: [own, ...furtherGroups(account.name, groups)] };
}

/** The one who runs this process. */
export function ownIdentity(): Identity {
  const uid = process.geteuid?.() ?? 0;
  const groups = [process.getegid?.() ?? 0, ...(process.getgroups?.() ?? [])];
  return { name: findUser(String(uid), readText('/etc/passwd'))?.name ?? String(uid), uid, groups };
}

/**
 * The first place on the way to a file that keeps somebody from using it: a directory that it may not go through, or the
 * file itself; `undefined`: it may. What does not exist keeps nobody. Access control lists are not read, but believed to
 * permit.
 */
export function obstacle(path: string, who: Identity, want: keyof typeof BITS): string | undefined {
  if (who.uid === 0) return undefined;
  for (let directory = dirname(path); ; directory = dirname(directory)) {
    if (!permits(directory, who, SEARCH)) return directory;
    if (directory === dirname(directory)) break;
  }
  return permits(path, who, BITS[want]) ? undefined : path;
}

function permits(path: string, { uid, groups }: Identity, bits: number): boolean {
  let stats: Stats | undefined;
  try {
    stats = statSync(path, { throwIfNoEntry: false });
  } catch {
    // Hidden from this process: nothing can be said.
    return true;
  }
  if (stats === undefined) return true;
  const shift = stats.uid === uid ? 6 : groups.includes(stats.gid) ? 3 : 0;
  return ((stats.mode >> shift) & bits) === bits || hasAccessList(path);
}

function hasAccessList(path: string): boolean {
  try {
    return /^\S{10}\+/.test(execFileSync('ls', ['-ldn', '--', path], { encoding: 'utf8', timeout: 5000 }));
  } catch {
    return false;
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
