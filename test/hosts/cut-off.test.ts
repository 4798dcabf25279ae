import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { IncomingMessage } from 'node:http';
import { groupStatus } from '#lib/status/index.js';
import type { Lsnode } from '../cli/support/lsnode.js';
import { eventually, groups } from '../process-group/support/group.js';
import { Front } from './support/front.js';
import { Load, type Ask } from './support/load.js';
import { Network, type Host } from './support/network.js';

const PORT = 9000;
/** So long the front waits for an acknowledgement, before it tries a host again, and for an answer. */
const ACKNOWLEDGE_MS = 1000;
const RETRY_MS = 500;
const ANSWER_MS = 2500;
/** The hosts' LSNODE_TCP_TIMEOUT. */
const SILENCE_S = 2;
/** What the front gives an attempt to connect. */
const CONNECT_MS = 2000;
const CLIENTS = 12;

/** Tells in its log which requests have begun and which were given up. */
const APP = `
import { setTimeout as delay } from 'node:timers/promises';
const piece = new Uint8Array(65536);
export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    const id = searchParams.get('id');
    console.error('began ' + id);
    request.signal.addEventListener('abort', () => console.error('aborted ' + id));
    if (pathname === '/endless') return new Response(new ReadableStream({ pull: (c) => c.enqueue(piece) }));
    await delay(Number(searchParams.get('ms')));
    return new Response(process.env.HOST_NAME);
  },
};
`;

describe('two hosts behind a load balancer', () => {
  const start = groups();
  let network: Network | undefined;
  let front: Front | undefined;
  let load: Load | undefined;

  before('only root can make network namespaces', async function () {
    if (process.getuid?.() !== 0) this.skip();
    network = new Network();
    await network.start();
  });

  afterEach(async () => {
    await front?.end();
    await load?.stop();
  });

  after(() => network?.remove());

  async function startHost(network: Network, name: string): Promise<{ host: Host; lsnode: Lsnode }> {
    const host = await network.addHost();
    const lsnode = start(
      {
        HOST_NAME: name,
        LSAPI_CHILDREN: '16',
        LSNODE_CONCURRENCY: '4',
        LSNODE_TCP_TIMEOUT: String(SILENCE_S),
      },
      {
        files: { 'app.mjs': APP },
        args: ['--bind', `${host.address}:${PORT}`, 'app.mjs'],
        stdin: 'none',
        wrap: host.wrap,
      },
    );
    await lsnode.printed(/serving/);
    return { host, lsnode };
  }

  it('one is cut off under load: the other goes on, nothing is lost that could be known, and it comes back', async function () {
    this.timeout(60_000);
    assert.ok(network);
    const a = await startHost(network, 'a');
    const b = await startHost(network, 'b');
    front = new Front(network, {
      target: [a, b].map(({ host }) => `${host.address}:${PORT}`),
      acknowledgeTimeout: ACKNOWLEDGE_MS,
      retryTimeout: RETRY_MS,
      connTimeout: ANSWER_MS,
    });
    await front.ready();
    const { get, open } = { get: front.get.bind(front), open: front.open.bind(front) };

    // On the host that will be cut off: an app that writes what nobody reads, and one that works on and on. Each host
    // has one connection in use between them, so that the next request goes to the first one.
    const unread: IncomingMessage = await open('/endless?id=endless');
    unread.on('error', () => undefined);
    const filler = get('/?id=filler&ms=1000');
    await b.lsnode.printed(/began filler/);
    const endless = get('/?id=working&ms=600000');
    await a.lsnode.printed(/began endless[^]*began working/);
    await filler;

    const running = (load = new Load(front, CLIENTS, 50));
    await eventually('both hosts serve', () =>
      ['a', 'b'].every((name) => running.asks.filter(({ body }) => body === name).length > 50),
    );
    await network.cut(a.host);
    const cutAt = performance.now();

    // Its side: connections that are idle, that wait for an app and that an app waits for end in bounded time.
    await a.lsnode.printed(/aborted working/);
    await a.lsnode.printed(/aborted endless/);
    await eventually('the host that is cut off has no connections', () => {
      const { connections, active } = groupStatus(a.lsnode.pid);
      return connections === 0 && active === 0;
    });
    const freedAfter = performance.now() - cutAt;
    assert.equal((await endless).status, 504, 'what was acknowledged cannot be delivered again');
    await delay(Math.max(0, ANSWER_MS + 500 - freedAfter));

    await network.mend(a.host);
    const mendedAt = performance.now();
    await eventually('it serves again', () =>
      running.asks.some(({ body, began }) => body === 'a' && began > mendedAt),
    );
    const backAfter = performance.now() - mendedAt;
    await delay(300);
    await running.stop();
    unread.destroy();

    const { asks } = running;
    const failed = asks.filter(({ status }) => status !== 200);
    const hadBegunAt = (ask: Ask, { stderr }: Lsnode): boolean =>
      new RegExp(`^began ${ask.id}$`, 'm').test(stderr);
    for (const ask of failed) {
      assert.equal(ask.status, 504, JSON.stringify(ask));
      assert.ok(
        ask.began < cutAt && hadBegunAt(ask, a.lsnode),
        `could have been delivered: ${JSON.stringify(ask)}`,
      );
      assert.ok(!hadBegunAt(ask, b.lsnode));
    }
    // Half of the clients at most had a request there.
    assert.ok(failed.length <= CLIENTS, `${failed.length} failed`);
    const during = asks.filter(({ began, ended }) => began > cutAt && ended < mendedAt);
    assert.ok(during.length > 50, `${during.length} answers while the host was cut off`);
    assert.deepEqual(new Set(during.map(({ body }) => body)), new Set(['b']));
    // A request is late by one attempt at the host that is gone, no more.
    const longest = Math.max(...during.map(({ began, ended }) => ended - began));
    assert.ok(longest < CONNECT_MS + ACKNOWLEDGE_MS + 1500, `${longest} ms`);
    const again = front.log.filter(({ deliveries }) => deliveries > 1);
    assert.ok(again.length > 0 && again.every(({ deliveries, status }) => deliveries <= 3 && status === 200));
    if (process.env.TEST_REPORT !== undefined) {
      console.log({
        asks: asks.length,
        failed: failed.length,
        during: during.length,
        again: again.length,
        longest,
        freedAfter,
        backAfter,
      });
    }
  });
});
