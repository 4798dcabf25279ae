import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type ServerOptions } from '#lib/index.js';
import { HttpPeer, LsapiPeer, type Answer, type Message, type Peer } from './peers.js';
import { later } from './serve.js';

/** Takes notes, in order. */
export type Note = (text: string) => void;

export interface Scenario {
  /** Runs on both servers; events are noted by {@link watch} already. */
  handler: (request: http.IncomingMessage, response: http.ServerResponse, note: Note) => unknown;
  /** What is sent; or a whole conversation. */
  client?: Message | ((peer: Peer, note: Note) => Promise<Answer | void>);
  options?: ServerOptions;
  /** Called with each server before it listens. */
  prepare?: (server: http.Server, note: Note) => void;
  /** Events of these kinds are not noted, with the reason at the scenario. */
  ignore?: readonly string[];
  /** Without listeners of 'timeout', which count as handling it. */
  ignoreTimeouts?: boolean;
  /** Milliseconds that events may come in after the client is done. */
  settle?: number;
}

/** Notes every event of a request and its response. */
function watch(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  note: Note,
  ignoreTimeouts: boolean,
): void {
  for (const event of ['end', 'close', 'aborted', 'timeout'] as const) {
    if (event === 'timeout' && ignoreTimeouts) continue;
    request.on(event, () => note(`req ${event} aborted=${request.aborted} complete=${request.complete}`));
  }
  request.on('error', (error: NodeJS.ErrnoException) => note(`req error ${error.code} ${error.message}`));
  for (const event of ['prefinish', 'finish', 'close', 'drain', 'timeout'] as const) {
    if (event === 'timeout' && ignoreTimeouts) continue;
    response.on(event, () =>
      note(
        `res ${event} ended=${response.writableEnded} finished=${response.writableFinished} ` +
          `destroyed=${response.destroyed} length=${response.writableLength}`,
      ),
    );
  }
  response.on('error', (error: NodeJS.ErrnoException) => note(`res error ${error.code}`));
}

export interface Outcome {
  notes: string[];
  answer: Answer | undefined;
}

/** Runs a scenario on one of the servers. */
export async function run(kind: 'http' | 'lsapi', scenario: Scenario): Promise<Outcome> {
  const directory = mkdtempSync(join(tmpdir(), 'lsapi-same-'));
  const path = join(directory, 's');
  const notes: string[] = [];
  let over = false;
  const note: Note = (text) => {
    if (!over && !scenario.ignore?.some((kind) => text.startsWith(kind))) notes.push(text);
  };
  const listener: http.RequestListener = (request, response) => {
    watch(request, response, note, scenario.ignoreTimeouts ?? false);
    scenario.handler(request, response, note);
  };
  const server =
    kind === 'http'
      ? http.createServer(scenario.options ?? {}, listener)
      : createServer(scenario.options ?? {}, listener);
  scenario.prepare?.(server, note);
  server.listen(path);
  await once(server, 'listening');
  const peer = kind === 'http' ? new HttpPeer(path) : new LsapiPeer(path);
  let answer: Answer | undefined;
  try {
    const { client } = scenario;
    if (typeof client === 'function') {
      answer = (await client(peer, note)) ?? undefined;
    } else {
      await peer.send(client);
      answer = await peer.answer();
    }
    await later(scenario.settle ?? 20);
    over = true;
  } finally {
    server.close();
    server.closeAllConnections();
    rmSync(directory, { recursive: true, force: true });
  }
  return { notes, answer };
}

/** Both servers must note the same, in the same order, and give the same answer. */
export async function same(scenario: Scenario): Promise<Outcome> {
  const expected = await run('http', scenario);
  const actual = await run('lsapi', scenario);
  assert.deepEqual(actual, expected);
  return actual;
}
