import { readdirSync, readFileSync, statSync } from 'node:fs';

/** The files that a configuration is read from. Names and texts hold one character a byte. */
export interface ConfigurationFiles {
  /** The text of a file. @throws an `ErrnoException` if it cannot be read */
  read(path: string): string;
  /** The names in a directory, sorted; `undefined` if it is none. */
  list(path: string): readonly string[] | undefined;
}

/** {@link ConfigurationFiles} of this machine. */
export const MACHINE_FILES: ConfigurationFiles = {
  read: (path) => readFileSync(bytesOf(path), 'latin1'),
  list: (path) => {
    try {
      if (!statSync(bytesOf(path)).isDirectory()) return undefined;
      return readdirSync(bytesOf(path), 'latin1' as 'utf8').sort();
    } catch {
      return undefined;
    }
  },
};

/** A path of one character a byte, as the file system takes it. */
export function bytesOf(path: string): Buffer {
  return Buffer.from(path, 'latin1');
}

/** Text as it is usual in JavaScript -> one character a byte of its UTF-8 form. */
export function byteText(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** {@link byteText} the other way round: for people to read. */
export function readable(text: string): string {
  return Buffer.from(text, 'latin1').toString('utf8');
}
