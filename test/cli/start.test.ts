import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { lsnodes, nodeApp, rawApp, root, type LsnodeOptions } from './support/lsnode.js';

const app = rawApp('response.send(200, null, process.argv[1])');
const answer = nodeApp('res.end(__filename)');

describe('Which app lsnode starts', () => {
  const start = lsnodes();

  const cases: Record<string, [options: LsnodeOptions, file: string]> = {
    'app.js of the current directory': [{ files: { 'app.js': answer } }, 'app.js'],
    'app.mjs where there is no app.js': [{ files: { 'app.mjs': app } }, 'app.mjs'],
    'the one that is named': [
      { files: { 'app.js': 'throw 1', 'server.js': answer }, args: ['server.js'] },
      'server.js',
    ],
    'the one of -m': [{ files: { 'server.js': answer }, args: ['-m', 'server.js'] }, 'server.js'],
    'that of the directory that is named': [
      { files: { 'site/app.js': answer }, args: ['site'] },
      'site/app.js',
    ],
    'that of LSNODE_ROOT': [
      { files: { 'site/app.js': answer }, env: { LSNODE_ROOT: 'site' } },
      'site/app.js',
    ],
    'LSNODE_STARTUP_FILE in LSNODE_ROOT': [
      { files: { 'site/bin/www': answer }, env: { LSNODE_ROOT: 'site', LSNODE_STARTUP_FILE: 'bin/www' } },
      'site/bin/www',
    ],
    'the named one, not LSNODE_STARTUP_FILE': [
      {
        files: { 'one.js': answer, 'two.js': 'throw 2' },
        args: ['one.js'],
        env: { LSNODE_STARTUP_FILE: 'two.js' },
      },
      'one.js',
    ],
    'one whose name needs escaping in a URL': [
      { files: { 'a b#c%20?.js': answer }, args: ['a b#c%20?.js'] },
      'a b#c%20?.js',
    ],
  };
  for (const [name, [options, file]] of Object.entries(cases)) {
    it(name, async () => {
      const lsnode = start(options);
      const { text } = await (await lsnode.connect()).request();
      assert.equal(text, join(lsnode.directory, file), lsnode.stderr);
    });
  }
});

describe('A start that fails', () => {
  const start = lsnodes();

  /** What is printed, in one paragraph; with more lines only for what the app itself says. */
  const failures: Record<string, [options: LsnodeOptions, output: RegExp]> = {
    'no app': [
      {},
      /^lsapi\[\d+\]: cannot start \(phase resolve, after \d+ ms\): No app in \S+ .*LSAPI_ERR_APP_NOT_FOUND\]\n$/,
    ],
    'a missing app': [
      { args: ['missing.js'] },
      /^lsapi\[\d+\]: cannot start \(phase resolve, .*\): .*"missing.js", but there is no .*LSAPI_ERR_APP_NOT_FOUND\]\n$/,
    ],
    'LSNODE_ROOT that is no directory': [
      { env: { LSNODE_ROOT: 'nowhere' } },
      /LSNODE_ROOT is \S+nowhere, which does not exist.*\]\n$/,
    ],
    'descriptor 0 that is no socket': [
      { files: { 'app.js': answer }, stdin: 'none' },
      /^lsapi\[\d+\]: cannot start: .*without a socket.*--http ADDRESS.*LSAPI_ERR_STDIN_NOT_SOCKET\]\n$/,
    ],
    'an unknown option': [
      { args: ['--hptp', '8080'] },
      /Unknown option --hptp. Did you mean --http\?.*LSAPI_ERR_OPTION\]\n$/,
    ],
    'a bad address': [{ args: ['--bind', 'nonsense'] }, /--bind: .*LSAPI_ERR_ADDRESS\]\n$/],
    'an app that throws': [
      { files: { 'app.js': 'const a = 1;\nthrow new Error("broken setup");' } },
      /The app \S+app.js failed while it was loaded:\nError: broken setup\n\s+at .*app.js:2:7/,
    ],
    'an app that throws what is no error': [
      { files: { 'app.js': 'throw "broken"' } },
      /failed while it was loaded:\n'broken'/,
    ],
    'an app with a syntax error': [
      { files: { 'app.js': 'const fine = 1;\nconst = broken;' } },
      /failed while it was loaded:\n\S+app.js:2\nconst = broken;\n[^]*SyntaxError/,
    ],
    'an ES module with a syntax error': [
      { files: { 'app.mjs': 'const fine = 1;\nconst = broken;' } },
      /failed while it was loaded:\nUnexpected token '='[^]*app.mjs:2\nconst = broken;[^]*SyntaxError/,
    ],
    'an app whose dependency is missing': [
      { files: { 'app.mjs': 'import "no-such-package";' } },
      /failed while it was loaded:\n[^]*Cannot find package 'no-such-package'/,
    ],
    'an app that rejects at top level': [
      {
        files: {
          'app.mjs': 'await new Promise((_, no) => setTimeout(() => no(new Error("no database")), 30));',
        },
      },
      /failed while it was loaded:\nError: no database/,
    ],
    'an app that waits for ever': [
      { files: { 'app.mjs': 'await new Promise(() => {});' } },
      /cannot start \(phase load, after \d+ ms\): The app \S+app.mjs waits at its top level for something that can never happen.*\n$/,
    ],
    'an app without a handler': [
      { files: { 'app.js': 'module.exports = { some: "thing" };' } },
      /cannot start \(phase listen, after \d+ ms\): The app \S+app.js neither calls listen\(\).*LSAPI_ERR_APP_NO_HANDLER\]\n$/,
    ],
    'an app that does something for a while, but no server': [
      { files: { 'app.js': 'setTimeout(() => {}, 100);' } },
      /neither calls listen\(\).*LSAPI_ERR_APP_NO_HANDLER\]\n$/,
    ],
  };
  for (const [name, [options, output]] of Object.entries(failures)) {
    it(`by ${name}: says why, exit status 1`, async () => {
      const lsnode = start(options);
      assert.equal(await lsnode.exitCode(), 1);
      assert.match(lsnode.stderr, output);
      assert.doesNotMatch(lsnode.stderr, /\bdist\//, 'no stack of our own');
      assert.equal(lsnode.stdout, '');
    });
  }

  it('after the app has listened: as in plain Node, but its requests are answered', async () => {
    const lsnode = start({
      files: {
        'app.mjs': `import http from 'node:http';
          http.createServer((req, res) => {}).listen(3000);
          await new Promise((_, reject) => setTimeout(() => reject(new Error('too late')), 400));`,
      },
    });
    const client = await lsnode.connect();
    assert.equal((await client.request()).status, 500);
    assert.equal(await lsnode.exitCode(), 1);
    assert.match(lsnode.stderr, /Error: too late/);
  });
});

describe('What lsnode prints', () => {
  const start = lsnodes();

  it('--help', async () => {
    const lsnode = start({ args: ['--help'], stdin: 'none' });
    assert.equal(await lsnode.exitCode(), 0);
    assert.match(lsnode.stdout, /^Usage: lsnode /);
    assert.equal(lsnode.stderr, '');
  });

  it('--version', async () => {
    const lsnode = start({ args: ['-V'], stdin: 'none' });
    assert.equal(await lsnode.exitCode(), 0);
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    assert.equal(lsnode.stdout, `lsnode ${version}, Node ${process.versions.node}\n`);
  });

  it('--print-config', async () => {
    const lsnode = start({ args: ['--print-config'], stdin: 'none', env: { LSAPI_MAX_IDLE: '77' } });
    assert.equal(await lsnode.exitCode(), 0);
    assert.match(lsnode.stdout, /LSAPI_MAX_IDLE.*77/);
  });

  for (const file of ['app.mjs', 'app.js']) {
    it(`nothing of its own where all is well (${file})`, async () => {
      const lsnode = start({ files: { [file]: file === 'app.js' ? answer : app } });
      await (await lsnode.connect()).request();
      assert.equal(lsnode.stderr + lsnode.stdout, '');
    });
  }
});

describe('lsnode --bind', () => {
  const start = lsnodes();
  const files = { 'app.js': answer };

  const addresses: Record<string, [address: (directory: string) => string, target: string]> = {
    'a relative path': [() => './own.sock', 'own.sock'],
    'unix:': [() => 'unix:own.sock', 'own.sock'],
  };
  for (const [name, [address, target]] of Object.entries(addresses)) {
    it(`${name}: serves LSAPI there and says so`, async () => {
      const lsnode = start({ files, stdin: 'none', args: ['--bind', address('')] });
      await lsnode.printed(/serving \S+app.js on \S+own.sock \(LSAPI\)\n/);
      const client = await lsnode.connect(join(lsnode.directory, target));
      assert.equal((await client.request()).status, 200);
      lsnode.child.kill('SIGTERM');
      assert.equal(await lsnode.exitCode(), 0);
    });
  }

  async function freePort(): Promise<number> {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    return port;
  }

  for (const [form, shown] of [
    ['PORT', '127.0.0.1'],
    ['127.0.0.1:PORT', '127.0.0.1'],
    ['localhost:PORT', '127.0.0.1'],
    ['tcp://127.0.0.1:PORT', '127.0.0.1'],
    ['*:PORT', '0.0.0.0'],
    ['[*]:PORT', '[::]'],
    ['[::]:PORT', '[::]'],
  ] as const) {
    it(`${form}: serves LSAPI there and says so`, async () => {
      const port = await freePort();
      const lsnode = start({ files, stdin: 'none', args: ['-b', form.replace('PORT', String(port))] });
      const [, where] = await lsnode.printed(/serving \S+app.js on (\S+) \(LSAPI\)\n/);
      assert.equal(where, `${shown}:${port}`);
      const clients = [await lsnode.connect(port), await lsnode.connect(port)];
      for (const client of clients) assert.equal((await client.request()).status, 200);
    });
  }

  it('an absolute path, with or without uds://; a socket that was left behind is replaced', async () => {
    const holder = start({ files, stdin: 'none', args: ['--help'] });
    for (const prefix of ['', 'uds:/', 'unix:', 'UDS:/']) {
      const path = join(holder.directory, 'absolute.sock');
      const lsnode = start({ files, stdin: 'none', args: ['--bind', prefix + path] });
      await lsnode.printed(/serving/);
      assert.equal((await (await lsnode.connect(path)).request()).status, 200);
      lsnode.child.kill('SIGKILL');
      await lsnode.exited;
    }
  });

  it('keeps a worker whose starter is gone, and one that is idle', async () => {
    const lsnode = start({ args: ['--print-config', '--bind', '9000'], stdin: 'none' });
    assert.equal(await lsnode.exitCode(), 0);
    assert.match(lsnode.stdout, /LSAPI_MAX_IDLE.*never/);
    assert.match(lsnode.stdout, /LSAPI_MAX_REQS.*unlimited/);
    assert.match(lsnode.stdout, /LSAPI_PPID_NO_CHECK.*not checked/);
  });

  it('an address in use: says so, exit status 1', async () => {
    const first = start({ files, stdin: 'none', args: ['--bind', './own.sock'] });
    await first.printed(/serving/);
    const second = start({ files, stdin: 'none', args: ['--bind', join(first.directory, 'own.sock')] });
    assert.equal(await second.exitCode(), 1);
    assert.match(
      second.stderr,
      /Cannot listen on \S+own.sock: .*in use.*Another process.*LSAPI_ERR_LISTEN\]\n$/,
    );
    assert.equal((await (await first.connect(join(first.directory, 'own.sock'))).request()).status, 200);
  });

  for (const [what, address, output] of [
    ['a directory that does not exist', './missing/own.sock', /directory does not exist/],
    ['a file that is no socket', './app.js', /no socket/],
    ['an address that is not of this machine', '192.0.2.1:9000', /Cannot listen on 192.0.2.1:9000/],
    ['a host that nobody knows', 'no-such-host.invalid:9000', /no address of no-such-host.invalid/],
  ] as const) {
    it(`${what}: says so, exit status 1`, async () => {
      const lsnode = start({ files, stdin: 'none', args: ['--bind', address] });
      assert.equal(await lsnode.exitCode(), 1);
      assert.match(lsnode.stderr, output);
      assert.match(lsnode.stderr, /LSAPI_ERR_LISTEN\]\n$/);
    });
  }
});
