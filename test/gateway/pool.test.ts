import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { encodeEmpty, encodeRespHeader, encodeStream, PacketType } from '#lib/codec/index.js';
import { FakeApp, type FakeDelivery } from './support/fake-app.js';
import { eventually, sleep } from './support/http-client.js';
import { header, ok, Setup } from './support/setup.js';

describe('gateway: connections to the application', () => {
  let setup: Setup;
  afterEach(() => setup.stop());

  it('takes one connection for requests that follow each other', async () => {
    setup = await Setup.start(ok);
    for (let n = 0; n < 5; n++) assert.equal((await setup.get(`/${n}`)).status, 200);
    assert.equal(setup.app.connections.length, 1);
    assert.equal(setup.app.deliveries.length, 5);
  });

  it('takes the connection again after a body in both directions', async () => {
    setup = await Setup.start((delivery) => {
      void delivery.wholeBody().then((body) => delivery.answer(200, ['X: y'], body));
    });
    const body = 'x'.repeat(300_000);
    for (let n = 0; n < 3; n++) {
      const response = await setup.request(
        `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      assert.equal(response.body.toString(), body);
    }
    assert.equal(setup.app.connections.length, 1);
  });

  it('does not take a connection again after CONN_CLOSE, before or behind RESP_END', async () => {
    const close = encodeEmpty(PacketType.ConnClose);
    const end = encodeEmpty(PacketType.RespEnd);
    setup = await Setup.start((delivery) => {
      const last = delivery.number === 1 ? [close, end] : [end, close];
      delivery.write(encodeRespHeader(200, ['X: y']), encodeStream(Buffer.from('ok')), ...last);
    });
    for (let n = 0; n < 3; n++) assert.equal((await setup.get('/')).status, 200);
    assert.equal(setup.app.connections.length, 3);
    assert.ok(setup.app.connections.slice(0, 2).every(({ closedByServer }) => closedByServer));
  });

  it('closes an idle connection on which the application says CONN_CLOSE or nonsense', async () => {
    setup = await Setup.start(ok);
    for (const bytes of [
      encodeEmpty(PacketType.ConnClose),
      Buffer.from('nonsense!'),
      encodeRespHeader(200, ['A: b']),
    ]) {
      await setup.get('/');
      const connection = setup.app.connections.at(-1);
      connection?.socket.write(bytes);
      await eventually('connection closed', () => connection?.closedByServer === true);
    }
    assert.equal(setup.app.connections.length, 3);
    assert.equal((await setup.get('/')).status, 200);
  });

  it('logs what the application writes to its error stream, also while idle', async () => {
    setup = await Setup.start(ok);
    await setup.get('/');
    const text = Buffer.from('first line\nsecond line\n');
    const pid = Buffer.from('\0PID\u0001\0\0\0', 'latin1');
    setup.app.connections[0]?.socket.write(
      Buffer.concat([pid, text].map((payload) => stderrPacket(payload))),
    );
    await eventually('two lines', () => setup.errors.length >= 2);
    assert.deepEqual(setup.errors, ['[stderr] first line', '[stderr] second line']);
  });

  it('lets requests beyond maxConnections wait, in order', async () => {
    const held: FakeDelivery[] = [];
    setup = await Setup.start((delivery) => void held.push(delivery), { maxConnections: 2 });
    const answers = [1, 2, 3, 4, 5].map(async (n) => {
      await sleep(n * 10);
      return setup.get(`/?${n}`);
    });
    await eventually('two requests', () => held.length === 2);
    await sleep(80);
    assert.equal(held.length, 2);
    for (let n = 0; n < 5; n++) {
      await eventually(`request ${n + 1}`, () => held.length > n);
      held[n]?.answer(200, ['X: y'], held[n]?.request.queryString ?? '');
    }
    assert.deepEqual(
      (await Promise.all(answers)).map(({ body }) => body.toString()),
      ['1', '2', '3', '4', '5'],
    );
    assert.equal(setup.app.connections.length, 2);
  });

  it('forgets a request that waits when its client leaves', async () => {
    const held: FakeDelivery[] = [];
    setup = await Setup.start((delivery) => void held.push(delivery), { maxConnections: 1 });
    const first = setup.get('/?first');
    await eventually('first request', () => held.length === 1);
    const impatient = setup.client();
    impatient.send('GET /?second HTTP/1.1\r\nHost: h\r\n\r\n');
    await sleep(20);
    impatient.close();
    await sleep(20);
    held[0]?.answer(200, ['X: y'], '');
    await first;
    const third = setup.get('/?third');
    await eventually('next request', () => held.length === 2);
    assert.equal(held[1]?.request.queryString, 'third');
    held[1]?.answer(200, ['X: y'], '');
    await third;
  });

  it('finds an application that was started again', async () => {
    setup = await Setup.start(ok);
    await setup.get('/');
    for (const { socket } of setup.app.connections) socket.destroy();
    assert.equal((await setup.get('/')).status, 200);
  });

  it('delivers again on a fresh connection when used ones turn out stale', async () => {
    setup = await Setup.start((delivery) => {
      // Whatever is not the first request of a connection meets a closed door.
      if (delivery.connection.deliveries.length > 1) delivery.connection.close();
      else ok(delivery);
    });
    await setup.get('/');
    assert.equal((await setup.get('/')).status, 200);
    assert.equal(setup.app.deliveries.length, 3);
  });

  it('takes no connection again on which more than the response came', async () => {
    setup = await Setup.start((delivery) => {
      const start = encodeStream(Buffer.from('late')).subarray(0, 5);
      delivery.write(
        encodeEmpty(PacketType.ReqReceived),
        encodeRespHeader(200, ['X: y']),
        encodeEmpty(PacketType.RespEnd),
        ...(delivery.number === 1 ? [start] : []),
      );
    });
    assert.equal((await setup.get('/')).status, 200);
    assert.equal((await setup.get('/')).status, 200);
    assert.equal(setup.app.connections.length, 2);
    assert.equal(setup.app.deliveries.length, 2);
  });

  it('uses the connections that the option connect() opens', async () => {
    const app = await FakeApp.start(ok);
    try {
      setup = await Setup.start(ok, {
        connect: () => connect({ path: app.path }),
        target: undefined,
      } as never);
      assert.equal((await setup.get('/')).status, 200);
      assert.equal(app.deliveries.length, 1);
      assert.equal(setup.app.deliveries.length, 0);
    } finally {
      await app.stop();
    }
  });

  it('sends pipelined requests one after the other', async () => {
    const held: FakeDelivery[] = [];
    setup = await Setup.start((delivery) => void held.push(delivery));
    const client = setup.client();
    client.send('GET /?1 HTTP/1.1\r\nHost: h\r\n\r\nGET /?2 HTTP/1.1\r\nHost: h\r\n\r\n');
    await eventually('first request', () => held.length === 1);
    await sleep(30);
    assert.equal(held.length, 1);
    held[0]?.answer(200, ['X: y'], 'one');
    await eventually('second request', () => held.length === 2);
    held[1]?.answer(200, ['X: y'], 'two');
    const responses = await client.finals(['GET', 'GET']);
    assert.deepEqual(
      responses.map(({ body }) => body.toString()),
      ['one', 'two'],
    );
  });

  it('finishes running requests when it is closed, then closes the connections', async () => {
    const held: FakeDelivery[] = [];
    setup = await Setup.start((delivery) => void held.push(delivery));
    const answer = setup.get('/');
    await eventually('request', () => held.length === 1);
    const closed = setup.gateway.close();
    held[0]?.answer(200, ['X: y'], 'last');
    assert.equal((await answer).body.toString(), 'last');
    await closed;
    await eventually('connection closed', () => setup.app.connections[0]?.closedByServer === true);
  });

  it('writes an access log entry for each request', async () => {
    setup = await Setup.start(ok);
    await setup.request('GET /a?b HTTP/1.1\r\nHost: h\r\nUser-Agent: me\r\nReferer: there\r\n\r\n');
    await eventually('entry', () => setup.log.length === 1);
    const { time, durationMs, ...rest } = setup.log[0] ?? assert.fail();
    assert.ok(Date.now() - time.getTime() < 5000 && durationMs >= 0 && durationMs < 5000);
    assert.deepEqual(rest, {
      remoteAddress: '127.0.0.1',
      method: 'GET',
      url: '/a?b',
      httpVersion: '1.1',
      status: 200,
      bytes: 2,
      referer: 'there',
      userAgent: 'me',
      deliveries: 1,
    });
    assert.equal(header(await setup.get('/'), 'content-length'), '2');
  });
});

function stderrPacket(payload: Buffer): Buffer {
  const packet = encodeStream(payload);
  packet[2] = PacketType.StderrStream;
  return packet;
}
