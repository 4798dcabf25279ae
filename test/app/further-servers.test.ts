// What becomes of the servers that an app has beside its site.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { lsnodes } from '../cli/support/lsnode.js';
import { findFreePort } from '../examples/start-example.js';

/** An app with a server that answers with its name for each of these calls of listen(). */
const appWith = (calls: Readonly<Record<string, string>>): Record<string, string> => ({
  'app.js': `const http = require('http');
    const servers = {};
    ${Object.entries(calls)
      .map(
        ([name, parameters]) =>
          `servers.${name} = http.createServer((req, res) => res.end('${name}')).listen(${parameters});
          servers.${name}.on('listening', () => console.log('${name} listens', servers.${name}.listening));`,
      )
      .join('\n')}`,
});

async function textOf(port: number, host = '127.0.0.1'): Promise<string> {
  return (await fetch(`http://${host}:${port}/`)).text();
}

describe('Of several servers of an app', () => {
  const start = lsnodes();

  it('the first one that listens is the site, and the others listen for real', async () => {
    const port = await findFreePort();
    const lsnode = start({ files: appWith({ site: '3000', metrics: `${port}, '127.0.0.1'` }) });
    assert.equal((await (await lsnode.connect()).request()).text, 'site');
    await lsnode.printed(/metrics listens true/);
    assert.equal(await textOf(port), 'metrics');
    assert.match(lsnode.stderr, /listens for real, beside LiteSpeed/);
  });

  it('LSNODE_PORT says which is the site', async () => {
    const port = await findFreePort();
    const files = appWith({ metrics: `{ port: ${port}, host: 'localhost' }`, site: '3000' });
    const lsnode = start({ files, env: { LSNODE_PORT: '3000' } });
    assert.equal((await (await lsnode.connect()).request()).text, 'site');
    await lsnode.printed(/metrics listens true/);
    assert.equal(await textOf(port, 'localhost'), 'metrics');
  });

  it('LSNODE_PORT may be a path', async () => {
    const files = appWith({ other: '0', site: "'/run/site.sock'" });
    const lsnode = start({ files, env: { LSNODE_PORT: '/run/site.sock' } });
    assert.equal((await (await lsnode.connect()).request()).text, 'site');
  });

  it('none on LSNODE_PORT: the app is refused, and told what it calls', async () => {
    const lsnode = start({ files: appWith({ site: "3000, '::'" }), env: { LSNODE_PORT: '8080' } });
    assert.equal(await lsnode.exitCode(), 1);
    assert.match(
      lsnode.stderr,
      /LSNODE_PORT is 8080, but the app calls listen\(3000, "::"\)\. \[LSAPI_ERR_APP_NO/,
    );
  });

  it('one for the port of the site opens no socket, and the log says who gets the requests', async () => {
    const port = await findFreePort();
    const lsnode = start({
      files: appWith({ site: `${port}, '127.0.0.1'`, sibling: `${port}, '::1'` }),
    });
    assert.equal((await (await lsnode.connect()).request()).text, 'site');
    await lsnode.printed(/sibling listens true/);
    await assert.rejects(textOf(port));
    assert.match(lsnode.stderr, /has the port of its first, which gets the requests/);
  });

  it('one for the port of the site can be closed for itself', async () => {
    const lsnode = start({
      files: {
        'app.js': `const http = require('http');
          http.createServer((req, res) => res.end('site')).listen(3000);
          const other = http.createServer((req, res) => res.end('other')).listen(3000, '::1', () => {
            other.close(() => console.log('closed', other.listening, other.address()));
          });`,
      },
    });
    const client = await lsnode.connect();
    await lsnode.printed(/closed false null/);
    assert.equal((await client.request()).text, 'site');
  });

  it('a port that cannot be had: the log says so, and the site is served', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as AddressInfo;
    const lsnode = start({ files: appWith({ site: '3000', metrics: `${port}, '127.0.0.1'` }) });
    const client = await lsnode.connect();
    await lsnode.printed(/second server cannot listen \(.*EADDRINUSE.*\); the site is served without it/);
    assert.equal((await client.request()).text, 'site');
    holder.close();
  });

  it("a port that cannot be had is told to the server's listeners of 'error'", async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as AddressInfo;
    const lsnode = start({
      files: {
        'app.js': `const http = require('http');
          http.createServer((req, res) => res.end('site')).listen(3000);
          http.createServer().listen(${port}, '127.0.0.1').on('error', ({ code }) => console.log('told', code));`,
      },
    });
    assert.equal((await (await lsnode.connect()).request()).text, 'site');
    await lsnode.printed(/told EADDRINUSE/);
    assert.doesNotMatch(lsnode.stderr, /cannot listen/);
    holder.close();
  });

  it('a process that begins has the port of one that still ends', async () => {
    const port = await findFreePort();
    const files = appWith({ site: '3000', metrics: `${port}` });
    for (let process = 0; process < 2; process++) {
      const lsnode = start({ files });
      await lsnode.connect();
      await lsnode.printed(/metrics listens true/);
    }
    assert.equal(await textOf(port), 'metrics');
  });

  it('what listen() was given a signal for is closed by it', async () => {
    const lsnode = start({
      files: {
        'app.js': `const http = require('http'); const stop = new AbortController();
          const server = http.createServer((req, res) => { res.end('last'); stop.abort(); });
          server.listen({ port: 3000, signal: stop.signal }).on('close', () => console.log('closed'));`,
      },
    });
    assert.equal((await (await lsnode.connect()).request()).text, 'last');
    await lsnode.printed(/closed/);
    assert.equal(await lsnode.exitCode(), 0);
  });
});
