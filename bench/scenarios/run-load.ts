import type { Peer } from '../peers/peer.js';
import { LoadGenerator, type Sample } from '../support/measure.js';
import { Server } from '../support/server.js';
import type { Context, LoadScenario, Measured, Point } from './scenario.js';

/** The first requests of a server are slow: its JavaScript is not compiled yet. */
const WARM_UP_SECONDS = 1.5;
/** A server that is warm gets used to another load. */
const SETTLE_SECONDS = 0.3;

/**
 * Measures all peers at each point, round by round in turn, so that whatever else happens on the machine meets all of
 * them. `tell` is called with what goes wrong with a peer; the others go on.
 */
export async function runLoad(
  context: Context,
  scenario: LoadScenario,
  tell: (peer: string, problem: string) => void,
): Promise<Measured[]> {
  const servers = new ServerSet(context, scenario);
  const generator = new LoadGenerator(context.places.tools, context.directory);
  const measured: Measured[] = [];
  const given = new Set<Peer>();
  try {
    for (const point of scenario.points) {
      const samples = new Map<Server, Sample[]>();
      for (const peer of context.peers) {
        if (given.has(peer)) continue;
        try {
          const warm = servers.has(peer, point);
          const server = await servers.get(peer, point);
          if (server === undefined) continue;
          await generator.measure(server, point, warm ? SETTLE_SECONDS : WARM_UP_SECONDS);
          samples.set(server, []);
        } catch (error) {
          given.add(peer);
          tell(peer.name, (error as Error).message);
        }
      }
      for (let round = 0; round < context.rounds; round++) {
        // Not always the same one after the same one.
        for (const server of rotate([...samples.keys()], round)) {
          try {
            samples.get(server)!.push(await generator.measure(server, point, context.seconds));
          } catch (error) {
            given.add(server.peer);
            samples.delete(server);
            tell(server.peer.name, (error as Error).message);
          }
        }
      }
      for (const [server, own] of samples) {
        measured.push({
          scenario: scenario.name,
          point: point.label,
          peer: server.peer.name,
          samples: own,
        });
      }
    }
  } finally {
    await servers.stopAll();
  }
  return measured;
}

function rotate<Item>(items: readonly Item[], by: number): Item[] {
  const at = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
}

/** The servers of a scenario. One serves as long as a further point does not need it started otherwise. */
class ServerSet {
  readonly #context: Context;
  readonly #scenario: LoadScenario;
  readonly #servers = new Map<Peer, { server: Server; how: string }>();
  #port = 20_000 + (process.pid % 20_000);

  constructor(context: Context, scenario: LoadScenario) {
    this.#context = context;
    this.#scenario = scenario;
  }

  has(peer: Peer, point: Point): boolean {
    return this.#servers.get(peer)?.how === this.#how(peer, point);
  }

  async get(peer: Peer, point: Point): Promise<Server | undefined> {
    const how = this.#how(peer, point);
    const running = this.#servers.get(peer);
    if (running?.how === how) return running.server;
    await running?.server.stop();
    this.#servers.delete(peer);
    const server = await Server.start(
      this.#context.places,
      this.#context.directory,
      peer,
      {
        app: this.#scenario.app,
        connections: point.connections + (point.idleConnections ?? 0),
        children: point.children,
      },
      { port: point.tcp === true ? this.#port++ : undefined, env: this.#scenario.env?.() },
    );
    if (server !== undefined) this.#servers.set(peer, { server, how });
    return server;
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.#servers.values()].map(({ server }) => server.stop()));
  }

  #how(peer: Peer, point: Point): string {
    const connections = point.connections + (point.idleConnections ?? 0);
    return JSON.stringify([point.children, point.tcp, peer.processPerConnection ? connections : 0]);
  }
}
