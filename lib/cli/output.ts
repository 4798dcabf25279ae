import { closeSync, constants, openSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { getSystemErrorName } from 'node:util';
import type { Settings } from '../config/setting-types.js';
import { writeLog } from '../connections/log.js';
import { native } from '../native/binding.js';

const STDOUT = 1;
const STDERR = 2;
const LOG_MODE = 0o644;
/** Where no log may be written, whatever links lead there (protocol §5.12). */
const FORBIDDEN = '/etc/';

/**
 * Points stdout at stderr: started by a server, stdout is a dead socket (protocol §4.2), and what the app prints
 * belongs to the log. The streams of Node are left alone: they stay with the kind of file that they find first.
 *
 * @param keepStdout run by hand, stdout is a person's
 */
export function repairOutput(keepStdout: boolean): void {
  if (!keepStdout) native.redirect(STDERR, STDOUT);
}

/**
 * Opens the log files of LSAPI_STDERR_LOG, which takes stdout too, and LSNODE_CONSOLE_LOG, which has the last word on
 * stdout. A file that cannot be had is told in the log, and what it was meant for stays as it is. To be called before
 * anything is logged.
 */
export function openLogs({ stderrLog, consoleLog }: Pick<Settings, 'stderrLog' | 'consoleLog'>): void {
  const warnings: string[] = [];
  if (stderrLog !== undefined) divert('LSAPI_STDERR_LOG', stderrLog, [STDERR, STDOUT], warnings);
  if (consoleLog !== undefined) divert('LSNODE_CONSOLE_LOG', consoleLog, [STDOUT], warnings);
  // A log that nobody reads any more must not end the process.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  for (const warning of warnings) writeLog(warning);
}

/** Without LSAPI_ALLOW_CORE_DUMP there are no core files (protocol §5.12). */
export function limitCoreDumps({ allowCoreDump }: Pick<Settings, 'allowCoreDump'>): void {
  if (allowCoreDump) return;
  const error = native.limitCoreDumps();
  if (error !== 0) {
    writeLog(
      `core files cannot be forbidden (${getSystemErrorName(-error)}): LSAPI_ALLOW_CORE_DUMP permits them`,
    );
  }
}

/** Makes `descriptors` write to the end of a file. */
function divert(variable: string, path: string, descriptors: number[], warnings: string[]): void {
  let fd: number;
  try {
    fd = openLog(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    warnings.push(`${variable}="${path}" is not used: ${reason}; name a file that this user may write to`);
    return;
  }
  for (const descriptor of descriptors) native.redirect(fd, descriptor);
  closeSync(fd);
}

function openLog(path: string): number {
  const real = realPath(resolve(path));
  if (real.startsWith(FORBIDDEN)) throw new Error(`no log is written below ${FORBIDDEN}`);
  // What is a link now would lead to where nobody has looked.
  const { O_APPEND, O_CREAT, O_NOCTTY, O_NOFOLLOW, O_WRONLY } = constants;
  return openSync(real, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NOCTTY, LOG_MODE);
}

/** The path without links; its last part need not exist. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return join(realpathSync(dirname(path)), basename(path));
  }
}
