import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { FetchContext } from '#lib/fetch/fetch-context.js';
import { RequestEnvironment } from '#lib/http/request-environment.js';
import { lsnodes } from '../cli/support/lsnode.js';
import { eventually, fetchServers } from './support/fetch-server.js';

describe('The context of a fetch handler', () => {
  const serve = fetchServers();

  it('has the LSAPI environment, both ends of the connection, and comes as third argument too', async () => {
    let seen: FetchContext | undefined;
    const server = serve((_, context, executionContext) => {
      assert.equal(executionContext, context);
      seen = context;
      return new Response();
    });
    await server.request({ url: '/?a=b', env: { GEOIP_COUNTRY_CODE: 'NL' } });
    assert.equal(seen?.env.GEOIP_COUNTRY_CODE, 'NL');
    assert.equal(seen.env.QUERY_STRING, 'a=b');
    assert.ok(seen.lsapi instanceof RequestEnvironment);
    assert.equal(seen.lsapi.env, seen.env);
    assert.deepEqual(seen.client, { address: '203.0.113.7', port: 50123 });
    assert.deepEqual(seen.server, {
      name: 'example.com',
      address: '192.0.2.1',
      port: 80,
      protocol: 'HTTP/1.1',
      software: 'LiteSpeed/1.9.1 Open',
    });
  });

  it('says so where the server did not tell the client', async () => {
    const server = serve((_, { client }) => Response.json(client));
    const response = await server.request({ env: { REMOTE_ADDR: undefined, REMOTE_PORT: 'x' } });
    assert.equal(response.text, '{"address":"","port":0}');
  });

  it('asynchronous contexts of requests stay apart', async () => {
    const storage = new AsyncLocalStorage<string>();
    const server = serve((request) =>
      storage.run(request.url, async () => {
        await request.text();
        await delay(1);
        return new Response(storage.getStore());
      }),
    );
    const clients = await Promise.all(Array.from({ length: 8 }, () => server.connect()));
    const responses = await Promise.all(clients.map((client, n) => client.request({ url: `/${n}` })));
    assert.deepEqual(
      responses.map(({ text }) => text),
      clients.map((_, n) => `http://example.com/${n}`),
    );
  });
});

describe('waitUntil()', () => {
  const serve = fetchServers();

  it('does not keep the response; what is rejected is logged with its request', async () => {
    let fail = (): void => undefined;
    const server = serve((_, { waitUntil }) => {
      waitUntil(new Promise((_, reject) => (fail = () => reject(new Error('the reason')))));
      return new Response('at once');
    });
    assert.equal((await server.request({ url: '/origin' })).text, 'at once');
    assert.deepEqual(server.log, []);
    fail();
    await eventually(() => server.log.length > 0, 'the reason is logged');
    assert.match(
      server.log[0] ?? '',
      /^error in work given to waitUntil\(\) by GET \/origin: Error: the reason/,
    );
  });

  it('holds the end of draining until all promises have settled', async () => {
    const finish: (() => void)[] = [];
    const server = serve(
      (_, context) => {
        context.waitUntil(new Promise<void>((resolve) => finish.push(resolve)));
        return new Response();
      },
      { grace: 60_000 },
    );
    await server.request();
    await server.request();
    let drained = false;
    void server.drained.then(() => (drained = true));
    server.connections.set.drain();
    finish[0]?.();
    await delay(20);
    assert.equal(drained, false);
    finish[1]?.();
    await server.drained;
    assert.deepEqual(server.log, []);
  });

  it('gives up after the grace, and says so', async () => {
    const server = serve(
      (_, context) => {
        context.waitUntil(new Promise(() => undefined));
        return new Response();
      },
      { grace: 30 },
    );
    await server.request();
    server.connections.set.drain();
    await server.drained;
    assert.match(server.log.join(), /^1 of the promises given to waitUntil\(\) had not settled after 0.03 s/);
  });
});

describe('waitUntil() in a worker', () => {
  const start = lsnodes();
  const files = {
    'app.mjs': `export default { fetch(request, { waitUntil }) {
      const wait = Number(new URL(request.url).searchParams.get('wait'));
      waitUntil(new Promise((resolve) => setTimeout(resolve, wait)).then(() => console.log('work is done')));
      return new Response('answered');
    } };`,
  };

  it('the process that is told to stop finishes the work', async () => {
    const lsnode = start({ files });
    const client = await lsnode.connect();
    assert.equal((await client.request({ url: '/?wait=300' })).text, 'answered');
    lsnode.child.kill('SIGTERM');
    assert.equal(await lsnode.exitCode(), 0);
    assert.match(lsnode.stderr + lsnode.stdout, /work is done/);
  });

  it('for LSNODE_GRACE seconds at most', async () => {
    const lsnode = start({ files, env: { LSNODE_GRACE: '1' } });
    const client = await lsnode.connect();
    assert.equal((await client.request({ url: '/?wait=60000' })).text, 'answered');
    lsnode.child.kill('SIGTERM');
    await lsnode.exitCode();
    assert.match(lsnode.stderr, /waitUntil\(\)/);
  });
});
