import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { Peer } from '../peers/peer.js';
import { browserRequest } from '../requests.js';
import { LsapiConnection } from '../support/lsapi-connection.js';
import { LoadGenerator } from '../support/measure.js';
import { Server } from '../support/server.js';
import { median, quantile } from '../support/statistics.js';
import type { OwnResult, OwnScenario } from './scenario.js';

const CHILDREN = 32;
const BURST_PEERS = ['lsapi raw', 'lsapi node', 'lsapi express'];

/** All connections at once to a group with one child: the time until each has its first answer. */
export const burstScenario: OwnScenario = {
  kind: 'own',
  name: 'burst',
  title: `A burst of ${CHILDREN} connections to a group of ${CHILDREN} that has one child: nearly each needs a new one`,
  async run(context, available) {
    const results: OwnResult[] = [];
    for (const peer of available(context.peers.filter(({ name }) => BURST_PEERS.includes(name)))) {
      const times: number[] = [];
      for (let round = 0; round < context.rounds; round++) {
        const start = {
          app: peer.name === 'lsapi express' ? 'express' : 'hello',
          connections: CHILDREN,
          children: CHILDREN,
        } as const;
        const server = await Server.start(context.places, context.directory, peer, start);
        if (server === undefined) break;
        try {
          await burst(server, 1); // it has loaded its app then
          times.push(...(await burst(server, CHILDREN)));
        } finally {
          await server.stop();
        }
      }
      if (times.length === 0) continue;
      results.push({
        label: peer.name,
        values: {
          answers: times.length,
          'median ms': median(times),
          'p90 ms': quantile(times, 0.9),
          'last ms': Math.max(...times),
        },
      });
    }
    return results;
  },
};

async function burst(server: Server, count: number): Promise<number[]> {
  const request = browserRequest().lsapi;
  const connections: LsapiConnection[] = [];
  try {
    return await Promise.all(
      Array.from({ length: count }, async () => {
        const began = performance.now();
        const connection = await LsapiConnection.open(server.address);
        connections.push(connection);
        const { status } = await connection.request(request);
        if (status !== 200) throw new Error(`${server.peer.name} answered with ${status}`);
        return performance.now() - began;
      }),
    );
  } finally {
    for (const connection of connections) connection.close();
  }
}

const BLOCKED_FOR_MS = 200;
const GROUP = 3;

/** Other requests while one child of three is busy in JavaScript: in a process of its own, and in one with them. */
export const blockedScenario: OwnScenario = {
  kind: 'own',
  name: 'blocked',
  title: `Hello on 2 connections while a third one's requests block for ${BLOCKED_FOR_MS} ms: latency`,
  async run(context, available, skip) {
    const results: OwnResult[] = [];
    for (const peer of available(
      context.peers.filter(({ name }) => ['lsapi node', 'node:http'].includes(name)),
    )) {
      try {
        results.push({ label: peer.name, values: await measureBlocked(peer) });
      } catch (error) {
        skip(`${peer.name} in blocked`, (error as Error).message);
      }
    }
    return results;

    async function measureBlocked(peer: Peer): Promise<Record<string, number>> {
      const start = {
        app: 'block',
        connections: GROUP,
        children: peer.protocol === 'lsapi' ? GROUP : undefined,
      } as const;
      const server = await Server.start(context.places, context.directory, peer, start);
      if (server === undefined) throw new Error('it has no program for that');
      const { tools } = context.places;
      const blocker = new LoadGenerator(tools, mkdtempSync(join(context.directory, 'blocker-')));
      const generator = new LoadGenerator(tools, context.directory);
      const blocking = browserRequest(`/block?ms=${BLOCKED_FOR_MS}`);
      try {
        const [, sample] = await Promise.all([
          blocker.measure(
            server,
            { request: blocking, connections: 1, expected: 'Hello, World!' },
            context.seconds + 1,
          ),
          generator.measure(
            server,
            { request: browserRequest(), connections: GROUP - 1, expected: 'Hello, World!' },
            context.seconds,
          ),
        ]);
        return {
          'requests/s': sample.requests / sample.seconds,
          'p50 µs': sample.p50,
          'p99 µs': sample.p99,
          'p99.9 µs': sample.p999,
        };
      } finally {
        await server.stop();
      }
    }
  },
};
