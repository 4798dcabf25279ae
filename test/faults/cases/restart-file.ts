// tmp/restart.txt where it cannot be read, or could not be written.
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Application } from '../support/application.js';
import type { FaultCase } from '../support/case.js';
import { check } from '../support/failure.js';

/** Longer than the second in which a parent looks at its files. */
const LOOK_MS = 1200;

function prepare({ directory }: Application): { tmp: string; file: string } {
  const tmp = join(directory, 'tmp');
  rmSync(tmp, { recursive: true, force: true });
  return { tmp, file: join(tmp, 'restart.txt') };
}

/** No reload, and nothing in the log, although the parent has looked. */
async function unchanged(application: Application, generation: number): Promise<void> {
  await delay(LOOK_MS);
  await application.ask();
  check('lost', application.status.generation === generation, () => 'it has been reloaded');
  check('unlogged', application.log === '', () => `there was nothing to say: ${application.log}`);
}

async function reloaded(application: Application, generation: number): Promise<void> {
  await application.until(
    'the new generation serves',
    (status) => status.generation === generation + 1 && status.state === 'serving',
  );
  await application.logged(/reload: a file has changed/);
}

/** Whoever touches the file on a full disk gets no further than this; once there is room, it is touched. */
const diskFull: FaultCase = {
  name: 'tmp/restart.txt on a full disk (/dev/full)',
  options: { mode: 'group' },
  run: async (application) => {
    const { tmp, file } = prepare(application);
    const { generation } = application.status;
    mkdirSync(tmp);
    // Made beside it, so that the parent does not see two steps.
    symlinkSync('/dev/full', join(tmp, 'restart.new'));
    let reason = '';
    try {
      writeFileSync(join(tmp, 'restart.new'), 'now');
    } catch (error) {
      reason = (error as NodeJS.ErrnoException).code ?? '';
    }
    check('lost', reason === 'ENOSPC', () => `the disk is not full: ${reason}`);
    await unchanged(application, generation);
    rmSync(join(tmp, 'restart.new'));
    writeFileSync(join(tmp, 'restart.new'), '');
    renameSync(join(tmp, 'restart.new'), file);
    await reloaded(application, generation);
  },
};

/** The directory is a file, a loop of links or gone; once it is repaired, the file works. */
const unreadable: FaultCase = {
  name: 'tmp/restart.txt cannot be looked at',
  options: { mode: 'group' },
  slow: true,
  run: async (application) => {
    const { tmp, file } = prepare(application);
    const { generation } = application.status;
    symlinkSync('tmp', tmp);
    await unchanged(application, generation);
    rmSync(tmp);
    mkdirSync(tmp);
    chmodSync(tmp, 0o700);
    writeFileSync(file, '');
    await reloaded(application, generation);
  },
};

export const RESTART_FILE: readonly FaultCase[] = [diskFull, unreadable];
