import { encodeRespHeader, PacketType, ResponseDecoder } from '#lib/codec/index.js';
import { createGateway } from '#lib/gateway/index.js';
import type { RecordedChunk, RecordedResponseConnection, ResponseVector } from '../../support/vectors.js';
import { FakeApp, type FakeDelivery } from './fake-app.js';
import { methodsIn, parseResponses, RawClient, sleep, type ParsedResponse } from './http-client.js';
import { recordedMapping, type Site } from './site.js';

/** What became of one connection to the application. */
export interface ConnectionOutcome {
  state: 'open' | 'closed by server' | 'closed by app';
  aborted: boolean;
}

/** Everything about a response vector that the gateway is compared in. */
export interface Outcome {
  responses: {
    status: number;
    /** `name: value`, sorted: a multiset. Empty for pages that the server made itself. */
    headers: string[];
    /** `own page` for pages that the server made itself. */
    body: string;
    complete: boolean;
  }[];
  client: 'open' | 'closed';
  deliveries: number;
  connections: ConnectionOutcome[];
}

/** Pauses of the recording are shortened to this: enough for separate reads. */
const LONGEST_PAUSE_MS = 15;
/** How long the sides are watched after the last response. */
const AFTERWARDS_MS = 40;
/** How long a client waits that the recorded server had left without an answer. */
const HOPELESS_MS = 1500;

/** The recorded server: x86-64. */
const RECORDED_SERVER = { flag: 0, byteOrder: 'little' } as const;
const RECORDED_ROOT = '/srv/site/html';

/** The response bytes for one delivery: cut as recorded. */
interface Script {
  pieces: { pauseMs: number; bytes: Buffer }[];
  /** `undefined`: the application keeps the connection. */
  closeAfterMs: number | undefined;
}

/** Plays a response vector through a gateway. */
export async function replay(vector: ResponseVector, site: Site): Promise<Outcome> {
  const scripts = scriptsOf(vector, site.root);
  const { request, lsapi } = vector.meta;
  const answersEarly = lsapi.seenByAppAfterwards.some(({ event }) => /body bytes/.test(event));
  const app = await FakeApp.start((delivery) => {
    const script = scripts[delivery.number - 1];
    if (script === undefined) return;
    if (answersEarly) delivery.connection.socket.pause();
    void play(delivery, script, answersEarly);
  });
  const gateway = createGateway({
    target: app.path,
    ...recordedMapping(site),
    accessLog: false,
    errorLog: () => undefined,
  });
  await gateway.listen(0);
  const client = new RawClient(gateway);
  const methods = methodsIn(request.latin1);
  try {
    await sendRequest(client, vector);
    await client.finals(methods, vector.meta.http.statusLine === null ? HOPELESS_MS : undefined);
    await pause(AFTERWARDS_MS);
    if (answersEarly) for (const { socket } of app.connections) socket.resume();
    if (answersEarly) await pause(AFTERWARDS_MS);
    return {
      responses: comparable(client.responses(methods), volatileNames(vector)),
      client: client.ended ? 'closed' : 'open',
      deliveries: app.deliveries.length,
      connections: app.connections.map(({ closedByApp, closedByServer, aborted }) => ({
        state: closedByApp ? 'closed by app' : closedByServer ? 'closed by server' : 'open',
        aborted,
      })),
    };
  } finally {
    client.close();
    await Promise.all([gateway.close(), app.stop()]);
  }
}

/** All writes of a connection: the recording lists only the first of very many, which are all alike. */
export function allWrites(writes: readonly RecordedChunk[], length: number): RecordedChunk[] {
  const all = [...writes];
  let last = all.at(-1);
  while (last !== undefined && last.offset + last.length < length) {
    const offset = last.offset + last.length;
    last = { offset, length: Math.min(last.length, length - offset), atMs: (last.atMs ?? 0) + 2 };
    all.push(last);
  }
  return all;
}

/** What the recorded server made of the vector. */
export function recordedOutcome(vector: ResponseVector): Outcome {
  const { meta } = vector;
  const closed = meta.http.clientConnection.startsWith('closed');
  const responses = parseResponses(vector.http, methodsIn(meta.request.latin1), closed);
  return {
    responses: comparable(responses, volatileNames(vector)),
    client: closed ? 'closed' : 'open',
    deliveries: meta.deliveries,
    connections: [meta.lsapi, ...(meta.lsapiOtherConnections ?? [])].map(
      ({ connectionAfterwards, seenByAppAfterwards }) => ({
        state: recordedState(connectionAfterwards),
        aborted: seenByAppAfterwards.some(({ event }) => event === 'ABORT_REQUEST'),
      }),
    ),
  };
}

/** Whether the recorded server (or the gateway) made the page itself: then only the status counts. */
export function isOwnPage({ status, headers, body }: ParsedResponse): boolean {
  const value = (name: string): string | undefined => headers.find(([key]) => key === name)?.[1];
  if (status === 500 && body.length === 0) return true;
  return value('cache-control') === 'private, no-cache, max-age=0' && value('pragma') === 'no-cache';
}

/** The page of an error that the server reports itself. */
export function ownPage(status: number): Outcome['responses'][number] {
  return { status, headers: [], body: 'own page', complete: true };
}

/**
 * Left out: the server's own lines (Date, Server), Keep-Alive (Node announces its timeout), and the lines that the
 * recording declares volatile.
 */
function comparable(responses: ParsedResponse[], volatile: ReadonlySet<string>): Outcome['responses'] {
  return responses.map((response) => {
    if (isOwnPage(response)) return ownPage(response.status);
    const lines = response.headers
      .filter(([name]) => !volatile.has(name))
      .map(([name, value]) => `${name}: ${name === 'connection' ? value.toLowerCase() : value}`);
    return {
      status: response.status,
      headers: lines.sort(),
      body: response.body.toString('latin1'),
      complete: response.complete,
    };
  });
}

function volatileNames({ meta }: ResponseVector): Set<string> {
  const names = meta.http.volatileLines.map((line) => line.slice(0, line.indexOf(':')).toLowerCase());
  return new Set([...names, 'date', 'server', 'keep-alive']);
}

function recordedState(connectionAfterwards: string): ConnectionOutcome['state'] {
  if (connectionAfterwards === 'closed by the server') return 'closed by server';
  if (connectionAfterwards === 'closed by the app') return 'closed by app';
  return 'open';
}

/** The scripts of all deliveries, in their order. */
function scriptsOf({ meta, streams }: ResponseVector, root: string): Script[] {
  const others = meta.lsapiOtherConnections ?? [];
  const connections: Omit<RecordedResponseConnection, 'packets'>[] = [meta.lsapi, ...others];
  const files = new Map(
    [meta.lsapi, ...others.filter(({ packets }) => packets !== undefined)].map(({ file }, n) => [
      file,
      streams[n],
    ]),
  );
  const closings = connections.slice(1).map(({ requestsReceived }) => requestsReceived[0]?.atMs ?? 0);
  return connections.flatMap((connection, n) => {
    const bytes = files.get(connection.file)?.bytes ?? Buffer.alloc(0);
    const { requestsReceived } = connection;
    const writes = allWrites(connection.writes, bytes.length);
    return requestsReceived.map((received, r): Script => {
      const start = received.responseStartsAt ?? 0;
      const end = requestsReceived[r + 1]?.responseStartsAt ?? bytes.length;
      const own = writes.filter(({ offset }) => offset >= start && offset < end);
      const lastAt = own.at(-1)?.atMs ?? received.atMs;
      // The recording does not say when the application closed: the next delivery followed at once.
      const closing = closings[n] ?? lastAt + ((closings.at(-1) ?? 0) - (closings.at(-2) ?? 0));
      const closes = connection.appClosedSocket && r === requestsReceived.length - 1;
      return {
        pieces: mergeWrites(own, received.atMs).map(({ pauseMs, from, to }) => ({
          pauseMs,
          bytes: relocated(bytes.subarray(from, to), root),
        })),
        closeAfterMs: closes ? Math.min(Math.max(0, closing - lastAt), LONGEST_PAUSE_MS) : undefined,
      };
    });
  });
}

/** Names the files of this site instead of the recorded one, where a whole RESP_HEADER names any. */
function relocated(bytes: Buffer, root: string): Buffer {
  if (!bytes.includes(`${RECORDED_ROOT}/`)) return bytes;
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const packet = bytes.subarray(at, at + bytes.readInt32LE(at + 4));
    at += packet.length;
    const [decoded] = new ResponseDecoder({ server: RECORDED_SERVER }).push(packet);
    const lines = decoded?.type === PacketType.RespHeader ? decoded.lines : [];
    const moved = lines.map((line) => line.replace(`${RECORDED_ROOT}/`, `${root}/`));
    const changed = decoded?.type === PacketType.RespHeader && moved.some((line, n) => line !== lines[n]);
    pieces.push(changed ? encodeRespHeader(decoded.status, moved, RECORDED_SERVER) : packet);
  }
  return Buffer.concat(pieces);
}

/** Writes of the same millisecond count as one: whether the server read them apart was chance. */
function mergeWrites(writes: readonly RecordedChunk[], startMs: number) {
  const merged: { pauseMs: number; from: number; to: number }[] = [];
  let before = startMs;
  for (const { offset, length, atMs = before } of writes) {
    const last = merged.at(-1);
    if (last !== undefined && atMs === before) last.to = offset + length;
    else
      merged.push({ pauseMs: Math.min(atMs - before, LONGEST_PAUSE_MS), from: offset, to: offset + length });
    before = atMs;
  }
  return merged;
}

/** Long enough for the gateway to read what was written before, however busy the machine is: both share a loop. */
async function pause(ms: number): Promise<void> {
  await sleep(ms);
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function play(delivery: FakeDelivery, script: Script, answersEarly: boolean): Promise<void> {
  if (!answersEarly) await delivery.wholeBody();
  for (const { pauseMs, bytes } of script.pieces) {
    if (pauseMs > 0) await pause(pauseMs);
    delivery.write(bytes);
  }
  if (script.closeAfterMs === undefined) return;
  if (script.closeAfterMs > 0) await pause(script.closeAfterMs);
  delivery.connection.close();
}

async function sendRequest(client: RawClient, { meta: { request } }: ResponseVector): Promise<void> {
  const bytes = Buffer.from(request.latin1, 'latin1');
  let sent = 0;
  for (const step of request.steps ?? [`send ${bytes.length} bytes`]) {
    const count = /^send (\d+) bytes$/.exec(step)?.[1];
    const text = /^wait for '(.*)' from the server$/s.exec(step)?.[1];
    if (count !== undefined) {
      client.send(bytes.subarray(sent, sent + Number(count)));
      sent += Number(count);
    } else if (text !== undefined) {
      const awaited = text.replaceAll('\\r', '\r').replaceAll('\\n', '\n');
      await client.until(() => client.received.includes(awaited, 0, 'latin1'));
    } else {
      throw new Error(`unknown step: ${step}`);
    }
  }
  const [, size, hex] = /the body is (\d+) bytes 0x([0-9a-f]{2})/.exec(request.note ?? '') ?? [];
  if (size !== undefined && hex !== undefined) client.send(Buffer.alloc(Number(size), parseInt(hex, 16)));
}
