import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { lsnodes, nodeApp, rawApp, type Lsnode } from '../cli/support/lsnode.js';

/** The same failure in both styles: `/fail` fails, `/begun` has begun to answer, everything else hangs. */
function failing(statement: string): Record<string, Record<string, string>> {
  return {
    'raw style': {
      'app.mjs': rawApp(`
        if (request.url === '/begun') await response.write('begun');
        if (request.url === '/fail') { ${statement} }
        await delay(9000);`),
    },
    'node style': {
      'app.js': nodeApp(`
        if (req.url === '/begun') res.write('begun');
        if (req.url === '/fail') { ${statement} }
        await delay(9000);`),
    },
  };
}

describe('The end of a worker by its app', () => {
  const start = lsnodes();

  /** Requests that hang, one of them half answered, and one that brings the process down. */
  async function bringDown(lsnode: Lsnode): Promise<unknown[]> {
    const clients = [await lsnode.connect(), await lsnode.connect(), await lsnode.connect()];
    const urls = ['/hang', '/begun', '/fail'];
    for (const [n, client] of clients.entries()) {
      await client.send({ url: urls[n] ?? '' });
      if (n < 2) await client.until(() => client.response.acknowledged);
      if (n === 1) await client.until(() => client.response.text === 'begun');
    }
    const responses = await Promise.all(clients.map((client) => client.completed()));
    await Promise.all(clients.map((client) => client.closed()));
    return responses.map(({ status, connectionClosed }) => [status, connectionClosed]);
  }

  const ANSWERED = [
    [500, true],
    [200, true],
    [500, true],
  ];

  const ends: Record<string, [statement: string, code: number, output: RegExp]> = {
    'an uncaught exception': [
      'setTimeout(() => { throw new Error("the reason"); });',
      1,
      /Error: the reason\n\s+at /,
    ],
    'an unhandled rejection': [
      'void Promise.reject(new Error("the reason"));',
      1,
      /Error: the reason\n\s+at /,
    ],
    'process.exit()': ['process.exit(7);', 7, /^/],
    'process.exitCode and process.exit()': [
      'process.exitCode = 9; setTimeout(() => process.exit());',
      9,
      /^/,
    ],
  };
  for (const [what, [statement, code, output]] of Object.entries(ends)) {
    for (const [style, files] of Object.entries(failing(statement))) {
      it(`${what}: every request is answered before, ${style}`, async () => {
        const lsnode = start({ files });
        assert.deepEqual(await bringDown(lsnode), ANSWERED);
        assert.equal(await lsnode.exitCode(500), code);
        assert.match(lsnode.stderr, output);
      });
    }
  }

  it('an uncaught exception that the app handles itself does not end it', async () => {
    const lsnode = start({
      files: {
        'app.mjs': `process.on('uncaughtException', (error) => console.log('handled', error.message));
          ${rawApp('if (request.url === "/fail") setTimeout(() => { throw new Error("it"); }); await delay(50); response.send(200, null, "fine")')}`,
      },
    });
    const client = await lsnode.connect();
    for (const url of ['/fail', '/']) assert.equal((await client.request({ url })).text, 'fine');
    assert.match(lsnode.stderr, /handled it/);
  });

  it("a handler's own error does not end it", async () => {
    for (const files of Object.values(failing('throw new Error("the reason");'))) {
      const lsnode = start({ files });
      const client = await lsnode.connect();
      assert.equal((await client.request({ url: '/fail' })).status, 500);
      assert.equal((await client.request({ url: '/fail' })).status, 500);
      assert.equal(lsnode.alive, true);
      await lsnode.printed(/the reason/);
    }
  });

  it('an app that closes its server: requests are finished, its callback called, the process ends', async () => {
    const lsnode = start({
      files: {
        'app.js': nodeApp(`
          if (req.url === '/close') server.close(() => console.log('closed'));
          await delay(100);
          res.end('answer');`),
      },
    });
    const [closing, other] = [await lsnode.connect(), await lsnode.connect()];
    await other.send();
    await other.until(() => other.response.acknowledged);
    assert.equal((await closing.request({ url: '/close' })).text, 'answer');
    assert.equal((await other.completed()).text, 'answer');
    assert.equal(await lsnode.exitCode(500), 0);
    assert.match(lsnode.stderr, /closed\n$/);
  });

  it('an app that closes its server and has things to do: it may finish them', async () => {
    const lsnode = start({
      files: {
        'app.js': nodeApp(`
          server.close(() => setTimeout(() => { console.log('written'); process.exitCode = 4; }, 300));
          res.end('answer');`),
      },
    });
    await (await lsnode.connect()).request();
    assert.equal(await lsnode.exitCode(1000), 4);
    assert.match(lsnode.stderr, /written\n$/);
  });

  it('an app that closes its server and never ends: it is ended after the grace', async () => {
    const lsnode = start({
      files: { 'app.js': nodeApp(`server.close(); setInterval(() => {}, 50); res.end('answer');`) },
      env: { LSNODE_GRACE: '1' },
    });
    await (await lsnode.connect()).request();
    assert.equal(await lsnode.exitCode(2000), 0);
    assert.match(lsnode.stderr, /still busy 1 s after it closed its server/);
  });

  it('an app that lets go of its server: the process ends when nothing else is left', async () => {
    const lsnode = start({
      files: {
        'app.js': nodeApp(`server.unref(); res.end('answer'); setTimeout(() => console.log('last'), 100)`),
      },
    });
    assert.equal((await (await lsnode.connect()).request()).text, 'answer');
    assert.equal(await lsnode.exitCode(500), 0);
    assert.match(lsnode.stderr, /last\n$/);
  });

  it("the app's exit listeners run, after the answers", async () => {
    const lsnode = start({
      files: {
        'app.mjs': `process.on('exit', (code) => console.log('exit', code));${rawApp('process.exit(3)')}`,
      },
    });
    const client = await lsnode.connect();
    assert.equal((await client.request()).status, 500);
    assert.equal(await lsnode.exitCode(), 3);
    assert.match(lsnode.stderr, /exit 3\n$/);
  });

  it('a body that the server still sends does not lose the answer', async () => {
    const lsnode = start({ stdin: 'connected', files: { 'app.mjs': rawApp('process.exit(3)') } });
    const { connection } = lsnode;
    await connection.send({ method: 'POST', body: 'part', bodyLength: 1000 });
    assert.equal((await connection.completed()).status, 500);
    await delay(1);
    assert.equal(await lsnode.exitCode(), 3);
  });
});
