import assert from 'node:assert/strict';
import net from 'node:net';
import type { Hazard } from '#lib/process-group/fork-safety.js';
import { formatEndpoint } from '#lib/process-group/process-files.js';
import { printed } from './support/fork-script.js';

/** Hazards that are found after an app, here statements, has been loaded. */
async function hazardsOf(app: string, wait = 10_000, env: Record<string, string> = {}): Promise<Hazard[]> {
  const [hazards] = await printed<Hazard[]>(
    `const baseline = await safety.takeBaseline();
    ${app}
    await safety.waitForQuiet(${wait});
    print(safety.findHazards(baseline));
    process.exit();`,
    { env },
  );
  assert.ok(hazards);
  return hazards;
}

const summary = (hazards: readonly Hazard[]): string[][] =>
  hazards.map(({ kind, what }) => [kind, what.replaceAll(/\d+(?=[,;)])/g, 'N')]);

describe('What keeps an app from being forked', function () {
  this.timeout(30_000);
  let database: net.Server;
  let port: number;
  before((done) => {
    database = net.createServer().listen(0, '127.0.0.1', () => {
      port = (database.address() as net.AddressInfo).port;
      done();
    });
  });
  after(() => database.close());

  const connect = (rest: string): string =>
    `const socket = require('node:net').connect(${port}, '127.0.0.1'); await once(socket, 'connect'); ${rest}`;

  it('an open connection, such as a database pool has', async () => {
    const expected = [['connection', `an open TCP connection to 127.0.0.1:${port} (descriptor N)`]];
    assert.deepEqual(summary(await hazardsOf(connect(''))), expected);
  });

  it('an open connection that does not keep the process', async () => {
    const expected = [['connection', `an open TCP connection to 127.0.0.1:${port} (descriptor N)`]];
    assert.deepEqual(summary(await hazardsOf(connect('socket.unref();'))), expected);
  });

  it('an open SQLite database, known by what it begins with', async () => {
    const sqlite = `fs.writeFileSync('shop.db', 'SQLite format 3\\0and pages'); fs.openSync('shop.db', 'r+');`;
    const [found, ...others] = await hazardsOf(sqlite);
    assert.match(
      `${found?.kind}: ${found?.what}`,
      /^descriptor: an open SQLite database \/.*\/shop\.db \(descriptor \d+\)$/,
    );
    assert.deepEqual(others, []);
  });

  it('each hazard says what the author can do', async () => {
    const [hazard] = await hazardsOf(connect(''));
    assert.match(hazard?.remedy ?? '', /onAfterFork\(\) from 'lsapi'.*LSNODE_PRELOAD=off/);
  });

  const endpoints: Record<string, string> = {
    '0100007F:1538': '127.0.0.1:5432',
    '00000000:0050': '0.0.0.0:80',
    '0000000000000000FFFF00000100007F:1F90': '127.0.0.1:8080',
    '00000000000000000000000001000000:0CEA': '[::1]:3306',
    'B80D0120000000000000000001000000:01BB': '[2001:db8::1]:443',
  };
  for (const [text, shown] of Object.entries(endpoints)) {
    it(`${shown} is shown for the kernel's ${text}`, () => {
      assert.equal(formatEndpoint(text), shown);
    });
  }

  const others: Record<string, [app: string, ...expected: RegExp[]]> = {
    'a server that listens for real': [
      `await once(require('node:http').createServer().listen(0, '127.0.0.1'), 'listening');`,
      /^server: a server listening on 127\.0\.0\.1:\d+ \(descriptor \d+\)$/,
    ],
    'a server on a Unix socket': [
      `await once(require('node:net').createServer().listen('app.sock'), 'listening');`,
      /^server: a server listening on \S*app\.sock \(/,
    ],
    'a UDP socket': [
      `await new Promise((done) => require('node:dgram').createSocket('udp4').bind(0, '127.0.0.1', done));`,
      /^connection: an open UDP socket on 127\.0\.0\.1:\d+ \(/,
    ],
    'a worker thread': [
      `await once(new (require('node:worker_threads').Worker)('setInterval(() => {}, 1000)', { eval: true }), 'online');`,
      /^thread: a thread of worker_threads or of a native addon \(\w+\)$/,
    ],
    "a worker thread that does not keep the process, and its parent's ports": [
      `const worker = new (require('node:worker_threads').Worker)('setInterval(() => {}, 1000)', { eval: true });
       await once(worker, 'online'); worker.unref();`,
      /^thread: a thread /,
    ],
    'a child process with pipes': [
      `const child = require('node:child_process').spawn('sleep', ['100']);
       process.on('exit', () => child.kill()); await once(child, 'spawn');`,
      /^child-process: a child process: sleep \(pid \d+\)$/,
    ],
    'a child process that does not keep the process': [
      `const child = require('node:child_process').spawn('sleep', ['100'], { stdio: 'ignore' });
       process.on('exit', () => child.kill()); await once(child, 'spawn'); child.unref();`,
      /^child-process: a child process: sleep /,
    ],
    'a file watcher': [`fs.watch('.');`, /^file-watcher: a file watcher \(fs\.watch, descriptor \d+\)$/],
    'a file watcher that does not keep the process': [
      `fs.watch('.', { persistent: false });`,
      /^file-watcher: /,
    ],
    'a file watcher by polling': [
      `fs.watchFile('missing', { interval: 50 }, () => {});`,
      /^file-watcher: a file watcher \(fs\.watchFile\)$/,
    ],
  };
  for (const [what, [app, ...expected]] of Object.entries(others)) {
    it(what, async () => {
      const found = (await hazardsOf(app)).map(({ kind, what: text }) => `${kind}: ${text}`);
      assert.equal(found.length, expected.length, found.join('\n'));
      for (const [index, pattern] of expected.entries()) assert.match(found[index] ?? '', pattern);
    });
  }

  const pending: Record<string, [statement: string, name: RegExp]> = {
    'of crypto': [`crypto.pbkdf2('it', 'salt', 1e8, 64, 'sha512', () => {});`, /thread pool/],
    'of the file system': [`fs.open('fifo', () => {});`, /a file operation/],
  };
  for (const [what, [statement, name]] of Object.entries(pending)) {
    it(`work in the thread pool that does not end in time, ${what}`, async () => {
      const [hazards] = await printed<Hazard[]>(`
        require('node:child_process').execFileSync('mkfifo', ['fifo']);
        const baseline = await safety.takeBaseline();
        ${statement}
        const quiet = await safety.waitForQuiet(50);
        print(quiet ? [] : safety.findHazards(baseline));
        native.exitNow(0);`);
      assert.deepEqual(
        hazards?.map(({ kind }) => kind),
        ['pending-work'],
      );
      assert.match(hazards[0]?.what ?? '', name);
    });
  }

  const harmless: Record<string, string> = {
    nothing: '',
    'an Express app that has called listen()': `interceptListen(() => true);
      require('express')().get('/', (request, response) => response.send('it')).listen(3000);
      await delay(20);`,
    'timers, also those that keep the process': `setInterval(() => {}, 1000); setTimeout(() => {}, 5000); setInterval(() => {}, 9).unref();`,
    'signal handlers': `process.on('SIGUSR2', () => {}); process.on('SIGWINCH', () => {});`,
    'an open file': `fs.openSync('log', 'a'); fs.writeFileSync('data', 'SQLite format 2'); fs.openSync('data'); await fs.promises.open('log');`,
    'channels between parts of the process': `const { port1 } = new MessageChannel(); port1.onmessage = () => {};`,
    'work that ends while it is waited for': `crypto.pbkdf2('it', 'salt', 1e5, 64, 'sha512', () => fs.readFile('/proc/self/stat', () => {}));
      fs.promises.readFile('/proc/self/stat'); require('node:zlib').gzip('it', () => {}); require('node:dns').lookup('localhost', () => {});`,
    'connections, threads, processes and watchers that are gone': `
      const socket = require('node:net').connect(Number(process.env.DATABASE), '127.0.0.1');
      await once(socket, 'connect'); socket.destroy(); await once(socket, 'close');
      const worker = new (require('node:worker_threads').Worker)('', { eval: true }); await once(worker, 'exit');
      await once(require('node:child_process').spawn('true'), 'close');
      fs.watch('.').close();`,
  };
  for (const [what, app] of Object.entries(harmless)) {
    it(`not: ${what}`, async () => {
      assert.deepEqual(await hazardsOf(app, 10_000, { DATABASE: String(port) }), []);
    });
  }

  it("not: an answered request's connection, which Node's HTTP client keeps for the next", async () => {
    const server = (await import('node:http')).createServer((_, response) => response.end('it'));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port: target } = server.address() as net.AddressInfo;
    const app = `const http = require('node:http');
      await new Promise((done) => http.get('http://127.0.0.1:${target}', (response) => response.resume().on('close', done)));`;
    try {
      assert.deepEqual(await hazardsOf(app), []);
    } finally {
      server.close();
    }
  });
});
