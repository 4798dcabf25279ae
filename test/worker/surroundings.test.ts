import assert from 'node:assert/strict';
import { join } from 'node:path';
import { lsnodes, main, nodeApp, rawApp, type LsnodeOptions } from '../cli/support/lsnode.js';

describe('What an app finds around it in a worker', () => {
  const start = lsnodes();

  /** The value of an expression, as the app sees it. */
  async function seenByApp(expression: string, options: LsnodeOptions = {}): Promise<unknown> {
    const lsnode = start({
      files: { 'app.mjs': rawApp(`response.send(200, null, JSON.stringify(${expression}))`) },
      ...options,
    });
    const client = options.stdin === 'connected' ? lsnode.connection : await lsnode.connect();
    const response = await client.request();
    assert.equal(response.status, 200, response.text + lsnode.stderr);
    return JSON.parse(response.text);
  }

  it('its directory as the current one', async () => {
    const lsnode = start({
      files: { 'app/app.mjs': rawApp('response.send(200, null, process.cwd())') },
      env: { LSNODE_ROOT: 'app' },
    });
    const client = await lsnode.connect();
    assert.equal((await client.request()).text, join(lsnode.directory, 'app'));
  });

  it('a title that names it', async () => {
    const title = await seenByApp('[process.title, process.cwd()]');
    const [shown, directory] = title as [string, string];
    assert.equal(shown, `lsnode:${directory}`);
  });

  it('its own command line', async () => {
    const seen = await seenByApp('[process.argv.slice(1), process.cwd()]', {
      args: ['app.mjs', '--flag', 'value'],
    });
    const [argv, directory] = seen as [string[], string];
    assert.deepEqual(argv, [join(directory, 'app.mjs'), '--flag', 'value']);
  });

  it('no variable of LSAPI in the environment, nor in that of its children', async () => {
    const env = {
      LSAPI_MAX_REQS: '100',
      LSAPI_PADDING: 'xxxx',
      LSAPI_UNKNOWN: '1',
      PHP_LSAPI_CHILDREN: '1',
      LSNODE_GRACE: '7',
      OTHER: 'kept',
    };
    const own = await seenByApp('process.env', { env });
    assert.deepEqual(
      Object.keys(own as object).filter((name) => /LSAPI|OTHER/.test(name)),
      ['OTHER'],
    );
    const files = {
      'app.cjs': nodeApp(`res.end(require('node:child_process').execSync('env', { encoding: 'utf8' }))`),
    };
    const lsnode = start({ files, env });
    const { text } = await (await lsnode.connect()).request();
    assert.match(text, /^OTHER=kept$/m);
    assert.doesNotMatch(text, /LSAPI_/);
  });

  for (const stdin of ['listening', 'connected'] as const) {
    it(`/dev/null as standard input where the server left a ${stdin} socket, for its children as well`, async () => {
      const link = await seenByApp(`(await import('node:fs')).readlinkSync('/proc/self/fd/0')`, { stdin });
      assert.equal(link, '/dev/null');
      const listing = `(await import('node:child_process')).execSync('ls -l /proc/self/fd', {
        encoding: 'utf8', stdio: ['inherit', 'pipe', 'inherit'] })`;
      const descriptors = (await seenByApp(listing, { stdin })) as string;
      assert.match(descriptors, / 0 -> \/dev\/null/);
      assert.doesNotMatch(
        descriptors.replace(/^.* [12] -> .*$/gm, '' /* its output */),
        /socket|epoll|timerfd|eventfd/,
      );
    });
  }

  it('standard output that goes to the log, for its children as well', async () => {
    const files = {
      'app.js': nodeApp(`
        console.log('by console.log');
        process.stdout.write('by stdout\\n');
        require('node:fs').writeSync(1, 'by descriptor\\n');
        require('node:child_process').execSync('echo by a child', { stdio: 'inherit' });
        res.end('printed');`),
    };
    const lsnode = start({ files });
    const client = await lsnode.connect();
    assert.equal((await client.request()).text, 'printed');
    assert.equal((await client.request()).text, 'printed');
    await lsnode.printed(/by a child/);
    for (const way of ['by console.log', 'by stdout', 'by descriptor', 'by a child']) {
      assert.ok(lsnode.stderr.includes(`${way}\n`), way);
    }
    assert.equal(lsnode.stdout, '');
  });

  it('a log that may be closed without harm', async () => {
    const files = {
      'app.js': nodeApp(`
        console.error('one'); process.stderr.write('two'); console.log('three');
        setTimeout(() => res.end('alive'), 10);`),
    };
    const lsnode = start({ files });
    const client = await lsnode.connect();
    await client.request();
    lsnode.child.stdout?.destroy();
    lsnode.child.stderr?.destroy();
    for (let n = 0; n < 3; n++) assert.equal((await client.request()).text, 'alive');
  });

  it('a server that tells the port it asked for', async () => {
    const listens: [listen: string, address: unknown][] = [
      ['3000', { address: '::', family: 'IPv6', port: 3000 }],
      [`'3000', '127.0.0.1'`, { address: '127.0.0.1', family: 'IPv4', port: 3000 }],
      [`{ port: 8080, host: '0.0.0.0' }`, { address: '0.0.0.0', family: 'IPv4', port: 8080 }],
      [`'/run/app.sock'`, '/run/app.sock'],
      [`{ path: '/run/app.sock' }`, '/run/app.sock'],
      ['', { address: '::', family: 'IPv6', port: 0 }],
      ['undefined', { address: '::', family: 'IPv6', port: 0 }],
    ];
    for (const [listen, address] of listens) {
      const app = `const server = require('node:http').createServer((req, res) => {
        res.end(JSON.stringify([server.listening, server.address()]));
      }); server.listen(${listen});`;
      const lsnode = start({ files: { 'app.js': app } });
      const { text } = await (await lsnode.connect()).request();
      assert.deepEqual(JSON.parse(text), [true, address], listen);
    }
  });

  it("a server that tells LiteSpeed's socket where it did not ask for a port", async () => {
    const app = `const server = require('node:http').createServer((req, res) => {
      res.end(JSON.stringify(server.address()));
    }); server.listen();`;
    const lsnode = start({ files: { 'app.js': app }, env: { LSNODE_SOCKET: '/tmp/lshttpd/app.sock' } });
    assert.equal((await (await lsnode.connect()).request()).text, '"/tmp/lshttpd/app.sock"');
  });

  it('its way to load modules as with plain Node: no trace of lsnode, and itself as the main module', async () => {
    const files = {
      'app.js': `const dependency = require('./lib/dependency.js');
        module.exports = (req, res) => res.end(dependency + ' ' + (require.main === module));`,
      'lib/dependency.js': `module.exports = require('node:path').basename(__dirname);`,
    };
    const lsnode = start({ files });
    assert.equal((await (await lsnode.connect()).request()).text, 'lib true');
    assert.ok(main.length > 0);
  });
});
