import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lsnodePeer } from '../peers/lsnode.js';
import type { Peer } from '../peers/peer.js';
import type { Places } from '../peers/places.js';
import { runCommand } from '../peers/run.js';
import { browserRequest } from '../requests.js';
import { LoadGenerator, type Load } from '../support/measure.js';
import { Server } from '../support/server.js';
import { control, countedInstructions, underCallgrind } from './callgrind.js';
import { capturedPackets } from './captures.js';

const REQUESTS = 10_000;
/** Until V8 has compiled and optimized what a request runs. */
const WARM_UP = 20_000;
const LOAD: Load = { request: browserRequest(), connections: 1, expected: 'Hello, World!' };
/** Time is no limit here. */
const SECONDS = 600;

/**
 * All work on one thread in an order that does not depend on time, the same hashes in each run: V8 compiles, optimises
 * and collects at the same requests. The code that it makes is that of any other run; `--jitless` or `--no-opt` would
 * count code that nobody runs.
 */
const REPEATABLE = ['--single-threaded', '--predictable', '--hash-seed=1', '--random-seed=1'];

/** Instructions that the native parser needs for a recorded packet, on average. */
export function countParser(places: Places, directory: string): number {
  const own = subdirectory(directory, 'parser');
  const packets = capturedPackets(places.root);
  const file = join(own, 'packets');
  writeFileSync(file, Buffer.concat(packets));
  const [command = '', ...parameters] = underCallgrind(
    own,
    ['--toggle-collect=ParseAllPackets'],
    [join(places.tools, 'parse-captures'), file],
  );
  const result = runCommand(command, parameters);
  if (!result.ok) throw new Error(`parse-captures: ${result.reason}`);
  return countedInstructions(own) / packets.length;
}

/**
 * Instructions that `lsnode` needs for a request, outside the kernel. One connection: how many requests are ready at
 * once would depend on time.
 */
export async function countRequests(
  places: Places,
  directory: string,
  style: 'raw' | 'node',
): Promise<number> {
  const own = subdirectory(directory, style);
  const start = { app: 'hello', connections: 1, children: undefined } as const;
  const server = await Server.start(places, own, countedPeer(places, own, style), start);
  if (server === undefined) throw new Error(`there is no hello in ${style} style`);
  try {
    const generator = new LoadGenerator(places.tools, own);
    await generator.measure(server, { ...LOAD, requests: WARM_UP }, SECONDS);
    await generator.measure(server, { ...LOAD, requests: REQUESTS }, SECONDS, {
      before: () => control(server.pid, '-i', 'on'),
      after: () => control(server.pid, '-d'),
    });
  } finally {
    await server.stop();
  }
  return countedInstructions(own) / REQUESTS;
}

function countedPeer(places: Places, directory: string, style: 'raw' | 'node'): Peer {
  const peer = lsnodePeer(places, style);
  return {
    ...peer,
    launch(start) {
      const launch = peer.launch(start);
      if (launch === undefined) return undefined;
      const [node = '', ...parameters] = launch.command;
      const command = underCallgrind(directory, ['--instr-atstart=no'], [node, ...REPEATABLE, ...parameters]);
      return { ...launch, command };
    },
  };
}

function subdirectory(directory: string, name: string): string {
  const path = join(directory, name);
  mkdirSync(path);
  return path;
}
