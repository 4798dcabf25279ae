import assert from 'node:assert/strict';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { lsnodes, nodeApp, rawApp, type Lsnode } from '../cli/support/lsnode.js';

/** The server's ways to stop a process (protocol §4.6). */
const STOPS: Record<string, readonly NodeJS.Signals[]> = {
  SIGTERM: ['SIGTERM'],
  SIGUSR1: ['SIGUSR1'],
  'SIGTERM and SIGUSR1': ['SIGTERM', 'SIGUSR1'],
  'SIGUSR1 and SIGTERM': ['SIGUSR1', 'SIGTERM'],
  SIGINT: ['SIGINT'],
  'SIGTERM again and again': ['SIGTERM', 'SIGTERM', 'SIGTERM'],
};

function signal(lsnode: Lsnode, signals: readonly NodeJS.Signals[]): void {
  for (const name of signals) lsnode.child.kill(name);
}

const apps = {
  'raw style': {
    'app.mjs': rawApp(`
      if (request.url === '/pid') return response.send(200, null, 'ready');
      if (request.url === '/stream') await response.write('begun ');
      await delay(300);
      response.end('finished');`),
  },
  'node style': {
    'app.js': nodeApp(`
      if (req.url === '/pid') return res.end('ready');
      if (req.url === '/stream') res.write('begun ');
      await delay(300);
      res.end('finished');`),
  },
};

for (const [style, files] of Object.entries(apps)) {
  describe(`A worker that is told to stop, ${style}`, () => {
    const start = lsnodes();

    for (const [name, signals] of Object.entries(STOPS)) {
      it(`by ${name}, idle: is gone within 100 ms`, async () => {
        const lsnode = start({ files });
        const client = await lsnode.connect();
        await client.request({ url: '/pid' });
        const before = performance.now();
        signal(lsnode, signals);
        await once(lsnode.child, 'exit');
        const took = performance.now() - before;
        assert.equal(lsnode.child.exitCode, 0, lsnode.stderr);
        assert.ok(took < 100, `${took} ms`);
        // The server must not send another request into a connection that is about to go.
        await client.closed();
        assert.equal(client.response.connectionClosed, true);
        assert.equal(lsnode.stderr, '');
      });

      it(`by ${name}, with requests running: finishes them, RESP_END with CONN_CLOSE, then ends`, async () => {
        const lsnode = start({ files });
        const clients = [await lsnode.connect(), await lsnode.connect()];
        for (const [n, client] of clients.entries()) {
          await client.request({ url: '/pid' });
          await client.send({ url: n === 0 ? '/' : '/stream' });
          await client.until(() => client.response.acknowledged);
        }
        signal(lsnode, signals);
        const responses = await Promise.all(clients.map((client) => client.completed()));
        assert.deepEqual(
          responses.map(({ status, text }) => [status, text]),
          [
            [200, 'finished'],
            [200, 'begun finished'],
          ],
        );
        await Promise.all(clients.map((client) => client.closed()));
        assert.ok(responses.every(({ connectionClosed }) => connectionClosed));
        assert.equal(await lsnode.exitCode(), 0);
        assert.match(lsnode.stderr, /^lsapi\[\d+\]: SIG\w+: finishing 2 requests, then ending\n$/);
      });
    }

    it('on descriptor 0 connected: the same', async () => {
      const lsnode = start({ stdin: 'connected', files });
      await lsnode.connection.send({ url: '/stream' });
      await lsnode.connection.until(() => lsnode.connection.response.acknowledged);
      signal(lsnode, ['SIGTERM', 'SIGUSR1']);
      const response = await lsnode.connection.completed();
      await lsnode.connection.closed();
      assert.deepEqual([response.text, response.connectionClosed], ['begun finished', true]);
      assert.equal(await lsnode.exitCode(), 0);
    });

    it('accepts no new connection meanwhile: the server keeps it for the next process', async () => {
      const lsnode = start({ files });
      const client = await lsnode.connect();
      await client.send();
      await client.until(() => client.response.acknowledged);
      signal(lsnode, ['SIGTERM']);
      await lsnode.printed(/finishing 1 request/);
      await delay(30); // listening ends in the next turn of its loop
      const late = await lsnode.connect();
      await late.send();
      assert.equal((await client.completed()).text, 'finished');
      assert.equal(await lsnode.exitCode(), 0);
      assert.deepEqual([late.response.acknowledged, late.ended], [false, false]);
    });

    it('for longer than the grace: 500 for what is still running, exit status 1', async () => {
      const lsnode = start({
        files: {
          'app.mjs': rawApp(
            'if (request.url === "/begun") await response.write("begun"); await delay(9000);',
          ),
        },
        env: { LSNODE_GRACE: '1' },
      });
      const [silent, begun] = [await lsnode.connect(), await lsnode.connect()];
      await silent.send();
      await begun.send({ url: '/begun' });
      await begun.headerReceived();
      await silent.until(() => silent.response.acknowledged);
      signal(lsnode, ['SIGTERM']);
      const responses = [await silent.completed(), await begun.completed()];
      assert.deepEqual(
        responses.map(({ status, connectionClosed }) => [status, connectionClosed]),
        [
          [500, true],
          [200, true],
        ],
      );
      assert.equal(await lsnode.exitCode(), 1);
      assert.match(lsnode.stderr, /still running 1 s after SIGTERM \(LSNODE_GRACE\)/);
    });
  });
}

describe('Signals and the app', () => {
  const start = lsnodes();

  it('SIGINT twice: at once, but not without an answer', async () => {
    const lsnode = start({ files: { 'app.mjs': rawApp('await delay(9000)') } });
    const client = await lsnode.connect();
    await client.send();
    await client.until(() => client.response.acknowledged);
    signal(lsnode, ['SIGINT']);
    await lsnode.printed(/SIGINT: finishing/);
    signal(lsnode, ['SIGINT']);
    assert.equal((await client.completed()).status, 500);
    assert.equal(await lsnode.exitCode(500), 130);
  });

  it('SIGUSR1 opens no inspector', async () => {
    const lsnode = start({
      files: { 'app.mjs': rawApp('await delay(300); response.send(200, null, "fine")') },
    });
    const client = await lsnode.connect();
    await client.send();
    await client.until(() => client.response.acknowledged);
    signal(lsnode, ['SIGUSR1']);
    assert.equal((await client.completed()).text, 'fine');
    assert.equal(await lsnode.exitCode(), 0);
    assert.doesNotMatch(lsnode.stderr, /[Dd]ebugger/);
  });

  it('SIGUSR1 at any moment of the start ends the process and leaves no inspector behind', async function () {
    this.timeout(60_000);
    const files = {
      'app.mjs': `await new Promise((resolve) => setTimeout(resolve, 30));${rawApp('response.end()')}`,
    };
    for (let after = 0; after < 120; after += 6) {
      const lsnode = start({ files });
      await delay(after);
      lsnode.child.kill('SIGUSR1');
      await Promise.race([lsnode.exited, delay(1500)]);
      if (lsnode.alive) {
        // Nothing tells of a signal that came so early that Node tried, and failed, to open the inspector, because
        // the port was in use. Servers send SIGTERM as well.
        assert.match(lsnode.stderr, /Starting inspector on .* failed/);
        lsnode.child.kill('SIGTERM');
      }
      const { code, signal: name } = await lsnode.exited;
      // Before Node has begun to listen to it the signal itself ends the process.
      assert.ok(code === 0 || name !== null, `${after} ms: ${code} ${lsnode.stderr}`);
      await lsnode.end();
    }
  });

  it('SIGTERM while the app is loading ends the process', async () => {
    const lsnode = start({
      files: { 'app.mjs': `console.log('loading'); await new Promise((r) => setTimeout(r, 9e3));` },
    });
    await lsnode.printed(/loading/);
    signal(lsnode, ['SIGTERM']);
    assert.equal(await lsnode.exitCode(500), 0);
  });

  describe('an app that listens to SIGTERM', () => {
    const cleaning = (body: string): Record<string, string> => ({
      'app.js': `${nodeApp('if (req.url === "/slow") await delay(200); res.end("answered");')}
        process.on('SIGTERM', async (...given) => { ${body} });
        setInterval(() => {}, 1000);`,
    });

    it('may clean up before it ends, by itself', async () => {
      const lsnode = start({
        files: cleaning('console.log("cleaning"); await delay(300); console.log("clean"); process.exit(3);'),
      });
      const client = await lsnode.connect();
      await client.request();
      signal(lsnode, ['SIGTERM', 'SIGUSR1']);
      assert.equal(await lsnode.exitCode(), 3);
      assert.match(lsnode.stderr, /cleaning\nclean\n$/);
    });

    it('may end with 143, the status of that signal: it is an orderly end', async () => {
      const lsnode = start({ files: cleaning('process.exit(143);') });
      const client = await lsnode.connect();
      await client.request();
      signal(lsnode, ['SIGTERM', 'SIGUSR1']);
      assert.equal(await lsnode.exitCode(), 0);
    });

    it('may close its server and end with its last callback, as it would in plain Node', async () => {
      const lsnode = start({
        files: cleaning('server.close((error) => { console.log("closed", error); process.exit(4); });'),
      });
      const client = await lsnode.connect();
      await client.send({ url: '/slow' });
      await client.until(() => client.response.acknowledged);
      signal(lsnode, ['SIGTERM']);
      assert.equal((await client.completed()).text, 'answered');
      assert.equal(await lsnode.exitCode(), 4);
      assert.match(lsnode.stderr, /closed undefined/);
    });

    it('may close its server late', async () => {
      const lsnode = start({
        files: cleaning(
          'await delay(100); server.close((error) => { console.log("closed", error); process.exit(4); });',
        ),
      });
      await (await lsnode.connect()).request();
      signal(lsnode, ['SIGTERM']);
      assert.equal(await lsnode.exitCode(), 4);
      assert.match(lsnode.stderr, /closed undefined/);
    });

    for (const [name, signals] of Object.entries({ SIGUSR1: ['SIGUSR1'], SIGINT: ['SIGINT'] } as const)) {
      it(`is told of it when only ${name} comes`, async () => {
        const lsnode = start({ files: cleaning('console.log("told", ...given); process.exit(5);') });
        await (await lsnode.connect()).request();
        signal(lsnode, signals);
        assert.equal(await lsnode.exitCode(), 5);
        assert.match(lsnode.stderr, /told SIGTERM 15/);
      });
    }

    it('is told of it when the server closes its connection', async () => {
      const lsnode = start({ stdin: 'connected', files: cleaning('console.log("told"); process.exit(5);') });
      await lsnode.connection.request();
      lsnode.connection.close();
      assert.equal(await lsnode.exitCode(), 5);
    });

    it('is ended when it does not end by itself', async () => {
      const lsnode = start({ files: cleaning(''), env: { LSNODE_GRACE: '1' } });
      await (await lsnode.connect()).request();
      signal(lsnode, ['SIGTERM', 'SIGUSR1']);
      assert.equal(await lsnode.exitCode(3000), 0);
      assert.match(lsnode.stderr, /still busy 1 s after its last request/);
    });
  });
});
