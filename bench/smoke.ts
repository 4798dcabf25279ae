// `npm run bench:smoke`: raw and node style against node:http over a Unix socket, side by side in one run.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ResponseDecoder, PacketType } from '#lib/codec/index.js';
import type { PeerDefinition } from './peer.js';
import { Peer } from './peer.js';
import { browserRequest } from './requests.js';

const BODY = 'Hello, World!';
const ROUNDS = 5;
const SECONDS = 2;

const [root, tools] = process.argv.slice(2) as [string, string];
const load = join(tools, 'load');
const lsnode = join(root, 'dist/cli/main.js');

const peers: PeerDefinition[] = [
  {
    name: 'node:http',
    protocol: 'http',
    command: (socket) => [process.execPath, join(root, 'bench/servers/node-http.mjs'), socket],
  },
  ...['node', 'raw'].map((style): PeerDefinition => ({
    name: `lsapi ${style}`,
    protocol: 'lsapi',
    command: (socket) => [
      process.execPath,
      lsnode,
      '--bind',
      socket,
      join(root, `bench/servers/hello-${style}.mjs`),
    ],
  })),
];

interface Result {
  readonly requests: number;
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
  readonly cpu: number;
}

function bodyOf(protocol: 'lsapi' | 'http', answer: Buffer): string {
  if (protocol === 'http') return answer.toString('latin1').split('\r\n\r\n')[1] ?? '';
  let body = '';
  for (const packet of new ResponseDecoder().push(answer)) {
    if (packet.type === PacketType.RespStream) body += Buffer.from(packet.payload).toString('latin1');
  }
  return body;
}

function measure(peer: Peer, requestFile: string, connections: number): Result {
  const before = peer.cpuTime();
  const output = execFileSync(load, [
    ...['--protocol', peer.definition.protocol, '--socket', peer.socket, '--request', requestFile],
    ...[
      '--connections',
      String(connections),
      '--seconds',
      String(SECONDS),
      '--body-bytes',
      String(BODY.length),
    ],
  ]).toString();
  const result = JSON.parse(output) as Omit<Result, 'cpu'>;
  return { ...result, cpu: (peer.cpuTime() - before) / result.requests / 1000 };
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

const directory = mkdtempSync(join(tmpdir(), 'lsapi-bench-'));
const running: Peer[] = [];
try {
  const request = browserRequest();
  const files = { lsapi: join(directory, 'request.lsapi'), http: join(directory, 'request.http') };
  writeFileSync(files.lsapi, request.lsapi);
  writeFileSync(files.http, request.http);
  for (const [index, definition] of peers.entries()) {
    const peer = await Peer.start(definition, join(directory, `${index}.sock`));
    running.push(peer);
    const body = bodyOf(definition.protocol, await peer.answerTo(request[definition.protocol]));
    if (body !== BODY) throw new Error(`${definition.name} answers ${JSON.stringify(body)}`);
    measure(peer, files[definition.protocol], 16); // warm up
  }
  console.log(
    `Node ${process.versions.node}, ${cpus()[0]?.model}, browser-like request, ${ROUNDS} rounds of ${SECONDS} s`,
  );
  for (const connections of [16, 64]) {
    const results = new Map<Peer, Result[]>(running.map((peer) => [peer, []]));
    for (let round = 0; round < ROUNDS; round++) {
      for (const peer of running)
        results.get(peer)!.push(measure(peer, files[peer.definition.protocol], connections));
    }
    const cost = running.map((peer) => median(results.get(peer)!.map((result) => result.cpu)));
    console.log(
      `\n${connections} connections      requests/s   CPU µs/request   requests per CPU second   p99 µs`,
    );
    for (const [index, peer] of running.entries()) {
      const own = results.get(peer)!;
      const rate = median(own.map((result) => result.requests / result.seconds));
      const ratio = cost[0]! / cost[index]!;
      console.log(
        `${peer.definition.name.padEnd(18)}${rate.toFixed(0).padStart(12)}${cost[index]!.toFixed(2).padStart(17)}` +
          `${`${ratio.toFixed(2)} × node:http`.padStart(26)}${median(own.map((result) => result.p99))
            .toFixed(0)
            .padStart(9)}`,
      );
    }
  }
} finally {
  await Promise.all(running.map((peer) => peer.stop()));
  rmSync(directory, { recursive: true, force: true });
}
