import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Peer } from '../peers/peer.js';
import { smallRequest } from '../requests.js';
import { LoadGenerator, type Load } from '../support/measure.js';
import { Server } from '../support/server.js';
import { SystemCallCounter, whyNoStrace } from '../support/system-calls.js';
import type { Context, OwnResult, OwnScenario } from './scenario.js';

const CONNECTIONS = 16;
const REQUESTS = 20_000;
const PEERS = ['null', 'lsapi raw', 'lsapi node', 'node:http', 'lsapi fetch', 'lsapi wsgi'];
const LOAD: Load = { request: smallRequest(), connections: CONNECTIONS, expected: 'Hello, World!' };
/** Time is no limit here. */
const SECONDS = 600;

/** What can be counted instead of timed. */
export const countsScenario: OwnScenario = {
  kind: 'own',
  name: 'counts',
  title: `System calls and allocations per small request, ${CONNECTIONS} connections`,
  async run(context, available, skip) {
    const noStrace = whyNoStrace();
    if (noStrace !== undefined) skip('system calls', noStrace);
    const results: OwnResult[] = [];
    for (const peer of available(context.peers.filter(({ name }) => PEERS.includes(name)))) {
      const isOurs = peer.name.startsWith('lsapi');
      results.push({
        label: peer.name,
        values: {
          ...(noStrace === undefined && (await countSystemCalls(context, peer))),
          ...(isOurs && (await countAllocations(context, peer))),
        },
      });
    }
    return results;
  },
};

/** strace slows the server so much that all connections are ready whenever it looks. */
async function countSystemCalls(context: Context, peer: Peer): Promise<Record<string, number | string>> {
  let counter: SystemCallCounter | undefined;
  let values: Record<string, number | string> = {};
  await withServer(context, peer, {}, async (server, generator) => {
    await generator.measure(server, { ...LOAD, requests: REQUESTS }, SECONDS, {
      before: async () => {
        counter = await SystemCallCounter.attach(server.pid, join(context.directory, 'strace'));
      },
      after: async () => {
        const calls = [...(await counter!.stop())];
        const total = calls.reduce((sum, [, count]) => sum + count, 0);
        const frequent = calls
          .filter(([, count]) => count > REQUESTS / 100)
          .map(([name, count]) => `${name} ${(count / REQUESTS).toFixed(2)}`);
        values = { 'system calls': total / REQUESTS, 'which ones': frequent.join(', ') };
      },
    });
  });
  return values;
}

/** After its warm-up: buffers have grown to what they need. */
async function countAllocations(context: Context, peer: Peer): Promise<Record<string, number>> {
  const file = join(context.directory, 'allocations');
  writeFileSync(file, Buffer.alloc(32));
  const env = { BENCH_ALLOCATIONS: file, LD_PRELOAD: join(context.places.tools, 'count-allocations.so') };
  await withServer(context, peer, env, async (server, generator) => {
    await generator.measure(server, { ...LOAD, requests: REQUESTS }, SECONDS, {
      before: () => setCounting(file, true),
      after: () => setCounting(file, false),
    });
  });
  const counters = readFileSync(file);
  const perRequest = (index: number): number => Number(counters.readBigUInt64LE(8 * index)) / REQUESTS;
  return {
    'native allocations': perRequest(1),
    'by Node for them': perRequest(2),
    'other allocations': perRequest(3),
  };
}

/** Its first word; the server has the file in its memory. */
function setCounting(file: string, on: boolean): void {
  const descriptor = openSync(file, 'r+');
  writeSync(descriptor, Buffer.from([on ? 1 : 0]), 0, 1, 0);
  closeSync(descriptor);
}

async function withServer(
  context: Context,
  peer: Peer,
  env: Record<string, string>,
  work: (server: Server, generator: LoadGenerator) => Promise<void>,
): Promise<void> {
  const start = { app: 'hello', connections: CONNECTIONS, children: undefined } as const;
  const server = await Server.start(context.places, context.directory, peer, start, { env });
  if (server === undefined) return;
  try {
    const generator = new LoadGenerator(context.places.tools, context.directory);
    await generator.measure(server, { ...LOAD, requests: REQUESTS }, SECONDS);
    await work(server, generator);
  } finally {
    await server.stop();
  }
}
