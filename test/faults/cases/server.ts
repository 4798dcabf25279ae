// The web server: it vanishes, reads or writes slowly, comes in crowds.
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually, kill } from '../../process-group/support/group.js';
import type { LsapiClient } from '../../support/lsapi-client.js';
import { buildRequest } from '../../support/lsapi-request.js';
import type { Application } from '../support/application.js';
import type { FaultCase, Scale } from '../support/case.js';
import { check, within } from '../support/failure.js';
import type { SentRequest } from '../support/ledger.js';
import { countSwitches, peakMemory, residentMemory, resetPeakMemory } from '../support/processes.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const MODES = ['group', 'worker'] as const;
/** What a response of any size may cost its process. */
const FLAT = 48 * MIB;
const CHILDREN = 4;

type Run = (application: Application, scale: Scale) => Promise<void>;

function inBothModes(name: string, run: Run): FaultCase[] {
  return MODES.map((mode) => ({ name, options: { mode }, run }));
}

/** A connection, and the process that has it. */
async function connected(application: Application): Promise<{ client: LsapiClient; pid: number }> {
  const client = await application.connect();
  return { client, pid: await application.ask(client) };
}

const midPacket: Run = async (application) => {
  const { client } = await connected(application);
  const { packet } = buildRequest({ url: '/plain/0?0' });
  await client.write(packet.subarray(0, packet.length / 2));
  client.close();
  await application.logged(/closed: the server left in the middle of a packet/);
};

const midBody: Run = async (application) => {
  const { client } = await connected(application);
  const options = { method: 'POST', body: Buffer.alloc(64 * KIB), bodyLength: MIB };
  const request = await application.send(client, 'read', 0, options);
  request.excused = true;
  await application.noted('read', request);
  client.close();
  await application.noted('gone', request);
};

const midHandler: Run = async (application) => {
  const { client } = await connected(application);
  const request = await application.send(client, 'wait', 60_000);
  request.excused = true;
  await application.noted('begin', request);
  await client.abort();
  await application.noted('gone', request);
};

const midResponse: Run = async (application) => {
  const { client } = await connected(application);
  client.discardBody = true;
  const request = await application.send(client, 'stream', 1 << 30);
  request.excused = true;
  await within(
    'lost',
    'the response',
    client.until(() => client.bodyReceived > MIB),
  );
  client.close();
  await application.noted('gone', request);
};

/** A response of 1 GiB that is read in pieces with pauses: what is not read is not in memory. */
const slowReader: Run = async (application, scale) => {
  const { client, pid } = await connected(application);
  const size = scale === 'full' ? 1 << 30 : 32 * MIB;
  const before = residentMemory(pid);
  resetPeakMemory(pid);
  client.discardBody = true;
  const request = await application.send(client, 'stream', size);
  for (let pause = 1; pause <= 4; ++pause) {
    await within(
      'lost',
      'more of the response',
      client.until(() => client.bodyReceived >= (size / 5) * pause),
    );
    client.pause();
    await delay(10);
    client.resume();
  }
  await within('lost', 'all of the response', application.answered(request), 120_000);
  check('lost', client.bodyReceived === size, () => `${client.bodyReceived} bytes of ${size}`);
  const grown = peakMemory(pid) - before;
  check('leaked', grown < FLAT, () => `a response of ${size / MIB} MiB took ${grown / MIB} MiB`);
};

/** Packet and body in pieces of some bytes, each in a write of its own. */
const slowWriter: Run = async (application, scale) => {
  const { client } = await connected(application);
  const body = Buffer.alloc(scale === 'full' ? 8 * KIB : KIB, 'b');
  const request = await application.send(client, 'read', 0, { method: 'POST', body, fragment: 16 });
  check('lost', (await application.answered(request)) === String(body.length), () => 'not the whole body');
};

const WAVE = 100;

/** Connections that are closed after a request, without one, and in the middle of one. */
const crowd: Run = async (application, scale) => {
  const waves = (scale === 'full' ? 10_000 : 300) / WAVE;
  const half = buildRequest({ url: '/plain/0?0' }).packet.subarray(0, 40);
  for (let wave = 0; wave < waves; ++wave) {
    await Promise.all(
      Array.from({ length: WAVE - CHILDREN }, async (_, n) => {
        const socket = await connectPatiently(() => openSocket(application.socketPath));
        if (n % 2 === 0) socket.write(half);
        socket.destroy();
      }),
    );
    await Promise.all(
      Array.from({ length: CHILDREN }, async () => {
        const client = await connectPatiently(() => application.connect());
        await application.ask(client);
        client.close();
      }),
    );
  }
};

function openSocket(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => {
      socket.off('error', reject);
      socket.on('error', () => undefined); // it may be closed before it was accepted
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

/** As the server does (protocol §2.9): where the backlog is full, it tries again. */
async function connectPatiently<T>(open: () => Promise<T>): Promise<T> {
  return within(
    'lost',
    'a place in the backlog',
    (async () => {
      for (;;) {
        try {
          return await open();
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
          await delay(5);
        }
      }
    })(),
  );
}

/** Nobody accepts for a while, and more connections come than the backlog holds. */
const backlogFull: Run = async (application) => {
  await application.ask();
  kill(application.pid, 'SIGSTOP');
  const clients: LsapiClient[] = [];
  let refused = 0;
  try {
    while (refused < 3) {
      try {
        clients.push(await application.connect());
      } catch (error) {
        check('lost', (error as NodeJS.ErrnoException).code === 'EAGAIN', () => String(error));
        ++refused;
      }
      check('lost', clients.length < 1000, () => 'the backlog has no end');
    }
    const requests = await Promise.all(clients.map((client) => application.send(client, 'plain')));
    kill(application.pid, 'SIGCONT');
    await Promise.all(
      requests.map(async (request) => {
        await application.answered(request);
        request.client.close();
      }),
    );
  } finally {
    kill(application.pid, 'SIGCONT');
  }
  const late = await connectPatiently(() => application.connect());
  await application.ask(late);
  await eventually('all connections are closed', () => clients.every(({ ended }) => ended));
};

const BUSY_MS = 600;
const LIMIT_LINE = /Reached max children process limit: 4, extra: 1, current: 4, busy: 4/;
/** Children are asked whether they hang each 50 ms; each answer may wake the parent. */
const MOST_SWITCHES = 4 * (BUSY_MS / 50) * (CHILDREN + 1);

/** More requests at once than children: they wait, and waiting takes no processor time. */
const allBusy: FaultCase = {
  name: 'all children busy, and connections wait',
  options: { mode: 'group' },
  run: async (application) => {
    const ask = async (): Promise<SentRequest> =>
      application.send(await application.connect(), 'wait', BUSY_MS);
    const reached = application.status.limitReached;
    const first = await Promise.all(Array.from({ length: CHILDREN }, ask));
    await Promise.all(first.map((request) => application.noted('begin', request)));
    const second = await Promise.all(Array.from({ length: CHILDREN }, ask));
    const before = countSwitches(application.pid);
    await Promise.race(first.map((request) => application.answered(request)));
    const switches = countSwitches(application.pid) - before;
    check('leaked', switches <= MOST_SWITCHES, () => `the parent ran ${switches} times while it waited`);
    // Each connection that has had its answer makes room.
    await Promise.all([...first, ...second].map((request) => application.answered(request)));
    check('unlogged', application.status.limitReached > reached, () => 'not counted');
    // Every five seconds at most.
    const log = readFileSync(application.logPath, 'latin1');
    check('unlogged', LIMIT_LINE.test(log), () => 'the log does not tell of the limit');
  },
};

export const SERVER: readonly FaultCase[] = [
  ...inBothModes('server vanishes in the middle of a packet', midPacket),
  ...inBothModes('server vanishes in the middle of a body', midBody),
  ...inBothModes('server gives up while the handler works', midHandler),
  ...inBothModes('server vanishes in the middle of a response', midResponse),
  ...inBothModes('slow reader of 1 GiB', slowReader),
  ...inBothModes('slow writer', slowWriter),
  ...inBothModes('10,000 connections opened and closed', crowd),
  ...inBothModes('backlog full', backlogFull),
  allBusy,
];
