import { lstatSync, readFileSync, statSync, type Stats } from 'node:fs';
import { bytesOf } from '../apache/file-access.js';

/** What is found at a path; `denied`: a directory above it may not be searched. */
export type FileKind = 'file' | 'directory' | 'other' | 'missing' | 'denied';

/** What a path is; for symbolic links where they lead, `missing` if nowhere. */
export interface ProbedFile {
  readonly kind: FileKind;
  readonly link: boolean;
  /** For links: whether link and file have the same owner. */
  readonly sameOwner: boolean;
}

/** The file system as requests are resolved by it. Paths hold one character a byte. */
export interface FileProbe {
  probe(path: string): ProbedFile;
  /** The text of a file, one character a byte; `undefined` if it does not exist or cannot be read. */
  read(path: string): string | undefined;
}

/** {@link FileProbe} of this machine. */
export const MACHINE_PROBE: FileProbe = {
  probe(path) {
    const name = bytesOf(path);
    const own = attempt(() => lstatSync(name));
    if (typeof own === 'string') return { kind: own, link: false, sameOwner: true };
    if (!own.isSymbolicLink()) return { kind: kindOf(own), link: false, sameOwner: true };
    const target = attempt(() => statSync(name));
    if (typeof target === 'string') return { kind: target, link: true, sameOwner: false };
    return { kind: kindOf(target), link: true, sameOwner: own.uid === target.uid };
  },
  read(path) {
    try {
      return readFileSync(bytesOf(path), 'latin1');
    } catch {
      return undefined;
    }
  },
};

function attempt(look: () => Stats): Stats | 'missing' | 'denied' {
  try {
    return look();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? 'denied' : 'missing';
  }
}

function kindOf(stats: Stats): FileKind {
  return stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : 'other';
}
