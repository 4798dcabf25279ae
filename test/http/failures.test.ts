import assert from 'node:assert/strict';
import type { ServerOptions } from '#lib/index.js';
import { captureLog, deferred, later, withServer, type Handler } from './support/serve.js';
import { same } from './support/same.js';
import type { LsapiClient, ReceivedResponse } from '../support/lsapi-client.js';

/** The answer to a handler that fails; then the connection, or else the server, has to be good for another one. */
async function fail(
  handler: Handler,
  options: ServerOptions = { development: false },
  send = (client: LsapiClient): Promise<ReceivedResponse> => client.request({ url: '/it' }),
): Promise<{ response: ReceivedResponse; log: string }> {
  let response!: ReceivedResponse;
  const log = await captureLog(() =>
    withServer(
      (request, answer) => (request.url === '/next' ? answer.end('next') : handler(request, answer)),
      async (served) => {
        const client = await served.client();
        response = await send(client);
        await later(10);
        assert.equal(response.complete, true);
        if (client.ended) assert.equal((await served.request({ url: '/next' })).text, 'next');
        else assert.equal((await client.request({ url: '/next' })).text, 'next');
      },
      options,
    ),
  );
  return { response, log };
}

describe('Handlers that fail', () => {
  const failures: Record<string, Handler> = {
    'throw an error': () => {
      throw new Error('broken here');
    },
    reject: () => Promise.reject(new Error('broken here')),
    'reject later': async () => {
      await later(5);
      throw new Error('broken here');
    },
    'throw after setHeader()': (_request, response) => {
      response.setHeader('Set-Cookie', 'secret').setHeader('Content-Length', 5);
      response.statusCode = 204;
      throw new Error('broken here');
    },
    'throw after writeHead()': (_request, response) => {
      response.writeHead(200, { 'Set-Cookie': 'secret' });
      throw new Error('broken here');
    },
  };
  for (const [name, handler] of Object.entries(failures)) {
    it(`and ${name} give a 500 that tells nothing, and a log line`, async () => {
      const { response, log } = await fail(handler);
      assert.equal(response.status, 500);
      assert.equal(response.text, 'Internal Server Error\n');
      assert.deepEqual(response.header('set-cookie'), []);
      assert.match(log, /error in the handler of GET \/it: Error: broken here\n.*failures\.test/s);
    });
  }

  it('show the stack in development', async () => {
    const { response } = await fail(failures['throw an error']!, { development: true });
    assert.match(response.text, /Error: broken here\n {4}at .*failures\.test/s);
  });

  it('may throw anything', async () => {
    for (const value of ['text', null, undefined, { a: 1 }]) {
      const { response, log } = await fail(() => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- what is tested
        throw value;
      });
      assert.equal(response.status, 500);
      assert.match(log, /error in the handler/);
    }
  });

  it('after a part of the body end the response there', async () => {
    const { response, log } = await fail(async (_request, answer) => {
      answer.write('part');
      await later(10);
      throw new Error('broken here');
    });
    assert.deepEqual([response.status, response.text], [200, 'part']);
    assert.match(log, /broken here/);
  });

  it('after the end change nothing', async () => {
    const { response, log } = await fail((_request, answer) => {
      answer.end('whole');
      throw new Error('broken here');
    });
    assert.deepEqual([response.status, response.text], [200, 'whole']);
    assert.match(log, /broken here/);
  });

  it('do not keep others from the answer when a method of the response throws as well', async () => {
    const { response, log } = await fail((_request, answer) => {
      answer.writeHead = () => {
        throw new Error('broken writeHead');
      };
      throw new Error('broken here');
    });
    assert.equal(response.status, 500);
    assert.match(log, /broken writeHead/);
  });
});

describe('Destroying', () => {
  for (const what of ['request', 'response', 'socket'] as const) {
    const destroy: Handler = (request, response) =>
      ({ request, response, socket: request.socket })[what].destroy();

    it(`the ${what} before the header gives a 500`, async () => {
      const { response } = await fail(destroy);
      assert.equal(response.status, 500);
    });

    it(`the ${what} after writeHead(), with nothing sent, gives a 500`, async () => {
      const { response } = await fail((request, answer) => {
        answer.writeHead(200, { 'X-A': 'b' });
        destroy(request, answer);
      });
      assert.deepEqual([response.status, response.header('x-a')], [500, []]);
    });

    it(`the ${what} in the middle of the body ends the response there`, async () => {
      const { response } = await fail(async (request, answer) => {
        answer.write('part');
        await later(10);
        destroy(request, answer);
      });
      assert.deepEqual([response.status, response.text], [200, 'part']);
    });

    it(`the ${what} in the middle of the request's body is answered`, async () => {
      const { response } = await fail(
        (request, answer) => request.once('data', () => destroy(request, answer)),
        {},
        (client) => client.request({ method: 'POST', body: 'some', bodyLength: 100 }),
      );
      assert.equal(response.status, 500);
    });

    it(`the ${what} has the events of node:http`, async () => {
      for (const withError of [false, true]) {
        await same({
          client: async (peer) => {
            await peer.send();
            await later(40);
          },
          handler: async (request, response, note) => {
            await later(5); // the parser of HTTP has to come to the request's end
            request.socket.on('close', () => note('socket close'));
            request.socket.on('error', (error: NodeJS.ErrnoException) =>
              note(`socket error ${error.message}`),
            );
            const target = { request, response, socket: request.socket }[what];
            target.destroy(withError ? new Error('why') : undefined);
            note(`${request.destroyed} ${response.destroyed} ${request.socket.destroyed}`);
          },
        });
      }
    });
  }

  it('comes with an error that the socket is told of, and the process goes on', async () => {
    const { response } = await fail((request) => {
      request.socket.emit('error', new Error('told'));
    });
    assert.equal(response.status, 500);
  });

  it('makes later writes fail, as on node:http', async () => {
    await same({
      client: async (peer) => {
        await peer.send();
        await later(40);
      },
      handler: (_request, response, note) => {
        response.destroy();
        const callback = (error?: Error | null): void =>
          note(`${(error as NodeJS.ErrnoException | null)?.code}`);
        note(`${response.write('x', callback)}`);
        response.end('y');
      },
    });
  });
});

describe('A client that leaves', () => {
  it('has the callbacks of unfinished writes called with an error, and no finish', async () => {
    const codes: (string | undefined)[] = [];
    await withServer(
      (_request, response) => {
        for (let n = 0; n < 2; n++) {
          response.write(Buffer.alloc(4_000_000), (error) =>
            codes.push((error as NodeJS.ErrnoException | null)?.code),
          );
        }
        response.on('finish', () => codes.push('finish')).on('close', () => codes.push('close'));
        response.end();
      },
      async (served) => {
        const client = await served.client();
        client.pause();
        await client.send();
        await later(50);
        client.close();
        await later(50);
      },
    );
    assert.deepEqual(codes, ['close', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_DESTROYED']);
  });

  it('does not tell a handler to go on writing', async () => {
    const many = 100_000;
    const closed = deferred();
    let leave = (): void => undefined;
    let writes = 0;
    await withServer(
      (_request, response) => {
        const write = (): void => {
          while (writes < many && response.write('x'.repeat(100))) writes++;
          response.once('drain', write);
        };
        response.on('close', closed.resolve);
        leave();
        write();
      },
      async (served) => {
        const client = await served.client();
        leave = () => client.close();
        await client.send();
        await closed.promise;
      },
    );
    assert.ok(writes < many, `${writes} writes were taken`);
  });
});

describe('Timeouts', () => {
  const sleep = async (peer: { send(): Promise<void> }): Promise<void> => {
    await peer.send();
    await later(120);
  };

  it('of request, response and server call back, as on node:http', async () => {
    for (const kind of ['request', 'response', 'server'] as const) {
      await same({
        client: sleep,
        handler: (request, response, note) => {
          const target = kind === 'server' ? undefined : { request, response }[kind];
          target?.setTimeout(30, () => note('called back'));
          setTimeout(() => response.end(), 80);
        },
        prepare: (server, note) => {
          if (kind === 'server') server.setTimeout(30, () => note('server called back'));
        },
      });
    }
  });

  it('that nobody handles destroy the socket', async () => {
    for (const kind of ['request', 'response', 'socket'] as const) {
      await same({
        client: sleep,
        ignoreTimeouts: true,
        handler: (request, response) => {
          ({ request, response, socket: request.socket })[kind].setTimeout(30);
        },
      });
    }
    await same({
      client: sleep,
      ignoreTimeouts: true,
      handler: () => undefined,
      prepare: (server) => void (server.timeout = 30),
    });
  });

  it('do not come while something happens, nor after the end', async () => {
    await same({
      client: async (peer) => {
        await peer.send();
        const answer = await peer.answer();
        await later(60);
        return answer;
      },
      handler: async (_request, response, note) => {
        response.setTimeout(50, () => note('called back'));
        for (let n = 0; n < 5; n++) {
          await later(25);
          response.write('x');
        }
        response.setTimeout(0);
        response.end();
      },
    });
  });
});
