import assert from 'node:assert/strict';
import { encodeEmpty, encodeRespHeader, encodeStream, PacketType } from '#lib/codec/index.js';
import type { FakeDelivery } from './support/fake-app.js';
import { eventually, sleep } from './support/http-client.js';
import { header, ok, Setup } from './support/setup.js';

const MIB = 1_048_576;
const END = encodeEmpty(PacketType.RespEnd);
const PIECE = encodeStream(Buffer.alloc(16_384, 'd'));

describe('gateway: streams', function () {
  this.timeout(60_000);
  let setup: Setup;
  afterEach(() => setup.stop());

  it('passes events on as they come', async () => {
    let delivery: FakeDelivery | undefined;
    setup = await Setup.start((arrived) => {
      delivery = arrived;
      arrived.write(encodeRespHeader(200, ['Content-Type: text/event-stream']));
    });
    const client = setup.client();
    client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.until(() => client.received.includes('\r\n\r\n'));
    for (const text of ['data: 1\n\n', 'data: 2\n\n']) {
      assert.ok(!client.received.includes(text));
      delivery?.write(encodeStream(Buffer.from(text)));
      assert.ok(await client.until(() => client.received.includes(text), 1000));
    }
    delivery?.write(END);
    const [response] = await client.finals(['GET']);
    assert.equal(response?.complete, true);
    assert.equal(header(response, 'transfer-encoding'), 'chunked');
  });

  it('passes an upload on as it comes', async () => {
    setup = await Setup.start(ok);
    const client = setup.client();
    client.send('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\n');
    await eventually('delivery before the body', () => setup.app.deliveries.length === 1);
    const [delivery] = setup.app.deliveries;
    for (const [text, total] of [
      ['abc', 3],
      ['def', 6],
    ] as const) {
      client.send(text);
      await eventually(`${total} bytes`, () => delivery?.bodyBytes === total);
    }
    assert.equal((await client.finals(['POST']))[0]?.body.toString(), 'ok');
  });

  it('holds the application back while the client does not read', async () => {
    let written = 0;
    setup = await Setup.start((delivery) => {
      delivery.write(encodeRespHeader(200, ['X: y']));
      const { socket } = delivery.connection;
      const pump = (): void => {
        while (written < 256 * MIB) {
          written += 16_384;
          if (!socket.write(PIECE)) {
            socket.once('drain', pump);
            return;
          }
        }
        socket.write(END);
      };
      pump();
    });
    const client = setup.client();
    client.socket.pause();
    client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await sleep(500);
    const before = written;
    await sleep(300);
    assert.equal(written, before, 'the application could go on writing');
    assert.ok(written < 32 * MIB, `${written} bytes are somewhere`);
    client.socket.removeAllListeners('data');
    let received = 0;
    client.socket.on('data', (chunk: Buffer) => (received += chunk.length));
    client.socket.resume();
    await eventually('the rest', () => received > 256 * MIB, 30_000);
  });

  it('holds the client back while the application does not read', async () => {
    setup = await Setup.start((delivery) => {
      delivery.body = undefined;
      delivery.connection.socket.pause();
    });
    const client = setup.client();
    const total = 128 * MIB;
    let sent = 0;
    client.send(`POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${total}\r\n\r\n`);
    const piece = Buffer.alloc(65_536, 'u');
    const pump = (): void => {
      while (sent < total) {
        sent += piece.length;
        if (!client.socket.write(piece)) {
          client.socket.once('drain', pump);
          return;
        }
      }
    };
    pump();
    await sleep(500);
    const before = sent;
    await sleep(300);
    assert.equal(sent, before, 'the client could go on sending');
    assert.ok(sent < 32 * MIB, `${sent} bytes are somewhere`);
    const [delivery] = setup.app.deliveries;
    delivery?.connection.socket.resume();
    await delivery?.wholeBody();
    delivery?.answer(200, ['X: y'], 'whole');
    assert.equal((await client.finals(['POST']))[0]?.body.toString(), 'whole');
  });

  it('needs no memory for what passes through', async () => {
    setup = await Setup.start((delivery) => {
      delivery.body = undefined;
      void delivery.wholeBody().then(() => {
        delivery.write(encodeRespHeader(200, [`Content-Length: ${128 * MIB}`]));
        let left = 128 * 64;
        const pump = (): void => {
          while (left-- > 0)
            if (!delivery.write(PIECE)) return void delivery.connection.socket.once('drain', pump);
          delivery.write(END);
        };
        pump();
      });
    });
    const client = setup.client();
    client.socket.removeAllListeners('data');
    let received = 0;
    client.socket.on('data', (chunk: Buffer) => (received += chunk.length));
    const before = process.memoryUsage().rss;
    let peak = 0;
    const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 5);
    client.send(`POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${128 * MIB}\r\n\r\n`);
    const piece = Buffer.alloc(65_536, 'u');
    for (let sent = 0; sent < 128 * MIB; sent += piece.length) {
      if (!client.socket.write(piece)) await new Promise((resolve) => client.socket.once('drain', resolve));
    }
    await eventually('the whole response', () => received > 128 * MIB, 30_000);
    clearInterval(watch);
    // All three sides live in this process, and their garbage takes a while to be collected.
    assert.ok(peak - before < 128 * MIB, `memory grew by ${Math.round((peak - before) / MIB)} MiB`);
  });
});

describe('gateway: request bodies', () => {
  let setup: Setup;
  afterEach(() => setup.stop());

  it('delivers a small chunked upload with its length', async () => {
    setup = await Setup.start(ok);
    const client = setup.client();
    client.send('POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n');
    await sleep(20);
    client.send('3\r\ndef\r\n0\r\n\r\n');
    await client.finals(['POST']);
    const [delivery] = setup.app.deliveries;
    assert.equal(delivery?.request.reqBodyLen, 6);
    assert.deepEqual(Object.fromEntries(delivery.request.knownHeaders), { 'Content-Length': '6', Host: 'h' });
    assert.equal(Buffer.concat(delivery.body ?? []).toString(), 'abcdef');
  });

  it('delivers a long chunked upload without a length, whole', async () => {
    setup = await Setup.start(() => undefined);
    const client = setup.client();
    const chunk = Buffer.alloc(500_000, 'c');
    client.send('POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n');
    for (let n = 0; n < 6; n++) {
      client.send(`${chunk.length.toString(16)}\r\n`);
      client.send(chunk);
      client.send('\r\n');
    }
    client.send('0\r\n\r\n');
    await eventually('all bytes', () => setup.app.deliveries[0]?.bodyBytes === 6 * chunk.length);
    const [delivery] = setup.app.deliveries;
    assert.equal(delivery?.request.reqBodyLen, -1);
    assert.equal(Object.fromEntries(delivery.request.knownHeaders)['Transfer-Encoding'], 'chunked');
    delivery.answer(411, ['X: y'], 'no');
    assert.equal((await client.finals(['POST']))[0]?.status, 411);
    await eventually('connection closed', () => setup.app.connections[0]?.closedByServer === true);
  });

  it('refers to Content-Length for bodies of 2 GiB and more', async () => {
    setup = await Setup.start((delivery) => delivery.answer(413, ['X: y'], ''));
    const length = 3 * 1024 * MIB;
    const response = await setup.request(
      `PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: ${length}\r\n\r\nstart`,
    );
    assert.equal(response.status, 413);
    const [delivery] = setup.app.deliveries;
    assert.equal(delivery?.request.reqBodyLen, -2);
    assert.equal(delivery.request.bodyLength, length);
    await eventually('connection closed', () => setup.app.connections[0]?.closedByServer === true);
  });

  it('answers Expect: 100-continue before the application does', async () => {
    setup = await Setup.start(ok);
    const client = setup.client();
    client.send('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n');
    await client.until(() => client.received.includes('100 Continue'));
    client.send('x');
    const responses = await client.finals(['POST']);
    assert.deepEqual(
      responses.map(({ status }) => status),
      [100, 200],
    );
  });

  it('gets the answer of an application that closes without reading the upload', async () => {
    setup = await Setup.start((delivery) => {
      delivery.connection.socket.pause();
      delivery.answer(413, ['Content-Type: text/plain'], 'too long');
      delivery.connection.close();
    });
    for (let n = 0; n < 20; n++) {
      const body = 'x'.repeat(3_000_000);
      const response = await setup.request(
        `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      assert.equal(response.status, 413);
    }
    assert.equal(setup.app.deliveries.length, 20);
  });

  it('sends the body again after an internal redirect', async () => {
    setup = await Setup.start((delivery) => {
      void delivery.wholeBody().then((body) => {
        if (delivery.number === 1) delivery.answer(200, ['Location: /next'], '');
        else delivery.answer(200, ['X: y'], body);
      });
    });
    const response = await setup.request('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello');
    assert.equal(response.body.toString(), 'hello');
    assert.equal(setup.app.deliveries[1]?.request.method, 'POST');
  });
});
