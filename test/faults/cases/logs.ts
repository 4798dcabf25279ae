// Logs that cannot be written.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, kill } from '../../process-group/support/group.js';
import type { Application, ApplicationOptions } from '../support/application.js';
import type { FaultCase } from '../support/case.js';
import { check, within } from '../support/failure.js';
import type { ErrorName } from '../support/fault-switch.js';

const MODES = ['group', 'worker'] as const;
const LINE = 200;
/** More than a pipe holds. */
const FLOOD = 100_000;

/** Requests whose handlers print, and a child that ends so that the parent has something to say. */
async function logMuch(application: Application, length = LINE): Promise<void> {
  const client = await application.connect();
  for (let n = 0; n < 3; ++n) await application.answered(await application.send(client, 'print', length));
  if (application.isGroup) await killOne(application);
}

/** Waits until a child is gone that was killed: `child N ended by signal 9` is in the log, or would be. */
async function killOne(application: Application): Promise<void> {
  const crashed = application.status.crashedChildren;
  const { client, pid } = await application.connectedTo();
  await application.ask(client);
  kill(pid, 'SIGKILL');
  await within('lost', 'the connection ends', client.closed());
  await application.until('it is counted', (status) => status.crashedChildren === crashed + 1);
}

/** What was printed and logged meanwhile is missing; what comes afterwards is there. */
const writesFail = (error: ErrorName, mode: 'group' | 'worker'): FaultCase => ({
  name: `writes to the log: ${error}`,
  options: { mode },
  run: async (application) => {
    application.faults.inject('log', { error });
    await logMuch(application);
    check('unlogged', application.faults.hits('log') > 0, () => 'nothing was written to the log');
    check('unlogged', application.log === '', () => `written all the same: ${application.log}`);
    application.faults.clear();
    const client = await application.connect();
    const { id } = await sent(application.send(client, 'print', LINE), application);
    await application.logged(new RegExp(`printed by ${id} `));
    if (application.isGroup) {
      await killOne(application);
      await application.logged(/ended by signal 9/);
    }
  },
});

async function sent<T extends Parameters<Application['answered']>[0]>(
  sending: Promise<T>,
  application: Application,
): Promise<T> {
  const request = await sending;
  await application.answered(request);
  return request;
}

const useless = (name: string, stderr: 'full' | 'closed', mode: 'group' | 'worker'): FaultCase => ({
  name,
  options: { mode, stderr },
  slow: mode === 'worker' || stderr === 'full',
  run: (application) => logMuch(application),
});

/** The pipe is full and does not block: what does not fit is dropped by the parent, and waits in its children. */
const fullPipe = (mode: 'group' | 'worker'): FaultCase => ({
  name: 'stderr is a full pipe that does not block (EAGAIN)',
  options: { mode, stderr: 'pipe' },
  slow: mode === 'worker',
  run: async (application) => {
    const flooding = await application.connect();
    const flood = await application.send(flooding, 'print', FLOOD);
    await application.noted('begin', flood);
    if (application.isGroup) {
      await killOne(application);
      await application.ask();
    }
    let read = 0;
    const arrived = eventually('it goes on once the pipe is read', () => {
      read += application.readPipe();
      return flood.response.complete && read >= FLOOD;
    });
    await within('lost', 'all that was printed arrives, and the answer', arrived);
  },
});

/** Nobody reads the pipe any more: EPIPE, and no SIGPIPE. */
const brokenPipe = (mode: 'group' | 'worker'): FaultCase => ({
  name: 'stderr is a pipe that nobody reads (EPIPE)',
  options: { mode, stderr: 'pipe', env: { FAULTS_PIPE: 'closed' } },
  slow: mode === 'worker',
  run: async (application) => {
    application.closePipe();
    await logMuch(application);
  },
});

const PRIVATE_LOG = 'private.log';

/** A log file of the application's own, whose disk is full for a while. */
const privateLog = (variable: string, mode: 'group' | 'worker'): FaultCase => {
  const options: ApplicationOptions = { mode, env: { [variable]: PRIVATE_LOG }, unprivileged: true };
  return {
    name: `${variable}: ENOSPC`,
    options,
    slow: mode === 'worker' || variable === 'LSNODE_CONSOLE_LOG',
    run: async (application) => {
      const path = join(application.directory, PRIVATE_LOG);
      const before = existsSync(path) ? readFileSync(path).length : 0;
      application.faults.inject('log', { error: 'ENOSPC' });
      await logMuch(application);
      const size = existsSync(path) ? readFileSync(path).length : 0;
      check('unlogged', size === before, () => 'written all the same');
      application.faults.clear();
      const client = await application.connect();
      const { id } = await sent(application.send(client, 'print', LINE), application);
      const text = readFileSync(path).subarray(before).toString('latin1');
      check('unlogged', text.includes(`printed on stdout by ${id}\n`), () => `the log has: ${text}`);
    },
  };
};

/** A file that can be opened and never written. */
const fullDevice = (variable: string, mode: 'group' | 'worker'): FaultCase => ({
  name: `${variable}=/dev/full`,
  options: { mode, env: { [variable]: '/dev/full' }, unprivileged: true },
  slow: true,
  run: (application) => logMuch(application),
});

const ERRORS = ['ENOSPC', 'EPIPE', 'EAGAIN', 'EIO'] as const;
const VARIABLES = ['LSAPI_STDERR_LOG', 'LSNODE_CONSOLE_LOG'] as const;

export const LOGS: readonly FaultCase[] = MODES.flatMap((mode) => [
  ...ERRORS.map((error) => writesFail(error, mode)),
  useless('stderr is on a full disk (/dev/full)', 'full', mode),
  useless('stderr is closed', 'closed', mode),
  fullPipe(mode),
  brokenPipe(mode),
  ...VARIABLES.map((variable) => privateLog(variable, mode)),
  ...VARIABLES.map((variable) => fullDevice(variable, mode)),
]);
