// The system: no processes, no descriptors, no memory.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually, kill } from '../../process-group/support/group.js';
import type { Application } from '../support/application.js';
import type { FaultCase } from '../support/case.js';
import { check, within } from '../support/failure.js';
import type { ErrorName } from '../support/fault-switch.js';

const GROUP = { mode: 'group' } as const;
const MODES = ['group', 'worker'] as const;

/** As the C library describes them. */
const TEXTS = {
  EAGAIN: 'Resource temporarily unavailable',
  ENOMEM: 'Cannot allocate memory',
  EMFILE: 'Too many open files',
  ENFILE: 'Too many open files in system',
} as const satisfies Partial<Record<ErrorName, string>>;
type Shortage = keyof typeof TEXTS;

/** Ends all children, so that the next connection needs a new one; others that are there serve on. */
async function endChildren(application: Application): Promise<void> {
  application.closeClients();
  for (const { pid } of application.status.children) kill(pid, 'SIGTERM');
  await application.until('all children have ended', ({ children }) => children.length === 0);
}

const forkFails = (error: Shortage): FaultCase => ({
  name: `fork: ${error}`,
  options: GROUP,
  run: async (application) => {
    await endChildren(application);
    const busy = await application.connectedTo();
    const slow = await application.send(busy.client, 'wait', 300);
    await application.noted('begin', slow);
    application.faults.inject('fork', { error, pid: application.pid });
    const waiting = await application.connect();
    const request = await application.send(waiting, 'plain');
    await application.logged(
      new RegExp(`cannot start a child: ${TEXTS[error]}; 1 children go on, the connection waits`),
    );
    await application.answered(slow);
    application.faults.clear();
    await application.answered(request);
  },
});

const nobodyCanStart: FaultCase = {
  name: 'fork: EAGAIN, and no child is there',
  options: GROUP,
  slow: true,
  run: async (application) => {
    await endChildren(application);
    application.faults.inject('fork', { error: 'EAGAIN', pid: application.pid });
    const client = await application.connect();
    const request = await application.send(client, 'plain');
    await within('lost', 'a 503', client.completed());
    check('lost', request.response.status === 503, () => `${request.response.status}`);
    await application.logged(/cannot start a child: Resource temporarily unavailable; 0 children go on/);
    application.faults.clear();
    await within(
      'lost',
      'it serves again',
      eventually('an answer', async () => {
        const next = await application.connect();
        const { response } = await application.send(next, 'plain');
        await next.completed();
        return response.status === 200;
      }),
    );
  },
};

/** How long a connection waits for a child where none is there and none can be started. */
const PATIENCE_MS = 3000;

/** The patience of a connection is its own: what failed for another one, which got a free child, is over. */
const forkFailsAgain: FaultCase = {
  name: 'fork: EAGAIN, and once more long after',
  options: GROUP,
  slow: true,
  run: async (application) => {
    await endChildren(application);
    const busy = await application.connectedTo();
    const slow = await application.send(busy.client, 'wait', 100);
    await application.noted('begin', slow);
    application.faults.inject('fork', { error: 'EAGAIN', pid: application.pid });
    const first = await application.send(await application.connect(), 'plain');
    await application.logged(/cannot start a child/);
    await application.answered(slow);
    await application.answered(first); // by the child that was busy
    await delay(PATIENCE_MS);
    await endChildren(application);
    const second = await application.send(await application.connect(), 'plain');
    await eventually('it failed again', () => application.faults.hits('fork') > 1);
    await delay(100);
    application.faults.clear();
    await application.answered(second);
  },
};

/** How often a process that cannot accept may try in a second: it must not use up the processor meanwhile. */
const MOST_ATTEMPTS = 40;

const acceptFails = (error: Shortage, mode: 'group' | 'worker'): FaultCase => ({
  name: `accept: ${error}`,
  options: { mode },
  slow: error !== 'EMFILE',
  run: async (application) => {
    const served = await application.connect();
    await application.ask(served);
    application.faults.inject('accept', { error });
    const began = performance.now();
    const waiting = await application.connect();
    const request = await application.send(waiting, 'plain');
    await application.logged(new RegExp(`cannot accept a connection: ${TEXTS[error]}; trying again`));
    // Connections that are there are served.
    await application.ask(served);
    await delay(50);
    const attempts = application.faults.hits('accept');
    const allowed = MOST_ATTEMPTS * (1 + (performance.now() - began) / 1000);
    check('leaked', attempts <= allowed, () => `${attempts} attempts to accept within so short a time`);
    application.faults.clear();
    await application.answered(request);
  },
});

/** The kernel cannot watch one more connection: it goes to its end, unread, and the server delivers elsewhere. */
const watchFails = (mode: 'group' | 'worker'): FaultCase => ({
  name: 'epoll: ENOMEM for a new connection',
  options: { mode },
  run: async (application) => {
    const pid = await application.ask();
    application.closeClients();
    if (mode === 'group') {
      await application.until('the child is free', ({ children }) =>
        children.every((child) => child.connections === 0),
      );
    }
    application.faults.inject('watch', { error: 'ENOMEM', times: 1, ...(mode === 'worker' && { pid }) });
    const client = await application.connect();
    const request = await application.send(client, 'plain', 0, { excused: true });
    await within('lost', 'the connection ends', client.closed());
    check('lost', !request.response.complete, () => 'answered all the same');
    await application.logged(/a connection could not be served: Cannot allocate memory/);
  },
});

/** Sets a process's soft limit of descriptors: to what it has, or to what the hard limit allows. */
function limitDescriptors(pid: number, to: 'present' | 'hard'): void {
  const limits = readFileSync(`/proc/${pid}/limits`, 'latin1');
  const hard = /^Max open files +\S+ +(\S+)/m.exec(limits)?.[1] ?? '';
  const { stderr, status } = spawnSync(
    'prlimit',
    ['--pid', String(pid), `--nofile=${to === 'hard' ? hard : lowestFreeDescriptor(pid)}:`],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(stderr);
}

function lowestFreeDescriptor(pid: number): number {
  const open = new Set(readdirSync(`/proc/${pid}/fd`).map(Number));
  for (let fd = 0; ; ++fd) if (!open.has(fd)) return fd;
}

const parentOutOfDescriptors: FaultCase = {
  name: 'the parent has no descriptor left (RLIMIT_NOFILE)',
  options: GROUP,
  run: async (application) => {
    await endChildren(application);
    limitDescriptors(application.pid, 'present');
    const client = await application.connect();
    const request = await application.send(client, 'plain');
    await application.logged(/cannot accept a connection: Too many open files/);
    limitDescriptors(application.pid, 'hard');
    await application.answered(request);
  },
};

/** Accepting goes on also where the listening socket cannot be watched again at the first attempt. */
const acceptAndWatchFail = (mode: 'group' | 'worker'): FaultCase => ({
  name: 'accept: EMFILE, then epoll: ENOMEM for the listening socket',
  options: { mode },
  run: async (application) => {
    const { pid } = application;
    await application.ask();
    application.faults.inject('accept', { error: 'EMFILE', pid });
    const client = await application.connect();
    const request = await application.send(client, 'plain');
    await application.logged(/cannot accept a connection: Too many open files/);
    application.faults.inject('watch', { error: 'ENOMEM', pid, times: 2 });
    application.faults.inject('accept', { error: 'EMFILE', pid, times: 1 });
    await application.answered(request);
  },
});

/** A new child could not be listened to: it is not started before it can. */
const watchChildFails: FaultCase = {
  name: 'epoll: ENOMEM for a new child',
  options: GROUP,
  run: async (application) => {
    await endChildren(application);
    application.faults.inject('watch', { error: 'ENOMEM', pid: application.pid });
    const client = await application.connect();
    const request = await application.send(client, 'plain');
    await application.logged(/cannot start a child: Cannot allocate memory/);
    application.faults.clear();
    await application.answered(request);
  },
};

/** The kernel drops a connection that a child has no descriptor for: the server delivers again. */
const childOutOfDescriptors: FaultCase = {
  name: 'a child has no descriptor left (RLIMIT_NOFILE)',
  options: GROUP,
  run: async (application) => {
    await endChildren(application);
    const { client, pid } = await application.connectedTo();
    await application.ask(client);
    client.close();
    await application.until('the child is free', ({ children }) =>
      children.every((child) => child.connections === 0),
    );
    limitDescriptors(pid, 'present');
    const next = await application.connect();
    await application.send(next, 'plain', 0, { excused: true });
    await within('lost', 'the connection ends', next.closed());
    await application.logged(/a connection could not be served: Too many open files/);
    limitDescriptors(pid, 'hard');
    check('lost', (await application.ask()) === pid, () => 'another child');
  },
};

/** New code while no process can be made for its trial: it is tried again. */
const reloadWithoutProcesses: FaultCase = {
  name: 'reload: fork fails with EAGAIN',
  options: GROUP,
  run: async (application) => {
    await application.ask();
    const { generation } = application.status;
    application.faults.inject('fork', { error: 'EAGAIN', pid: application.pid });
    kill(application.pid, 'SIGHUP');
    await application.logged(
      /reload: the new code cannot be tried: Resource temporarily unavailable; the present code goes on until it can/,
    );
    await application.ask();
    check('lost', application.status.generation === generation, () => 'the generation has changed');
    application.faults.clear();
    await application.until(
      'the new code serves',
      (status) => status.generation === generation + 1 && status.state === 'serving',
    );
  },
};

/** The image cannot be replaced: neither that of the trial nor, where that works, the parent's own. */
const reloadWithoutMemory: FaultCase = {
  name: 'reload: execve fails with ENOMEM',
  options: GROUP,
  run: async (application) => {
    await application.ask();
    const { generation } = application.status;
    application.faults.inject('execute', { error: 'ENOMEM', pid: application.pid });
    kill(application.pid, 'SIGHUP');
    await application.logged(
      /RELOAD FAILED: the process cannot replace its image: Cannot allocate memory; the present generation goes on/,
    );
    await application.ask();
    check('lost', application.status.generation === generation, () => 'the generation has changed');
  },
};

const SHORTAGES = ['EMFILE', 'ENFILE', 'ENOMEM'] as const;

export const SYSTEM: readonly FaultCase[] = [
  forkFails('EAGAIN'),
  forkFails('ENOMEM'),
  nobodyCanStart,
  forkFailsAgain,
  ...SHORTAGES.flatMap((error) => MODES.map((mode) => acceptFails(error, mode))),
  ...MODES.map(watchFails),
  ...MODES.map(acceptAndWatchFail),
  watchChildFails,
  parentOutOfDescriptors,
  childOutOfDescriptors,
  reloadWithoutProcesses,
  reloadWithoutMemory,
];
