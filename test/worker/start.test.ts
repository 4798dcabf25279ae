import assert from 'node:assert/strict';
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lsnodes, nodeApp } from '../cli/support/lsnode.js';

describe('A worker whose app does not load', () => {
  const start = lsnodes();
  const files = { 'app.js': "throw new Error('the <reason>')" };

  it('answers who waits for it with 503, says why in the log, and ends with status 1', async () => {
    const lsnode = start({ files });
    const client = await lsnode.connect();
    const response = await client.request();
    assert.equal(response.status, 503);
    assert.deepEqual(response.header('Retry-After'), ['2']);
    assert.match(response.text, /could not be loaded \(phase load, after \d+ ms\)\. .*server's log/);
    assert.doesNotMatch(response.text, /reason>/);
    await client.closed();
    assert.ok(response.connectionClosed);
    assert.equal(await lsnode.exitCode(), 1);
    assert.match(
      lsnode.stderr,
      /cannot start \(phase load, after \d+ ms\): The app \S+ failed[^]*the <reason>/,
    );
  });

  it('tells the reason and the phase on the page in development', async () => {
    const lsnode = start({ files, env: { NODE_ENV: 'development' } });
    const { status, text } = await (await lsnode.connect()).request();
    assert.equal(status, 503);
    assert.match(text, /<p>Phase load, after \d+ ms:<\/p>\n<pre>[^]*the &lt;reason&gt;/);
  });

  it('does so on its one connection, too', async () => {
    const lsnode = start({ files, stdin: 'connected' });
    assert.equal((await lsnode.connection.request()).status, 503);
    assert.equal(await lsnode.exitCode(), 1);
  });

  it('ends without delay where nobody asks', async () => {
    const lsnode = start({ files });
    assert.equal(await lsnode.exitCode(), 1);
  });
});

describe('tmp/restart.txt, of a worker', () => {
  const start = lsnodes();

  it('ends it once it is touched, so that the server starts the next one; running requests are finished', async () => {
    const lsnode = start({ files: { 'app.js': nodeApp("await delay(1500); res.end('finished')") } });
    const client = await lsnode.connect();
    const waiting = client.request();
    await client.until(() => client.response.acknowledged);
    mkdirSync(join(lsnode.directory, 'tmp'));
    writeFileSync(join(lsnode.directory, 'tmp/restart.txt'), '');
    assert.equal((await waiting).text, 'finished');
    assert.equal(await lsnode.exitCode(), 0);
    assert.match(lsnode.stderr, /tmp\/restart\.txt was touched; ending/);
  });

  it('is compared with how it was at the start', async () => {
    const lsnode = start({
      files: { 'app.js': nodeApp("res.end('served')"), 'tmp/restart.txt': '' },
    });
    assert.equal((await (await lsnode.connect()).request()).text, 'served');
    utimesSync(join(lsnode.directory, 'tmp/restart.txt'), 1, 1);
    assert.equal(await lsnode.exitCode(), 0);
  });
});

describe('An app server of the type WSGI, with lsnode as its binary', () => {
  const start = lsnodes();

  it('finds its app by -m and WSGI_ROOT, its mode by WSGI_ENV', async () => {
    const lsnode = start({
      files: {
        'site/bin/server.js': nodeApp(
          'res.end(JSON.stringify([process.cwd(), process.env.NODE_ENV, process.title]))',
        ),
      },
      args: ['-m', 'site/bin/server.js'],
      env: {
        WSGI_ROOT: 'site',
        PYTHONPATH: '.:site',
        WSGI_ENV: 'staging',
        LSAPI_CHILDREN: '3',
        LSAPI_KEEP_LISTEN: '2',
        LSAPI_PPID_NO_CHECK: '1',
        LSAPI_PGRP_MAX_IDLE: '60',
      },
    });
    const { text } = await (await lsnode.connect()).request();
    const site = join(lsnode.directory, 'site');
    assert.deepEqual(JSON.parse(text), [site, 'staging', `lsnode:${site}`]);
    assert.equal(lsnode.stderr, '');
  });

  it('has the mode of NODE_ENV where that is set as well', async () => {
    const lsnode = start({
      files: { 'app.js': nodeApp('res.end(process.env.NODE_ENV)') },
      env: { WSGI_ENV: 'staging', NODE_ENV: 'production' },
    });
    assert.equal((await (await lsnode.connect()).request()).text, 'production');
  });
});

describe("The message 'shutdown'", () => {
  const start = lsnodes();
  const app = (body: string): Record<string, string> => ({
    'app.js': `process.on('message', (message) => { ${body} });
      ${nodeApp("await delay(300); res.end('finished')")}`,
  });

  it('comes to an app that listens for it, once its requests are finished', async () => {
    const lsnode = start({ files: app("console.log('told', message); process.exit(3);") });
    const client = await lsnode.connect();
    const waiting = client.request();
    await client.until(() => client.response.acknowledged);
    lsnode.child.kill('SIGTERM');
    assert.equal((await waiting).text, 'finished');
    assert.equal(await lsnode.exitCode(), 3);
    assert.match(lsnode.stderr, /told shutdown\n$/);
  });

  it('may be followed by work that takes a while', async () => {
    const lsnode = start({
      files: app("setTimeout(() => { console.log('cleaned up'); process.exit(); }, 200)"),
    });
    await (await lsnode.connect()).request();
    lsnode.child.kill('SIGTERM');
    assert.equal(await lsnode.exitCode(), 0);
    assert.match(lsnode.stderr, /cleaned up\n$/);
  });

  it('comes to the children of a group as well', async () => {
    const lsnode = start({
      files: app("console.log('told', message); process.exit()"),
      env: { LSAPI_CHILDREN: '2' },
    });
    await (await lsnode.connect()).request();
    lsnode.child.kill('SIGTERM');
    assert.equal(await lsnode.exitCode(), 0);
    assert.match(lsnode.stderr, /told shutdown\n/);
  });
});

describe('An error that a request listener throws', () => {
  const start = lsnodes();
  const listens = `
    process.on('uncaughtException', (error) => console.log('uncaught', error.message));
    process.on('unhandledRejection', (error) => console.log('unhandled', error.message));`;
  const handler = `
    require('node:http').createServer((req, res) => {
      if (req.url === '/rejects') return Promise.reject(new Error('rejected'));
      if (req.url === '/throws') throw new Error('thrown');
      res.end('fine');
    }).listen(80);`;

  it('is answered with 500, and told to those who listen for what nobody caught', async () => {
    const lsnode = start({ files: { 'app.js': listens + handler } });
    const client = await lsnode.connect();
    assert.equal((await client.request({ url: '/throws' })).status, 500);
    await lsnode.printed(/^uncaught thrown$/m);
    assert.equal((await client.request({ url: '/rejects' })).status, 500);
    await lsnode.printed(/^unhandled rejected$/m);
    assert.equal((await client.request()).text, 'fine');
  });

  it('does not end the process where nobody listens', async () => {
    const lsnode = start({ files: { 'app.js': handler } });
    const client = await lsnode.connect();
    assert.equal((await client.request({ url: '/throws' })).status, 500);
    assert.equal((await client.request({ url: '/rejects' })).status, 500);
    assert.equal((await client.request()).text, 'fine');
    assert.match(lsnode.stderr, /error in the handler of GET \/throws: Error: thrown/);
  });
});
