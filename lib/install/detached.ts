import { readFileSync, utimesSync } from 'node:fs';

/** Where the process id stands in what the server keeps of a detached app, beside the inode and times. */
const PID_OFFSET = 16;

/**
 * The process that the server keeps for an app with runOnStartUp 3, which goes on when the server is stopped; as
 * `SOCKET.pid` tells (`LocalWorker::saveDetachedPid`). `undefined`: there is none.
 */
export function detachedProcess(socket: string): number | undefined {
  try {
    const record = readFileSync(`${socket}.pid`);
    const pid = record.length < PID_OFFSET + 4 ? 0 : record.readInt32LE(PID_OFFSET);
    if (pid <= 1) return undefined;
    // lsnode has its app's directory as its title.
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith('lsnode:') ? pid : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Has the server start its detached apps anew: it ends them, within ten seconds, once their command has another time
 * than it had at their start (`LocalWorker::detectBinaryChange`).
 */
export function renewDetached(command: string): void {
  const now = new Date();
  try {
    utimesSync(command, now, now);
  } catch {
    // Not there, or somebody else's: then it was not written either.
  }
}
