import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { patience } from '../support/program-environment.js';

const run = promisify(execFile);
const register = fileURLToPath(import.meta.resolve('lsapi/register'));

describe('lsapi/register', () => {
  let directory: string;
  before(() => (directory = mkdtempSync(join(tmpdir(), 'lsapi-register-test-'))));
  after(() => rmSync(directory, { recursive: true, force: true }));

  /** What a program prints that is run with the preload; it has to end by itself. */
  async function output(program: string, flag: '--import' | '--require' = '--import'): Promise<string> {
    const file = join(directory, 'program.mjs');
    writeFileSync(
      file,
      `import http from 'node:http';
       import https from 'node:https';
       import net from 'node:net';
       import { once } from 'node:events';
       const get = async (server, path = '/', options) => {
         const response = await fetch('http://127.0.0.1:' + server.address().port + path, options);
         return response.status + ' ' + (await response.text());
       };
       ${program}`,
    );
    const { stdout, stderr } = await run(process.execPath, [flag, register, file], {
      timeout: patience(15_000),
      env: { ...process.env, TMPDIR: directory, NODE_OPTIONS: '' },
    });
    return stdout + stderr;
  }

  for (const flag of ['--import', '--require'] as const) {
    it(`serves the requests of a server over LSAPI with ${flag}, and the program ends by itself`, async () => {
      const program = `
        const server = http.createServer(async (request, response) => {
          let body = '';
          for await (const chunk of request) body += chunk;
          response.end([request.method, request.url, body, request.lsapi.env.SERVER_SOFTWARE].join(' '));
        }).listen(0);
        console.log(server.listening, typeof server.address().port);
        console.log(await get(server, '/a?b=c', { method: 'POST', body: 'text' }));
        server.close(() => console.log('closed', server.listening, server.address()));`;
      assert.equal(
        await output(program, flag),
        'true number\n200 POST /a?b=c text lsapi development gateway\nclosed false null\n',
      );
    });
  }

  it('serves several servers at once, each with its own address', async () => {
    const program = `
      const servers = ['one', 'two'].map((text) => http.createServer((_, res) => res.end(text)).listen(0));
      console.log(await get(servers[0]), await get(servers[1]));
      for (const server of servers) server.close();`;
    assert.equal(await output(program), '200 one 200 two\n');
  });

  it('serves a Unix socket, and a server that was closed and listens again', async () => {
    const program = `
      const path = ${JSON.stringify(join(directory, 'own.sock'))};
      const server = http.createServer((_, res) => res.end('hello'));
      for (let n = 0; n < 2; n++) {
        server.listen(path);
        await once(server, 'listening');
        const [response] = await once(http.get({ socketPath: path }), 'response');
        console.log(server.address() === path, response.statusCode);
        response.resume();
        server.close();
        await once(server, 'close');
      }`;
    assert.equal(await output(program), 'true 200\ntrue 200\n');
  });

  it("reports a taken address, a bad port and a second listen() as Node's server does", async () => {
    const program = `
      const server = http.createServer().listen(0);
      const other = http.createServer().listen(server.address().port);
      const [error] = await once(other, 'error');
      console.log(error.code, error.syscall, other.listening);
      try { server.listen(0); } catch (error) { console.log(error.code); }
      try { other.listen(70000); } catch (error) { console.log(error.code); }
      other.close((error) => console.log(error.code));
      server.close();`;
    assert.equal(
      await output(program),
      'EADDRINUSE listen false\nERR_SERVER_ALREADY_LISTEN\nERR_SOCKET_BAD_PORT\nERR_SERVER_NOT_RUNNING\n',
    );
  });

  it('closes all connections at once, counts them, and lets a server that is not referenced go', async () => {
    const program = `
      const server = http.createServer((request, response) => {
        response.on('close', () => console.log('left'));
        server.getConnections((_, count) => {
          console.log(count);
          server.closeAllConnections();
        });
      }).listen(0);
      await get(server).catch((error) => console.log(error.cause.code));
      server.unref();`;
    const lines = (await output(program)).trimEnd().split('\n').sort();
    assert.deepEqual(lines, ['1', 'UND_ERR_SOCKET', 'left']);
  });

  it('has what a program sets about connections take effect at any time, and no timer left', async () => {
    const program = `
      const server = http.createServer((_, response) => response.end());
      server.on('dropRequest', () => console.log('dropped'));
      server.listen(0);
      await once(server, 'listening');
      server.keepAliveTimeout = 7000;
      const kept = await fetch('http://127.0.0.1:' + server.address().port);
      console.log(kept.headers.get('keep-alive'));
      server.maxRequestsPerSocket = 1;
      const client = net.connect(server.address().port).setEncoding('latin1');
      for (let n = 0; n < 2; n++) client.write('GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n');
      let text = '';
      for await (const data of client) if (/ 503 /.test((text += data))) break;
      console.log(text.match(/^HTTP\\S+ \\d+/gm).join(' '));
      const timers = Object.getOwnPropertySymbols(server).filter(({ description }) => description?.includes('Interval'));
      console.log(timers.length > 0, timers.every((timer) => server[timer]._destroyed));
      server.close();
      server.closeAllConnections();`;
    assert.equal(await output(program), 'timeout=7\ndropped\nHTTP/1.1 200 HTTP/1.1 503\ntrue true\n');
  });

  it('tells listeners of uncaught errors what a handler throws, beside the answer', async () => {
    const program = `
      process.on('uncaughtException', (error) => console.log('told', error.message));
      const server = http.createServer(() => { throw new Error('thrown'); }).listen(0);
      console.log((await fetch('http://127.0.0.1:' + server.address().port)).status);
      server.close();`;
    const lines = (await output(program)).trimEnd().split('\n');
    assert.deepEqual(lines.filter((line) => /^(?:told|\d)/.test(line)).sort(), ['500', 'told thrown']);
  });

  it("calls closeIdleConnections() when it closes, a program's own as well", async () => {
    const program = `
      const note = (text) => () => console.log(text);
      const before = http.createServer();
      before.closeIdleConnections = note('before');
      const after = http.createServer();
      for (const server of [before, after]) await once(server.listen(0), 'listening');
      after.closeIdleConnections = note('after');
      for (const server of [before, after]) await once(server.close(), 'close');`;
    assert.equal(await output(program), 'before\nafter\n');
  });

  it('leaves servers alone that are not HTTP, and HTTPS', async () => {
    const program = `
      console.log(https.Server.prototype.listen === net.Server.prototype.listen);
      const server = net.createServer((socket) => socket.end('plain')).listen(0);
      const [data] = await once(net.connect(server.address().port), 'data');
      console.log(String(data));
      server.close();`;
    assert.equal(await output(program), 'true\nplain\n');
  });

  it('leaves nothing behind', async () => {
    await output(`http.createServer().listen(0, function () { this.close(); });`);
    assert.deepEqual(
      readdirSync(directory).filter((name) => name.startsWith('lsapi-register-')),
      [],
    );
  });
});
