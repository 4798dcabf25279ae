// SIGKILL: of a child in each state of its connection, and of the parent.
import { buildRequest } from '../../support/lsapi-request.js';
import { eventually, kill } from '../../process-group/support/group.js';
import type { LsapiClient } from '../../support/lsapi-client.js';
import type { Application } from '../support/application.js';
import type { FaultCase } from '../support/case.js';
import { check, within } from '../support/failure.js';
import type { SentRequest } from '../support/ledger.js';

const GROUP = { mode: 'group' } as const;
const LONG_MS = 60_000;
const BODY = 1 << 20;
const PART = Buffer.alloc(BODY / 4, 'b');

/** A connection whose state is as wanted, the child that has it, and the request on it that cannot be finished. */
interface Victim {
  readonly client: LsapiClient;
  readonly pid: number;
  readonly request?: SentRequest;
}

/** How a connection gets into a state; what the log says of a child that is killed there. */
interface State {
  readonly name: string;
  readonly enter: (application: Application, client: LsapiClient) => Promise<SentRequest | undefined>;
  readonly serving?: string;
}

const STATES: readonly State[] = [
  { name: 'idle', enter: () => Promise.resolve(undefined) },
  {
    name: 'in the middle of a packet',
    enter: async (_, client) => {
      const { packet } = buildRequest({ url: '/plain/0?0' });
      await client.write(packet.subarray(0, packet.length / 2));
      return undefined;
    },
  },
  {
    name: 'before the handler has answered',
    serving: 'GET /wait/',
    enter: async (application, client) => {
      const request = await application.send(client, 'wait', LONG_MS);
      await application.noted('begin', request);
      return request;
    },
  },
  {
    name: 'while the body is read',
    serving: 'POST /read/',
    enter: async (application, client) => {
      const request = await application.send(client, 'read', 0, {
        method: 'POST',
        body: PART,
        bodyLength: BODY,
      });
      await application.noted('read', request);
      return request;
    },
  },
  {
    name: 'header sent',
    serving: 'GET /head/',
    enter: async (application, client) => {
      const request = await application.send(client, 'head', LONG_MS);
      await within('lost', 'the header', client.headerReceived());
      return request;
    },
  },
  {
    name: 'in the middle of the response',
    serving: 'GET /stream/',
    enter: async (application, client) => {
      client.discardBody = true;
      const request = await application.send(client, 'stream', 1 << 30);
      await within(
        'lost',
        'the response',
        client.until(() => client.bodyReceived > BODY),
      );
      client.pause();
      return request;
    },
  },
  {
    name: 'lingering',
    enter: async (application, client) => {
      // More than is worth reading away: the connection ends with the response, and waits for its server to close.
      const options = { method: 'POST', body: PART, bodyLength: 64 * BODY };
      await application.answered(await application.send(client, 'early', 0, options));
      check('lost', client.response.connectionClosed, () => 'no CONN_CLOSE with an unread body');
      return undefined;
    },
  },
  {
    name: 'draining',
    serving: 'GET /wait/',
    enter: async (application, client) => {
      const request = await application.send(client, 'wait', LONG_MS);
      const pid = await application.noted('begin', request);
      kill(pid, 'SIGTERM');
      await application.until('the child is draining', ({ children }) =>
        children.some((child) => child.pid === pid && child.state === 'draining'),
      );
      return request;
    },
  },
];

/** A child that has answered before, as most have that crash. */
async function victim(application: Application, enter: State['enter']): Promise<Victim> {
  const { client, pid } = await application.connectedTo();
  await application.ask(client);
  const request = await enter(application, client);
  return { client, pid, ...(request !== undefined && { request }) };
}

function killedIn({ name, enter, serving }: State): FaultCase {
  return {
    name: `child killed: ${name}`,
    options: GROUP,
    run: async (application) => {
      const { client, pid, request } = await victim(application, enter);
      if (request !== undefined) request.excused = true;
      // The response is there a moment before the scoreboard knows of its end.
      const active = serving === undefined ? 0 : 1;
      await application.until('the scoreboard has the state', ({ children }) =>
        children.some((child) => child.pid === pid && child.active === active),
      );
      kill(pid, 'SIGKILL');
      client.resume();
      // What the server sees: the end of the connection without RESP_END. It delivers the request again.
      await within('lost', 'the connection ends', client.closed());
      check('lost', request?.response.complete !== true, () => 'RESP_END of a process that was killed');
      await application.logged(
        new RegExp(
          `child ${pid} ended by signal 9 \\(SIGKILL\\)${serving === undefined ? '\n' : ` while it was serving ${serving}`}`,
        ),
      );
      check('lost', (await application.ask()) !== pid, () => 'answered by the dead');
    },
  };
}

const parentKilled: FaultCase = {
  name: 'parent killed: its children finish what they have, and go',
  options: GROUP,
  run: async (application) => {
    const idle = await application.connectedTo();
    await application.ask(idle.client);
    const waiting = await application.connectedTo();
    const answer = await application.send(waiting.client, 'wait', 150);
    await application.noted('begin', answer);
    const reading = await application.connectedTo();
    reading.client.discardBody = true;
    const stream = await application.send(reading.client, 'stream', 16 * BODY);
    await within('lost', 'the response', reading.client.headerReceived());
    const parent = application.pid;
    const children = application.status.children.map(({ pid }) => pid);
    kill(parent, 'SIGKILL');
    await application.answered(answer);
    await application.answered(stream);
    check('lost', reading.client.bodyReceived === 16 * BODY, () => 'a part of the response is missing');
    await within('lost', 'idle connections are closed', idle.client.closed());
    check('lost', idle.client.response.connectionClosed, () => 'closed without CONN_CLOSE');
    application.closeClients();
    await within(
      'leaked',
      'no child is left',
      eventually('no child is left', () => application.members().every(({ state }) => state === 'Z')),
    );
    check('leaked', children.length >= 2, () => 'there were no children');
    // A request that arrives meanwhile waits in the socket's backlog, as the server holds that.
    const next = await application.connect();
    const request = await application.send(next, 'plain');
    await application.restart();
    await application.answered(request);
    await application.ready();
  },
};

const trialKilled: FaultCase = {
  name: 'the process that tries new code killed',
  options: GROUP,
  run: async (application) => {
    const { generation } = application.status;
    const known = new Set(application.members().map(({ pid }) => pid));
    kill(application.pid, 'SIGHUP');
    const trial = await eventually('the trial runs', () =>
      application.members().find(({ pid }) => !known.has(pid)),
    );
    kill(trial.pid, 'SIGKILL');
    await application.logged(/RELOAD FAILED: the new code does not load \(signal 9/);
    await application.until('the present code goes on', ({ state }) => state === 'serving');
    check('lost', application.status.generation === generation, () => 'the generation has changed');
  },
};

export const KILLED: readonly FaultCase[] = [...STATES.map(killedIn), parentKilled, trialKilled];
