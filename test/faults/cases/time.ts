// Time that jumps, and processes that stand still.
import { setTimeout as delay } from 'node:timers/promises';
import { kill } from '../../process-group/support/group.js';
import type { FaultCase } from '../support/case.js';
import { check, within } from '../support/failure.js';

const MODES = ['group', 'worker'] as const;
const HOUR = 3600;

/** The time of day jumps while a request is with its handler, and one connection is idle. */
const clockJumps = (hours: number, mode: 'group' | 'worker'): FaultCase => ({
  name: `clock jumps by ${hours > 0 ? '+' : ''}${hours} h`,
  options: { mode },
  run: async (application) => {
    const idle = await application.connect();
    await application.ask(idle);
    const busy = await application.connect();
    const request = await application.send(busy, 'wait', 100);
    await application.noted('begin', request);
    application.faults.shiftClock(hours * HOUR);
    const pid = await application.ask(idle);
    await application.answered(request);
    const late = await application.send(busy, 'wait', 20);
    application.faults.shiftClock(0);
    await application.answered(late);
    check('lost', (await application.ask(idle)) === pid, () => 'the process has been replaced');
    check('unlogged', application.log === '', () => `there was nothing to say: ${application.log}`);
  },
});

const stoppedChild: FaultCase = {
  name: 'child stopped (SIGSTOP)',
  options: { mode: 'group' },
  run: async (application) => {
    const { client, pid } = await application.connectedTo();
    await application.ask(client);
    kill(pid, 'SIGSTOP');
    try {
      const request = await application.send(client, 'plain');
      // Others are served by others, also where the stopped one was the one to choose.
      for (let n = 0; n < 4; ++n) {
        const next = await application.connect();
        check('lost', (await application.ask(next)) !== pid, () => 'answered by a process that is stopped');
        next.close();
      }
      kill(pid, 'SIGCONT');
      check('lost', (await application.answered(request)) === String(pid), () => 'answered by another one');
    } finally {
      kill(pid, 'SIGCONT');
    }
  },
};

/** The connection that a free child was handed while it was stopped goes to another one. */
const stoppedFreeChild: FaultCase = {
  name: 'free child stopped (SIGSTOP)',
  options: { mode: 'group' },
  run: async (application) => {
    const { client, pid } = await application.connectedTo();
    await application.ask(client);
    client.close();
    await application.until('all children are free', ({ children }) =>
      children.every((child) => child.connections === 0),
    );
    kill(pid, 'SIGSTOP');
    try {
      const next = await application.connect();
      check('lost', (await application.ask(next)) !== pid, () => 'answered by a process that is stopped');
      await application.logged(new RegExp(`child ${pid} does not take its connections`));
    } finally {
      kill(pid, 'SIGCONT');
    }
  },
};

const stoppedParent = (mode: 'group' | 'worker'): FaultCase => ({
  name: mode === 'group' ? 'parent stopped (SIGSTOP)' : 'worker stopped (SIGSTOP)',
  options: { mode },
  run: async (application) => {
    const served = await application.connect();
    await application.ask(served);
    kill(application.pid, 'SIGSTOP');
    try {
      const here = await application.send(served, 'plain');
      // Children need no parent for what they have.
      if (application.isGroup) await application.answered(here);
      const next = await application.connect();
      const request = await application.send(next, 'plain');
      await delay(50);
      check('lost', !request.response.complete, () => 'answered by a process that is stopped');
      kill(application.pid, 'SIGCONT');
      await within(
        'lost',
        'both are answered',
        Promise.all([here, request].map((one) => application.answered(one))),
      );
    } finally {
      kill(application.pid, 'SIGCONT');
    }
    check('unlogged', application.log === '', () => `there was nothing to say: ${application.log}`);
  },
});

export const TIME: readonly FaultCase[] = [
  ...MODES.flatMap((mode) => [6, -6].map((hours) => clockJumps(hours, mode))),
  stoppedChild,
  stoppedFreeChild,
  ...MODES.map(stoppedParent),
];
