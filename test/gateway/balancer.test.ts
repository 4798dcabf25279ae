import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { createGateway, type AccessLogEntry, type Gateway, type GatewayOptions } from '#lib/gateway/index.js';
import { isLsapiError } from '#lib/errors.js';
import { encodeEmpty, PacketType } from '#lib/codec/index.js';
import { FakeApp, type FakeDelivery } from './support/fake-app.js';
import { eventually, RawClient, type ParsedResponse } from './support/http-client.js';
import { ok } from './support/setup.js';

/** Time enough for whatever is to happen at once on a busy machine. */
const SOON_MS = 300;
/** So long that it is over in no test. */
const NEVER_MS = 600_000;

describe('gateway: several targets', () => {
  const apps: FakeApp[] = [];
  const clients: RawClient[] = [];
  const log: AccessLogEntry[] = [];
  let gateway: Gateway;

  async function start(
    handlers: readonly ((delivery: FakeDelivery) => void)[],
    options: Partial<GatewayOptions> = {},
  ): Promise<FakeApp[]> {
    for (const handler of handlers) apps.push(await FakeApp.start(handler));
    gateway = createGateway({
      target: apps.map(({ path }) => path),
      accessLog: (entry) => void log.push(entry),
      errorLog: () => undefined,
      ...options,
    });
    await gateway.listen(0);
    return apps;
  }

  async function get(path = '/', timeoutMs?: number): Promise<ParsedResponse> {
    const client = new RawClient(gateway);
    clients.push(client);
    client.send(`GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`);
    const [response] = await client.finals(['GET'], timeoutMs);
    return response ?? assert.fail('no response');
  }

  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await gateway.close();
    await Promise.all(apps.splice(0).map((app) => app.stop()));
    log.length = 0;
  });

  it('each request goes to the one with the fewest connections in use, the first among equals', async () => {
    const held: FakeDelivery[] = [];
    const hold = (delivery: FakeDelivery): void => void held.push(delivery);
    const [first, second] = (await start([hold, hold])) as [FakeApp, FakeApp];
    const answers = [];
    for (let n = 1; n <= 4; n++) {
      answers.push(get());
      await eventually(`request ${n}`, () => held.length === n);
    }
    assert.deepEqual([first.deliveries.length, second.deliveries.length], [2, 2]);
    for (const delivery of held) ok(delivery);
    await Promise.all(answers);
    answers.push(get());
    await eventually('request 5', () => held.length === 5);
    assert.equal(first.deliveries.length, 3);
    ok(held[4] ?? assert.fail());
    await Promise.all(answers);
  });

  it('a request waits where the fewest wait', async () => {
    const held: FakeDelivery[] = [];
    const hold = (delivery: FakeDelivery): void => void held.push(delivery);
    const [first, second] = (await start([hold, hold], { maxConnections: 1 })) as [FakeApp, FakeApp];
    const answers = [1, 2, 3, 4].map(() => get());
    await eventually('one request each', () => held.length === 2);
    for (let n = 0; n < 4; n++) {
      await eventually(`request ${n + 1}`, () => held.length > n);
      ok(held[n] ?? assert.fail());
    }
    await Promise.all(answers);
    assert.deepEqual([first.deliveries.length, second.deliveries.length], [2, 2]);
  });

  it('one that nobody listens at gets nothing for retryTimeout, then a request again', async () => {
    const [first, second] = (await start([ok, ok], { retryTimeout: 400 })) as [FakeApp, FakeApp];
    await first.stop();
    const answer = await get();
    assert.equal(answer.status, 200);
    await eventually('log entry', () => log.length === 1);
    assert.equal(log[0]?.deliveries, 2);
    await get();
    await eventually('log entry', () => log.length === 2);
    assert.equal(log[1]?.deliveries, 1, 'the bad one was asked again at once');
    assert.equal(second.deliveries.length, 2);

    mkdirSync(dirname(first.path));
    const revived = await FakeApp.start(ok, first.path);
    apps.push(revived);
    await new Promise((resolve) => setTimeout(resolve, 400));
    await get();
    assert.equal(revived.deliveries.length, 1);
  });

  it('a request that is not acknowledged in time is delivered to another one', async () => {
    const silent: FakeDelivery[] = [];
    const [, second] = (await start([(delivery) => void silent.push(delivery), ok], {
      acknowledgeTimeout: 100,
      retryTimeout: NEVER_MS,
    })) as [FakeApp, FakeApp];
    assert.equal((await get('/?a')).status, 200);
    assert.equal(silent.length, 1);
    assert.equal(second.deliveries[0]?.request.queryString, 'a');
    await eventually('connection closed', () => silent[0]?.connection.closedByServer === true);
    // It is known to be bad now.
    assert.equal((await get()).status, 200);
    assert.equal(silent.length, 1);
  });

  it('so is one on a connection that has served others before', async () => {
    let deaf = false;
    const [first, second] = (await start([(delivery) => (deaf ? undefined : ok(delivery)), ok], {
      acknowledgeTimeout: 100,
      retryTimeout: NEVER_MS,
    })) as [FakeApp, FakeApp];
    await get();
    deaf = true;
    assert.equal((await get()).status, 200);
    assert.deepEqual(
      [first.connections.length, first.deliveries.length, second.deliveries.length],
      [1, 2, 1],
    );
  });

  it('one that is acknowledged stays where it is, however long it takes', async () => {
    let held: FakeDelivery | undefined;
    const [, second] = (await start(
      [
        (delivery) => {
          delivery.write(encodeEmpty(PacketType.ReqReceived));
          held = delivery;
        },
        ok,
      ],
      { acknowledgeTimeout: 100 },
    )) as [FakeApp, FakeApp];
    const answer = get();
    await eventually('request', () => held !== undefined);
    await new Promise((resolve) => setTimeout(resolve, SOON_MS));
    ok(held ?? assert.fail());
    assert.equal((await answer).status, 200);
    assert.equal(second.deliveries.length, 0);
  });

  it('requests that wait for one that turns out to be gone go to the others', async () => {
    const silent: FakeDelivery[] = [];
    const [, second] = (await start([(delivery) => void silent.push(delivery), ok], {
      maxConnections: 1,
      acknowledgeTimeout: 100,
      retryTimeout: NEVER_MS,
    })) as [FakeApp, FakeApp];
    const answers = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => get(`/?${n}`)));
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
    assert.equal(silent.length, 1);
    assert.equal(second.deliveries.length, 6);
  });

  it('one that may be tried again gets a single request until it has answered', async () => {
    let deaf = true;
    const [first] = (await start([(delivery) => (deaf ? undefined : ok(delivery)), ok], {
      acknowledgeTimeout: 200,
      retryTimeout: 1,
    })) as [FakeApp, FakeApp];
    await get();
    assert.equal(first.deliveries.length, 1);
    await new Promise((resolve) => setTimeout(resolve, 10));
    const answers = await Promise.all([1, 2, 3, 4].map(() => get()));
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
    assert.equal(first.deliveries.length, 2);
    deaf = false;
    await new Promise((resolve) => setTimeout(resolve, 10));
    await get();
    assert.equal(first.deliveries.length, 3);
  });

  it('where all are gone the client gets a 503 after three deliveries for each', async () => {
    const [first, second] = (await start([ok, ok])) as [FakeApp, FakeApp];
    await Promise.all([first.stop(), second.stop()]);
    assert.equal((await get('/', 10_000)).status, 503);
    await eventually('log entry', () => log.length === 1);
    assert.equal(log[0]?.deliveries, 6);
  });

  it('a request whose client leaves while it waits is forgotten, also where it has moved', async () => {
    const held: FakeDelivery[] = [];
    const [, second] = (await start([() => undefined, (delivery) => void held.push(delivery)], {
      maxConnections: 1,
      acknowledgeTimeout: 300,
      retryTimeout: NEVER_MS,
    })) as [FakeApp, FakeApp];
    const answers = [get('/?silent'), get('/?held')];
    await eventually('both are busy', () => held.length === 1);
    held[0]?.write(encodeEmpty(PacketType.ReqReceived));
    const impatient = new RawClient(gateway);
    impatient.send('GET /?impatient HTTP/1.1\r\nHost: h\r\n\r\n');
    await new Promise((resolve) => setTimeout(resolve, SOON_MS + 200));
    impatient.close();
    await eventually('its client has left', () => log.some(({ url }) => url === '/?impatient'));
    ok(held[0] ?? assert.fail());
    await eventually('the request of the silent one', () => held.length === 2);
    ok(held[1] ?? assert.fail());
    await Promise.all(answers);
    assert.deepEqual(
      second.deliveries.map(({ request }) => request.queryString),
      ['held', 'silent'],
    );
  });

  it('refuses an empty list, and times that are none', () => {
    for (const options of [
      { target: [] },
      { target: ['/a', '/b'], retryTimeout: -1 },
      { target: '/a', acknowledgeTimeout: 0.5 },
    ]) {
      assert.throws(
        () => createGateway(options),
        (error) => isLsapiError(error) && error.code === 'LSAPI_ERR_OPTION',
      );
    }
    // afterEach closes one.
    gateway = createGateway({ target: '/a' });
  });
});
