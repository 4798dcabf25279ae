import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, Server } from '#lib/index.js';
import { later, withServer } from './support/serve.js';
import { LsapiClient, requestOnce } from '../support/lsapi-client.js';

const hello: http.RequestListener = (request, response) => response.end(`hello ${request.url}`);

describe('Server', () => {
  let directory: string;
  let path: string;
  const servers: Server[] = [];
  /** A server that is closed after the test. */
  const make = (listener: (...parameters: Parameters<http.RequestListener>) => unknown = hello): Server => {
    const server = createServer(listener);
    servers.push(server);
    return server;
  };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'lsapi-server-'));
    path = join(directory, 's');
  });
  afterEach(() => {
    for (const server of servers.splice(0)) if (server.listening) server.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it('is an http.Server', () => {
    assert.ok(make() instanceof http.Server);
    assert.ok(make() instanceof Server);
  });

  describe('listens', () => {
    it('on a Unix socket, by path, option or address', async () => {
      for (const [n, form] of [path, { path: `${path}1` }, `unix:${path}2`, `uds:/${path}3`].entries()) {
        const server = make();
        server.listen(form);
        const expected = n === 0 ? path : `${path}${n}`;
        assert.equal(server.address(), expected);
        await once(server, 'listening');
        assert.equal((await requestOnce(expected, { url: '/x' })).text, 'hello /x');
      }
    });

    it('on a port, in all forms', async () => {
      const forms: unknown[][] = [
        [0],
        [0, '127.0.0.1'],
        [0, '127.0.0.1', 100],
        ['0'],
        [{ port: 0 }],
        [{ port: '0', host: '127.0.0.1' }],
        ['127.0.0.1:0'],
        [0, 'localhost'],
      ];
      for (const form of forms) {
        const server = make();
        server.listen(...form);
        await once(server, 'listening');
        const { port, address, family } = server.address() as AddressInfo;
        assert.ok(port > 0 && server.listening);
        if (form[1] !== 'localhost') assert.deepEqual([address, family], ['127.0.0.1', 'IPv4']);
        assert.equal((await requestOnce({ port, address })).status, 200);
      }
    });

    it('at once, so that the address can be asked, and tells so later', async () => {
      const server = make();
      const events: string[] = [];
      server.listen(0, () => events.push('callback'));
      server.on('listening', () => events.push('event'));
      assert.equal(server.listening, true);
      assert.ok((server.address() as AddressInfo).port > 0);
      assert.deepEqual(events, []);
      await later(5);
      assert.deepEqual(events, ['callback', 'event']);
    });

    it('on a descriptor', async () => {
      const program = `
        import { createServer } from 'lsapi';
        createServer((request, response) => response.end('by descriptor')).listen({ fd: 3 });`;
      const holder = net.createServer();
      holder.listen(0, '127.0.0.1');
      await once(holder, 'listening');
      const { port } = holder.address() as AddressInfo;
      const { fd } = (holder as unknown as { _handle: { fd: number } })._handle;
      const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
        cwd: new URL('../../..', import.meta.url),
        stdio: ['ignore', 'inherit', 'inherit', fd],
      });
      holder.close();
      try {
        assert.equal((await requestOnce(port)).text, 'by descriptor');
      } finally {
        child.kill();
      }
    });

    it('again after close()', async () => {
      const server = make();
      for (let n = 0; n < 2; n++) {
        server.listen(path);
        await once(server, 'listening');
        assert.equal((await requestOnce(path)).status, 200);
        server.close();
        await once(server, 'close');
        assert.deepEqual([server.listening, server.address()], [false, null]);
      }
    });

    it('beside others', async () => {
      const names = ['a', 'b', 'c'];
      for (const name of names) {
        const server = make((_request, response) => response.end(name));
        server.listen(join(directory, name));
        await once(server, 'listening');
      }
      for (const name of names) assert.equal((await requestOnce(join(directory, name))).text, name);
    });
  });

  describe('does not listen', () => {
    const failure = async (server: Server): Promise<Error & { code?: string; cause?: unknown }> => {
      const [error] = (await once(server, 'error')) as [Error];
      return error;
    };

    it('where another process does, and leaves that one alone', async () => {
      const first = make().listen(path);
      await once(first, 'listening');
      const error = await failure(make().listen(path));
      assert.equal(error.code, 'LSAPI_ERR_LISTEN');
      assert.equal((error.cause as { code?: string }).code, 'EADDRINUSE');
      assert.match(error.message, /Another process listens there/);
      assert.equal((await requestOnce(path)).status, 200);

      const tcp = make().listen(0);
      const { port } = tcp.address() as AddressInfo;
      assert.match((await failure(make().listen(port))).message, new RegExp(`127.0.0.1:${port}`));
    });

    it('in the place of a file that is no socket', async () => {
      writeFileSync(path, 'precious');
      assert.match((await failure(make().listen(path))).message, /no socket/);
      assert.ok(existsSync(path));
    });

    it('where there is no directory', async () => {
      assert.match((await failure(make().listen(join(directory, 'no/s')))).message, /does not exist/);
    });

    it('on names that nobody knows', async () => {
      assert.match((await failure(make().listen(0, 'name.invalid'))).message, /no address of name.invalid/);
    });

    it('on ports that there are not', () => {
      for (const port of [-1, 65536, 1.5, 'x:99999']) {
        assert.throws(() => make().listen(port), { code: /ERR_SOCKET_BAD_PORT|LSAPI_ERR_ADDRESS/ });
      }
    });

    it('twice', () => {
      const server = make().listen(path);
      assert.throws(() => server.listen(`${path}2`), { code: 'ERR_SERVER_ALREADY_LISTEN' });
    });

    it('on what is no socket', async () => {
      assert.match((await failure(make().listen({ fd: 2 }))).message, /no stream socket/);
    });
  });

  it('replaces the socket of a process that is gone', async () => {
    const child = spawn(process.execPath, [
      '-e',
      `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`,
    ]);
    await once(child, 'exit');
    assert.ok(existsSync(path));
    await once(make().listen(path), 'listening');
    assert.equal((await requestOnce(path)).status, 200);
  });

  describe('close()', () => {
    it('lets requests finish, closes connections and then tells', async () => {
      const events: string[] = [];
      const server = make(async (_request, response) => {
        response.write('a');
        await later(50);
        response.end('b');
      });
      server.listen(path);
      await once(server, 'listening');
      const idle = await LsapiClient.connect(path);
      await idle.request();
      const busy = await LsapiClient.connect(path);
      await busy.send();
      await busy.headerReceived();
      server.on('close', () => events.push('close'));
      assert.equal(
        server.close((error) => events.push(`callback ${error}`)),
        server,
      );
      assert.equal(server.listening, false);
      await idle.closed();
      assert.deepEqual(events, []);
      const response = await busy.completed();
      assert.equal(response.text, 'ab');
      await busy.closed();
      assert.equal(response.connectionClosed, true);
      await later(10);
      assert.deepEqual(events, ['close', 'callback undefined']);
      await assert.rejects(LsapiClient.connect(path));
    });

    it('of a server that does not listen is an error', async () => {
      const server = make().listen(path);
      await once(server, 'listening');
      server.close();
      const error = await new Promise<Error | undefined>((called) => server.close(called));
      assert.equal((error as NodeJS.ErrnoException).code, 'ERR_SERVER_NOT_RUNNING');
    });

    it('is what async disposal and an AbortSignal do', async () => {
      const server = make().listen(path);
      await once(server, 'listening');
      await (server as Server & Record<symbol, () => Promise<void>>)[Symbol.asyncDispose]();
      assert.equal(server.listening, false);

      const controller = new AbortController();
      const other = make().listen({ path, signal: controller.signal });
      await once(other, 'listening');
      controller.abort();
      await once(other, 'close');
      assert.equal(other.listening, false);
    });

    it('is done by the server itself after `maxRequests`', async () => {
      const server = createServer({ lsapi: { maxRequests: 2 } }, hello).listen(path);
      await once(server, 'listening');
      const client = await LsapiClient.connect(path);
      assert.equal((await client.request()).connectionClosed, false);
      const closed = once(server, 'close');
      await client.request();
      await closed;
      assert.equal(server.listening, false);
    });
  });

  it('closeAllConnections() ends what runs', async () => {
    const events: string[] = [];
    await withServer(
      (request, response) => {
        request.on('aborted', () => events.push('aborted'));
        response.on('close', () => events.push('close'));
        if (request.url === '/begun') response.write('part');
      },
      async (served) => {
        const [silent, begun] = [await served.client(), await served.client()];
        await silent.send();
        await begun.send({ url: '/begun' });
        await begun.headerReceived();
        served.server.closeIdleConnections();
        served.server.closeAllConnections();
        assert.equal((await silent.completed()).status, 500);
        assert.deepEqual([(await begun.completed()).status, begun.response.text], [200, 'part']);
        await later(10);
        assert.deepEqual(events.sort(), ['aborted', 'aborted', 'close', 'close']);
      },
    );
  });

  it('counts its connections', async () => {
    await withServer(hello, async (served) => {
      const count = (): Promise<number> =>
        new Promise((counted) => served.server.getConnections((_error, number) => counted(number)));
      assert.equal(await count(), 0);
      for (let n = 0; n < 3; n++) await (await served.client()).request();
      assert.equal(await count(), 3);
    });
  });

  it('takes listeners of `request` that come later, and several of them', async () => {
    await withServer(undefined, async (served) => {
      served.server.on('request', (_request, response) => response.setHeader('X-First', '1'));
      served.server.on('request', hello);
      const response = await served.request({ url: '/late' });
      assert.deepEqual([response.text, response.header('x-first')], ['hello /late', ['1']]);
    });
  });

  it('keeps the process alive, unless told otherwise', async () => {
    const run = async (code: string, patience: number): Promise<number | null> => {
      const program = `
        import { createServer } from 'lsapi';
        const server = createServer((request, response) => response.end()).listen(${JSON.stringify(path)});
        ${code}`;
      const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
        cwd: new URL('../../..', import.meta.url),
        stdio: ['ignore', 'inherit', 'inherit'],
      });
      const timer = setTimeout(() => child.kill('SIGKILL'), patience);
      await once(child, 'exit');
      clearTimeout(timer);
      return child.exitCode;
    };
    assert.equal(await run('server.unref()', 20_000), 0);
    assert.equal(await run('server.unref().ref()', 2000), null);
    assert.equal(await run('server.close()', 20_000), 0);
  }).timeout(60_000);

  describe('answers Expect', () => {
    const expect = { headers: { Expect: '100-continue' } };

    it('100-continue as if nothing was expected', async () => {
      await withServer(hello, async (served) => assert.equal((await served.request(expect)).text, 'hello /'));
    });

    it('100-continue by checkContinue', async () => {
      await withServer(hello, async (served) => {
        served.server.on('checkContinue', (_request: unknown, response: http.ServerResponse) => {
          response.writeContinue();
          response.end('checked');
        });
        assert.equal((await served.request(expect)).text, 'checked');
        assert.equal((await served.request()).text, 'hello /');
      });
    });

    it('anything else with 417, or by checkExpectation', async () => {
      await withServer(hello, async (served) => {
        const other = { headers: { Expect: 'wonders' } };
        assert.equal((await served.request(other)).status, 417);
        served.server.on('checkExpectation', hello);
        assert.equal((await served.request(other)).text, 'hello /');
      });
    });
  });
});
