import assert from 'node:assert/strict';
import { encodeEmpty, encodeRespHeader, encodeStream, PacketType } from '#lib/codec/index.js';
import type { FakeDelivery } from './support/fake-app.js';
import { eventually, sleep } from './support/http-client.js';
import { header, ok, Setup } from './support/setup.js';

const RECEIVED = encodeEmpty(PacketType.ReqReceived);

describe('gateway: what can go wrong', () => {
  let setup: Setup;
  afterEach(() => setup.stop());

  it('says 503 and where it looked if nobody listens', async () => {
    setup = await Setup.start(ok, { target: '/nowhere/app.sock' });
    const response = await setup.get('/');
    assert.equal(response.status, 503);
    assert.match(response.body.toString(), /\/nowhere\/app\.sock.*ENOENT.*Is the application running/s);
    assert.match(response.body.toString(), /LSAPI_ERR_GATEWAY_CONNECT/);
    assert.doesNotMatch(response.body.toString(), /\bat .*\.js/);
    assert.equal(header(response, 'connection'), 'close');
  });

  it('keeps the details to itself outside development', async () => {
    setup = await Setup.start(ok, { target: '/nowhere/app.sock', development: false });
    const response = await setup.get('/');
    assert.equal(response.status, 503);
    assert.doesNotMatch(response.body.toString(), /nowhere|LSAPI/);
    assert.ok(setup.errors.some((line) => /nowhere/.test(line)));
  });

  it('says 503 after three deliveries, with the request whole each time', async () => {
    setup = await Setup.start(
      (delivery) => void delivery.wholeBody().then(() => delivery.connection.close()),
    );
    const response = await setup.request('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello');
    assert.equal(response.status, 503);
    assert.equal(setup.app.deliveries.length, 3);
    for (const { body } of setup.app.deliveries) assert.equal(Buffer.concat(body ?? []).toString(), 'hello');
    await eventually('log', () => setup.log.length === 1);
    assert.equal(setup.log[0]?.deliveries, 3);
  });

  it('delivers as often as maxDeliveries says', async () => {
    setup = await Setup.start((delivery) => delivery.connection.close(), { maxDeliveries: 1 });
    assert.equal((await setup.get('/')).status, 503);
    assert.equal(setup.app.deliveries.length, 1);
  });

  it('does not deliver a long upload again: 502', async () => {
    setup = await Setup.start((delivery) => {
      void delivery.wholeBody().then(() => delivery.connection.close());
    });
    const body = 'x'.repeat(2_000_000);
    const response = await setup.request(
      `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    assert.equal(response.status, 502);
    assert.match(response.body.toString(), /longer than 1048576 bytes/);
    assert.equal(setup.app.deliveries.length, 1);
  });

  it('gives up a fresh connection that stays silent for initTimeout', async () => {
    setup = await Setup.start(() => undefined, { initTimeout: 40 });
    const response = await setup.get('/');
    assert.equal(response.status, 503);
    assert.match(response.body.toString(), /did not acknowledge the request within 40 ms/);
    assert.equal(setup.app.deliveries.length, 3);
  });

  it('waits beyond initTimeout once the request was acknowledged', async () => {
    setup = await Setup.start(
      (delivery) => {
        delivery.write(RECEIVED);
        setTimeout(() => delivery.answer(200, ['X: y'], 'late'), 150);
      },
      { initTimeout: 40 },
    );
    assert.equal((await setup.get('/')).body.toString(), 'late');
  });

  it('says 504 after connTimeout without traffic, and sends ABORT_REQUEST', async () => {
    setup = await Setup.start((delivery) => void delivery.write(RECEIVED), { connTimeout: 60 });
    const response = await setup.get('/');
    assert.equal(response.status, 504);
    await eventually('abort', () => setup.app.connections[0]?.aborted === true);
    assert.equal(setup.app.deliveries.length, 1);
  });

  it('cuts a response off that stands still for connTimeout', async () => {
    setup = await Setup.start(
      (delivery) =>
        void delivery.write(RECEIVED, encodeRespHeader(200, ['X: y']), encodeStream(Buffer.from('a'))),
      { connTimeout: 60 },
    );
    const client = setup.client();
    client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await eventually('client cut off', () => client.ended);
    const [response] = client.responses(['GET']);
    assert.deepEqual([response?.status, response?.body.toString(), response?.complete], [200, 'a', false]);
  });

  for (const [when, start] of [
    ['before the response', []],
    ['in the middle of the response', [encodeRespHeader(200, ['X: y']), encodeStream(Buffer.from('a'))]],
  ] as const) {
    it(`sends ABORT_REQUEST and closes when the client leaves ${when}`, async () => {
      setup = await Setup.start((delivery) => void delivery.write(RECEIVED, ...start));
      const client = setup.client();
      client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
      await eventually('delivery', () => setup.app.deliveries.length === 1);
      if (start.length > 0) await client.until(() => client.received.length > 0);
      client.close();
      await eventually('close', () => setup.app.connections[0]?.closedByServer === true);
      assert.equal(setup.app.connections[0]?.aborted, true);
      await eventually('log', () => setup.log.length === 1);
      assert.equal(setup.log[0]?.status, start.length > 0 ? 200 : 0);
      assert.equal(setup.app.deliveries.length, 1);
    });
  }

  it('sends ABORT_REQUEST when the client leaves during its upload', async () => {
    setup = await Setup.start((delivery) => void delivery.write(RECEIVED));
    const client = setup.client();
    client.send('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\npart');
    await eventually('part of the body', () => setup.app.deliveries[0]?.bodyBytes === 4);
    client.close();
    await eventually('close', () => setup.app.connections[0]?.closedByServer === true);
    assert.equal(setup.app.connections[0]?.aborted, true);
  });

  it('delivers nothing if the client leaves during a chunked upload that is being collected', async () => {
    setup = await Setup.start(ok);
    const client = setup.client();
    client.send('POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n');
    await sleep(30);
    client.close();
    await sleep(150);
    assert.equal(setup.app.deliveries.length, 0);
    assert.equal(setup.log[0]?.status, 0);
  });

  it('closes the client connection if announced bytes do not come', async () => {
    setup = await Setup.start((delivery) => {
      delivery.write(
        RECEIVED,
        encodeRespHeader(200, ['Content-Length: 10']),
        encodeStream(Buffer.from('12345')),
      );
      setTimeout(() => delivery.write(encodeEmpty(PacketType.RespEnd)), 30);
    });
    const client = setup.client();
    client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await eventually('client cut off', () => client.ended);
    assert.equal(client.responses(['GET'])[0]?.body.toString(), '12345');
    assert.ok(setup.errors.some((line) => /5 bytes of the announced Content-Length are missing/.test(line)));
  });

  it('cuts a response off that a second delivery ends before its header, when the first one got into its body', async () => {
    setup = await Setup.start((delivery) => {
      if (delivery.number > 1) {
        delivery.write(RECEIVED, encodeEmpty(PacketType.RespEnd));
        return;
      }
      delivery.write(RECEIVED, encodeRespHeader(200, ['X: y']), encodeStream(Buffer.from('begun')));
      setTimeout(() => delivery.connection.close(), 30);
    });
    const client = setup.client();
    client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await eventually('client cut off', () => client.ended);
    const [response] = client.responses(['GET']);
    assert.deepEqual([response?.status, response?.complete], [200, false]);
    assert.equal(response?.body.toString(), 'begun');
    assert.ok(setup.errors.some((line) => /cut off: The response ended before its header/.test(line)));
    assert.equal((await setup.get('/')).status, 500);
  });

  it('drops the client without a word at "Status: 444"', async () => {
    setup = await Setup.start((delivery) => delivery.answer(200, ['Status: 444', 'X: y'], 'text'));
    const client = setup.client();
    client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await eventually('client cut off', () => client.ended);
    assert.equal(client.received.length, 0);
  });

  it('stops at the tenth internal redirect', async () => {
    setup = await Setup.start((delivery) => delivery.answer(200, ['Location: /again'], ''));
    const response = await setup.get('/');
    assert.equal(response.status, 500);
    assert.equal(setup.app.deliveries.length, 11);
  });

  it('says 431 to a request that does not fit the packet limit of the application', async () => {
    setup = await Setup.start(ok, { packetLimit: 4096 });
    const response = await setup.request(`GET / HTTP/1.1\r\nHost: h\r\nX-Long: ${'x'.repeat(4000)}\r\n\r\n`);
    assert.equal(response.status, 431);
    assert.equal(setup.app.deliveries.length, 0);
  });

  it('survives a header section in the body that never ends', async () => {
    setup = await Setup.start((delivery) => {
      const line = encodeStream(Buffer.alloc(16_000, 'x'));
      delivery.write(RECEIVED, line, line, line, line, line);
    });
    assert.equal((await setup.get('/')).status, 500);
  });

  it('answers a broken upload on a running request by closing', async () => {
    setup = await Setup.start((delivery) => void delivery.write(RECEIVED));
    const client = setup.client();
    client.send('POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n');
    await eventually('delivery', () => setup.app.deliveries.length === 1);
    client.send('not a chunk\r\n');
    await eventually('client cut off', () => client.ended);
    await eventually('abort', () => setup.app.connections[0]?.aborted === true);
  });

  it('does not let one bad request harm its neighbours', async () => {
    const held: FakeDelivery[] = [];
    setup = await Setup.start((delivery) => {
      if (delivery.request.queryString === 'bad') delivery.write(Buffer.from('nonsense'));
      else held.push(delivery);
    });
    const good = setup.get('/?good');
    await eventually('delivery', () => held.length === 1);
    assert.equal((await setup.get('/?bad')).status, 503);
    await sleep(10);
    held[0]?.answer(200, ['X: y'], 'fine');
    assert.equal((await good).body.toString(), 'fine');
  });
});
