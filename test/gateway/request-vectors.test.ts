import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createGateway, type Gateway } from '#lib/gateway/index.js';
import { requestVectors, type RecordedRequestFields, type RequestVector } from '../support/vectors.js';
import { FakeApp, type FakeDelivery } from './support/fake-app.js';
import { eventually, RawClient, sleep } from './support/http-client.js';
import { OUT_OF_SCOPE, REQUEST_DIFFERENCES, type DeliveredRequest } from './support/request-differences.js';
import { recordedMapping, Site } from './support/site.js';

/** Vectors that are played at the same time; they keep their recorded pauses. */
const PARALLEL = 24;
/** How long the application waits for the end of an upload that has none. */
const ENDLESS_BODY_MS = 700;
const NAME = 'lsapi development gateway';

interface Played {
  requests: DeliveredRequest[];
  expected: DeliveredRequest[];
  status: number | undefined;
}

describe('gateway on recorded requests', function () {
  this.timeout(120_000);
  const vectors = requestVectors().filter((vector) => !OUT_OF_SCOPE.some(({ applies }) => applies(vector)));
  const played = new Map<string, Played>();

  before(async () => {
    const site = new Site();
    const queue = [...vectors];
    const work = async (): Promise<void> => {
      for (let vector = queue.shift(); vector !== undefined; vector = queue.shift()) {
        played.set(vector.id, await play(vector, site));
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, work));
    site.remove();
  });

  for (const vector of vectors) {
    const differences = REQUEST_DIFFERENCES.filter(({ applies }) => applies(vector));
    const note =
      differences.length === 0 ? '' : ` (differs: ${differences.map(({ name }) => name).join(', ')})`;
    it(`${vector.id}${note}`, () => {
      const result = played.get(vector.id);
      assert.ok(result);
      const expected = structuredClone(result.expected);
      for (const { name, adjust } of differences) {
        const before = structuredClone(expected);
        adjust(expected, vector);
        assert.notDeepEqual(expected, before, `"${name}" changes nothing here: do not list it`);
      }
      assert.deepEqual(result.requests, expected);
      if (expected.length === 0) assert.equal(result.status, 400);
    });
  }
});

async function play(vector: RequestVector, site: Site): Promise<Played> {
  const { meta } = vector;
  const app = await FakeApp.start((delivery) => void behave(delivery, meta.appBehaviour ?? ''));
  const gateway = createGateway({
    target: app.path,
    ...recordedMapping(site),
    accessLog: false,
    errorLog: () => undefined,
  });
  await gateway.listen(0);
  const recorded = meta.decodedAll ?? [meta.decoded];
  const clients: RawClient[] = [];
  try {
    for (const [n, { writes = [] }] of [meta.http, ...(meta.http.more ?? [])].entries()) {
      clients.push(await send(gateway, vector.http[n] ?? Buffer.alloc(0), writes));
    }
    await eventually(
      'all requests delivered or refused',
      () => app.deliveries.length >= recorded.length || clients.some(({ ended }) => ended),
    );
    const declared = (): boolean => app.deliveries.every((delivery, n) => hasBody(delivery, recorded[n]));
    await eventually('all bodies', declared);
    await sleep(20);
    const { port } = gateway.address() as AddressInfo;
    return {
      requests: app.deliveries.map(deliveredRequest),
      expected: recorded.map((fields) => expectedRequest(fields, site, port)),
      status: clients[0]?.responses(['GET']).find(({ status }) => status >= 200)?.status,
    };
  } finally {
    for (const client of clients) client.close();
    await Promise.all([gateway.close(), app.stop()]);
  }
}

async function send(
  gateway: Gateway,
  bytes: Buffer,
  writes: readonly { offset: number; length: number; atMs?: number }[],
) {
  const client = new RawClient(gateway);
  let at = 0;
  for (const { offset, length, atMs = 0 } of writes) {
    if (atMs > at) await sleep(atMs - at);
    at = atMs;
    client.send(bytes.subarray(offset, offset + length));
  }
  await client.until(() => client.received.length > 0, 1000);
  return client;
}

/** What the recorded application did, as far as it matters for further requests. */
async function behave(delivery: FakeDelivery, behaviour: string): Promise<void> {
  const location = /"Location: ([^"]*)"/.exec(behaviour)?.[1];
  if (location !== undefined && delivery.number === 1) {
    delivery.answer(200, [`Location: ${location}`], '');
    return;
  }
  if (/^closed the connection without any byte for the first two/.test(behaviour) && delivery.number <= 2) {
    await delivery.wholeBody();
    delivery.connection.close();
    return;
  }
  if (delivery.request.bodyLength < 0) await sleep(ENDLESS_BODY_MS);
  else if (!/without waiting for the declared body/.test(behaviour)) await delivery.wholeBody();
  delivery.answer(200, ['Content-Type: text/plain'], 'ok');
}

function hasBody(delivery: FakeDelivery, recorded: RecordedRequestFields | undefined): boolean {
  return delivery.bodyBytes >= (recorded?.bodyLength ?? 0);
}

function deliveredRequest(delivery: FakeDelivery): DeliveredRequest {
  const { request } = delivery;
  return {
    method: request.method,
    scriptFilename: request.scriptFilename,
    scriptName: request.scriptName,
    queryString: request.queryString,
    reqBodyLen: request.reqBodyLen,
    env: request.env.map(([name, value]) => [name, name === 'REMOTE_PORT' ? 'any' : value]),
    knownHeaders: Object.fromEntries(request.knownHeaders),
    unknownHeaders: request.unknownHeaders,
    bodySha256: createHash('sha256')
      .update(Buffer.concat(delivery.body ?? []))
      .digest('hex'),
  };
}

/** The recorded request with the addresses, paths and names of this gateway; X-LSCACHE is left out: it has no cache. */
function expectedRequest(fields: RecordedRequestFields, site: Site, port: number): DeliveredRequest {
  const own: Record<string, string> = {
    REMOTE_ADDR: '127.0.0.1',
    REMOTE_PORT: 'any',
    SERVER_ADDR: '127.0.0.1',
    SERVER_ADMIN: '',
    SERVER_PORT: String(port),
    LSWS_EDITION: NAME,
    SERVER_SOFTWARE: NAME,
  };
  const local = (path: string): string => path.replace(/^\/srv\/site\/html/, site.root);
  const paths = ['DOCUMENT_ROOT', 'PATH_TRANSLATED', 'SCRIPT_FILENAME'];
  return {
    method: fields.method,
    scriptFilename: fields.scriptFilename === null ? null : local(fields.scriptFilename),
    scriptName: fields.scriptName,
    queryString: fields.queryString,
    reqBodyLen: fields.reqBodyLen,
    env: fields.env
      .filter(([name]) => name !== 'X-LSCACHE')
      .map(([name, value]) => [name, own[name] ?? (paths.includes(name) ? local(value) : value)]),
    knownHeaders: fields.knownHeaders,
    unknownHeaders: fields.unknownHeaders,
    bodySha256: fields.bodySha256,
  };
}
