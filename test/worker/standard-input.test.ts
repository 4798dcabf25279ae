import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { PacketType } from '#lib/codec/index.js';
import { lsnodes, nodeApp, rawApp } from '../cli/support/lsnode.js';

const apps = {
  'raw style': { 'app.mjs': rawApp('response.send(200, null, `${request.url} by ${process.pid}`)') },
  'node style': { 'app.js': nodeApp('res.end(`${req.url} by ${process.pid}`)') },
};

for (const [style, files] of Object.entries(apps)) {
  describe(`A worker with the server's connection on descriptor 0, ${style}`, () => {
    const start = lsnodes();

    it('serves it, request after request', async () => {
      const lsnode = start({ stdin: 'connected', files });
      for (let n = 0; n < 5; n++) {
        const response = await lsnode.connection.request({ url: `/${n}` });
        assert.deepEqual([response.status, response.text], [200, `/${n} by ${lsnode.pid}`]);
      }
    });

    it('ends at once when the server closes it', async () => {
      const lsnode = start({ stdin: 'connected', files });
      await lsnode.connection.request();
      lsnode.connection.close();
      assert.equal(await lsnode.exitCode(500), 0);
      assert.equal(lsnode.stderr, '');
    });

    it('ends when the server has closed it before the app was loaded', async () => {
      const lsnode = start({ stdin: 'connected', files });
      lsnode.connection.close();
      assert.equal(await lsnode.exitCode(), 0);
      assert.equal(lsnode.stderr, '');
    });

    it('ends when the server gives up an idle connection with ABORT_REQUEST', async () => {
      const lsnode = start({ stdin: 'connected', files });
      await lsnode.connection.request();
      await lsnode.connection.abort();
      assert.equal(await lsnode.exitCode(500), 0);
    });

    it('ends after garbage, with a line that says so', async () => {
      const lsnode = start({ stdin: 'connected', files });
      await lsnode.connection.write('GET / HTTP/1.1\r\n\r\n');
      assert.equal(await lsnode.exitCode(), 0);
      assert.match(
        lsnode.stderr,
        /^lsapi\[\d+\]: connection \d+ closed: invalid request packet: .*magic.*\n$/,
      );
    });
  });

  describe(`A worker with the server's listening socket on descriptor 0, ${style}`, () => {
    const start = lsnodes();

    it('serves several connections at once, in one process', async () => {
      const lsnode = start({ files });
      const clients = await Promise.all(Array.from({ length: 10 }, () => lsnode.connect()));
      for (let round = 0; round < 3; round++) {
        const responses = await Promise.all(clients.map((client, n) => client.request({ url: `/${n}` })));
        assert.deepEqual(
          responses.map(({ text }) => text),
          clients.map((_, n) => `/${n} by ${lsnode.pid}`),
        );
      }
    });

    it('goes on when connections come and go', async () => {
      const lsnode = start({ files });
      for (let n = 0; n < 5; n++) {
        const client = await lsnode.connect();
        assert.equal((await client.request()).status, 200);
        client.close();
      }
      await delay(20);
      assert.equal(lsnode.alive, true);
      assert.equal(lsnode.stderr, '');
    });

    it('goes on after garbage on one connection', async () => {
      const lsnode = start({ files });
      const [good, bad] = [await lsnode.connect(), await lsnode.connect()];
      await good.request();
      await bad.write('garbage that is no packet');
      await bad.closed();
      assert.equal((await good.request()).status, 200);
      assert.match(lsnode.stderr, /invalid request packet/);
    });
  });
}

describe('The acknowledgement of a request by a worker', () => {
  const start = lsnodes();
  const files = { 'app.mjs': rawApp('await delay(200); response.send(200, null, "slow")') };
  const busy = {
    'app.mjs': rawApp(
      'for (const end = Date.now() + 300; Date.now() < end;); response.send(200, null, "busy")',
    ),
  };

  it('does not wait for JavaScript: on a connection on descriptor 0, for every request', async () => {
    const lsnode = start({ stdin: 'connected', files: busy });
    for (let n = 0; n < 2; n++) {
      await lsnode.connection.send();
      await lsnode.connection.until(() => lsnode.connection.response.acknowledged);
      assert.equal(lsnode.connection.response.status, -1);
      await lsnode.connection.completed();
    }
  });

  it('does not wait for JavaScript: on a fresh connection to a listening socket', async () => {
    const lsnode = start({ files: busy });
    const client = await lsnode.connect();
    await client.send();
    await client.until(() => client.response.acknowledged);
    assert.equal(client.response.status, -1);
    await client.completed();
  });

  it('does not wait for the answer of a handler that takes its time', async () => {
    const lsnode = start({ files });
    const client = await lsnode.connect();
    await client.request();
    await client.send();
    await client.until(() => client.response.acknowledged);
    assert.equal(client.response.status, -1);
    await client.completed();
  });

  it('comes once, before everything else', async () => {
    const lsnode = start({ stdin: 'connected', files });
    for (let n = 0; n < 2; n++) {
      const { packets } = await lsnode.connection.request();
      assert.deepEqual(
        packets.map(({ type }) => type),
        [PacketType.ReqReceived, PacketType.RespHeader, PacketType.RespStream, PacketType.RespEnd],
      );
    }
  });
});
