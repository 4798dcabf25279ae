import type { Peer } from '../peers/peer.js';
import { smallRequest } from '../requests.js';
import { LoadGenerator, type Load } from '../support/measure.js';
import { cpuNanoseconds, memoryOf } from '../support/process-tree.js';
import { Server } from '../support/server.js';
import type { Context, OwnResult, OwnScenario } from './scenario.js';

const PEERS = ['lsapi raw', 'lsapi node', 'node:http', 'lsapi fetch', '@hono/node-server', 'bun'];
const LOAD: Load = { request: smallRequest(), connections: 1, requests: 1, expected: 'Hello, World!' };
/** Sites that are started at the same time. */
const TOGETHER = 4;
const MEBIBYTE = 1024 * 1024;

/** What shared hosting is made of: many sites that hardly anybody visits. `--sites` says how many. */
export const sitesScenario: OwnScenario = {
  kind: 'own',
  name: 'sites',
  title: 'Small sites, a process each, one request answered by each, then idle: all of them together',
  async run(context, available, skip) {
    const results: OwnResult[] = [];
    for (const peer of available(context.peers.filter(({ name }) => PEERS.includes(name)))) {
      try {
        results.push({ label: peer.name, values: await holdSites(context, peer) });
      } catch (error) {
        skip(`${peer.name} in sites`, (error as Error).message);
      }
    }
    return results;
  },
};

async function holdSites(context: Context, peer: Peer): Promise<Record<string, number>> {
  const { sites } = context;
  const servers: Server[] = [];
  const generator = new LoadGenerator(context.places.tools, context.directory);
  try {
    const began = performance.now();
    while (servers.length < sites) {
      const started = await Promise.all(
        Array.from({ length: Math.min(TOGETHER, sites - servers.length) }, () =>
          Server.start(context.places, context.directory, peer, {
            app: 'hello',
            connections: 1,
            children: undefined,
          }),
        ),
      );
      servers.push(...started.filter((server) => server !== undefined));
    }
    for (const server of servers) await generator.measure(server, LOAD, 1);
    const seconds = (performance.now() - began) / 1000;
    const pids = servers.flatMap((server) => server.members());
    const { pss, private: own } = memoryOf(pids);
    return {
      sites,
      'PSS MiB': pss / MEBIBYTE,
      'a site, MiB': pss / MEBIBYTE / sites,
      'private MiB a site': own / MEBIBYTE / sites,
      'CPU ms to start one': cpuNanoseconds(pids) / 1e6 / sites,
      'seconds for all': seconds,
    };
  } finally {
    for (const server of servers) server.kill();
    await Promise.all(servers.map((server) => server.stop()));
  }
}
