import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { lsnodes, type Lsnode } from '../cli/support/lsnode.js';
import { DIFFERENCES, expected, FOREIGN_COMMAND } from './support/differences.js';
import {
  app,
  applications,
  ask,
  askOnce,
  begin,
  childrenOf,
  connected,
  countLines,
  eventually,
  gone,
  groups,
  isAlive,
  kill,
  requestOf,
  statusOf,
  stays,
} from './support/group.js';

/** The server's ways to stop a process (protocol §4.6), and those of people. */
const STOPS: Record<string, readonly NodeJS.Signals[]> = {
  SIGTERM: ['SIGTERM'],
  SIGUSR1: ['SIGUSR1'],
  'SIGTERM and SIGUSR1': ['SIGTERM', 'SIGUSR1'],
  SIGINT: ['SIGINT'],
  'SIGTERM again and again': ['SIGTERM', 'SIGTERM', 'SIGTERM'],
};
/** For what happens at once: much longer, because the machine may have other things to do. */
const AT_ONCE_MS = 1000;

function signal(lsnode: Lsnode, signals: readonly NodeJS.Signals[]): void {
  for (const name of signals) lsnode.child.kill(name);
}

/** Two children, with a connection each. */
async function twoChildren(lsnode: Lsnode): Promise<Awaited<ReturnType<typeof connected>>[]> {
  const opened = [await connected(lsnode), await connected(lsnode)];
  for (const { client } of opened) await ask(client);
  return opened;
}

describe('A group that is told to stop', () => {
  const start = applications();

  it('answers what runs, and nothing is left of it', async () => {
    const lsnode = start({ LSAPI_CHILDREN: '3' });
    const [idle, busy] = await twoChildren(lsnode);
    assert.ok(idle !== undefined && busy !== undefined);
    await busy.client.send(requestOf('/sleep?500'));
    await busy.client.until(() => busy.client.response.acknowledged);
    lsnode.child.kill('SIGTERM');
    const response = await busy.client.completed();
    assert.equal(response.status, 200);
    assert.equal(lsnode.alive, expected(DIFFERENCES.parentWaitsForChildren));
    assert.equal(await lsnode.exitCode(), 0);
    await Promise.all([gone(idle.pid), gone(busy.pid)]);
  });

  it('when its parent is killed: children finish what runs, and go', async () => {
    const lsnode = start({ LSAPI_CHILDREN: '3' });
    const [idle, busy] = await twoChildren(lsnode);
    assert.ok(idle !== undefined && busy !== undefined);
    await busy.client.send(requestOf('/sleep?500'));
    await busy.client.until(() => busy.client.response.acknowledged);
    lsnode.child.kill('SIGKILL');
    assert.equal((await busy.client.completed()).status, 200);
    await Promise.all([gone(idle.pid), gone(busy.pid)]);
  });
});

describe('A child that takes too long', () => {
  const start = applications();

  it('LSAPI_MAX_PROCESS_TIME: it is ended, others are served all the time', async () => {
    const lsnode = start({ LSAPI_CHILDREN: '3', LSAPI_MAX_PROCESS_TIME: '1' });
    const [hanging, other] = await twoChildren(lsnode);
    assert.ok(hanging !== undefined && other !== undefined);
    await hanging.client.send(requestOf('/loop'));
    while (isAlive(hanging.pid)) {
      assert.equal((await ask(other.client)).pid, other.pid);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await hanging.client.closed();
    assert.equal(hanging.client.response.complete, false);
    assert.ok(lsnode.alive);
    assert.notEqual((await askOnce(lsnode)).pid, hanging.pid);
  });
});

if (FOREIGN_COMMAND === undefined) {
  describe('lsnode as a group that is told to stop', () => {
    const start = groups();

    for (const [name, signals] of Object.entries(STOPS)) {
      it(`by ${name}, idle: is gone at once, connections are closed with CONN_CLOSE`, async () => {
        const lsnode = start({ LSAPI_CHILDREN: '3' });
        const opened = await twoChildren(lsnode);
        // A response is complete a moment before its end is counted.
        await eventually('both are idle', () =>
          statusOf(lsnode).children.every(({ active }) => active === 0),
        );
        const before = performance.now();
        signal(lsnode, signals);
        await once(lsnode.child, 'exit');
        const took = performance.now() - before;
        assert.equal(lsnode.child.exitCode, 0, lsnode.stderr);
        assert.ok(opened.every(({ pid }) => !isAlive(pid)));
        assert.ok(took < AT_ONCE_MS, `${took} ms`);
        await Promise.all(opened.map(({ client }) => client.closed()));
        assert.ok(opened.every(({ client }) => client.response.connectionClosed));
        await lsnode.exited;
        assert.equal(lsnode.stderr, '');
      });

      it(`by ${name}, with requests running: finishes them, RESP_END with CONN_CLOSE, then ends`, async () => {
        const lsnode = start({ LSAPI_CHILDREN: '3' });
        const opened = [await begin(lsnode, '/sleep?800'), await begin(lsnode, '/sleep?800')];
        signal(lsnode, signals);
        for (const { client } of opened) {
          assert.equal((await client.completed()).status, 200);
          await client.closed();
          assert.ok(client.response.connectionClosed);
        }
        assert.equal(await lsnode.exitCode(), 0);
        assert.match(
          lsnode.stderr,
          /^lsapi\[\d+\]: (SIG\w+|a signal): finishing [12] requests?, then ending$/m,
        );
      });
    }

    it('before it serves: ends at once', async () => {
      const lsnode = start(
        { LSAPI_CHILDREN: '3' },
        {
          files: {
            'app.mjs': `console.log('loading'); await new Promise((end) => setTimeout(end, 60_000));`,
          },
        },
      );
      await lsnode.printed(/loading/);
      lsnode.child.kill('SIGTERM');
      assert.equal(await lsnode.exitCode(), 0);
    });

    it('LSNODE_GRACE: what still runs then gets a 500; a child that does not react is killed', async () => {
      const lsnode = start({ LSAPI_CHILDREN: '3', LSNODE_GRACE: '1' });
      const sleeping = await begin(lsnode, '/sleep?60000');
      const hanging = await begin(lsnode, '/loop?forever');
      lsnode.child.kill('SIGTERM');
      assert.equal((await sleeping.client.completed()).status, 500);
      await hanging.client.closed();
      assert.equal(await lsnode.exitCode(), 0);
      assert.match(
        lsnode.stderr,
        new RegExp(`child ${hanging.pid} has not ended \\(LSNODE_GRACE\\); SIGKILL`),
      );
      assert.ok(!isAlive(hanging.pid));
    });

    it('when its parent is killed: a child that does not react goes, too', async () => {
      const lsnode = start({ LSAPI_CHILDREN: '3', LSNODE_GRACE: '0' });
      const hanging = await begin(lsnode, '/loop');
      lsnode.child.kill('SIGKILL');
      await gone(hanging.pid);
    });
  });

  describe('A group whose server is gone', () => {
    const running: Lsnode[] = [];
    afterEach(() => {
      for (const lsnode of running.splice(0)) for (const pid of groupsOf(lsnode)) kill(pid, 'SIGKILL');
    });
    const start = lsnodes();
    /** The groups that were started by the shell in between. */
    const pids = new Map<Lsnode, number>();
    const groupsOf = (lsnode: Lsnode): number[] => [pids.get(lsnode) ?? 0].filter((pid) => pid > 0);

    async function startBehindShell(env: Record<string, string>): Promise<{ lsnode: Lsnode; pid: number }> {
      const lsnode = start({
        files: { 'app.mjs': app() },
        env: { LSAPI_CHILDREN: '3', ...env },
        wrap: (command) => ['sh', '-c', 'exec 3<&0; "$@" <&3 3<&- & wait', 'sh', ...command],
      });
      running.push(lsnode);
      await askOnce(lsnode);
      const [pid = 0] = childrenOf(lsnode.pid);
      pids.set(lsnode, pid);
      return { lsnode, pid };
    }

    it('ends, with all its children; with LSAPI_PPID_NO_CHECK it stays', async () => {
      const [checked, unchecked, shedding] = await Promise.all([
        startBehindShell({}),
        startBehindShell({ LSAPI_PPID_NO_CHECK: '0' }),
        startBehindShell({ LSAPI_MAX_BUSY_WORKER: '0' }),
      ]);
      const children = childrenOf(checked.pid);
      assert.equal(children.length, 1);
      for (const { lsnode } of [checked, unchecked, shedding]) lsnode.child.kill('SIGKILL');
      await Promise.all([checked.pid, ...children].map((pid) => gone(pid)));
      const told =
        /the process that started this one is gone \(LSAPI_PPID_NO_CHECK would keep it\); ending\n/;
      await eventually('the log says why', () => told.test(checked.lsnode.stderr));
      await stays('the others serve', 1500, () => isAlive(unchecked.pid) && isAlive(shedding.pid));
      await askOnce(unchecked.lsnode);
      await askOnce(shedding.lsnode);
    });
  });

  describe('LSAPI_MAX_PROCESS_TIME', () => {
    const start = groups();

    it('SIGTERM six times, then SIGKILL; the log names the request and, if wanted, what the child does', async () => {
      const lsnode = start({ LSAPI_CHILDREN: '3', LSAPI_MAX_PROCESS_TIME: '1', LSAPI_DUMP_DEBUG_INFO: '1' });
      const hanging = await begin(lsnode, '/loop?a=b');
      const sleeping = await begin(lsnode, '/sleep?60000');
      // A child that can still react answers by itself.
      assert.equal((await sleeping.client.completed()).status, 500);
      await gone(sleeping.pid);
      await gone(hanging.pid);
      const { pid } = hanging;
      await lsnode.printed(
        new RegExp(`child ${pid} ended by signal 9 \\(SIGKILL\\) while it was serving GET /loop\\?a=b\n`),
      );
      const signals = [
        ...lsnode.stderr.matchAll(
          new RegExp(
            `child ${pid} has been serving GET /loop\\?a=b for [\\d.]+ s \\(LSAPI_MAX_PROCESS_TIME\\); (\\w+)`,
            'g',
          ),
        ),
      ].map(([, name]) => name);
      assert.deepEqual(signals, [...Array<string>(6).fill('SIGTERM'), 'SIGKILL']);
      assert.match(
        lsnode.stderr,
        new RegExp(`child ${pid}: State: R \\(running\\), VmRSS: +\\d+ kB, Threads: 1`),
      );
      assert.match(lsnode.stderr, new RegExp(`child ${pid}: descriptor \\d+ is socket:`));
      assert.equal(countLines(lsnode, new RegExp(`child ${sleeping.pid} has been serving`)), 1);
    }).timeout(30_000);

    it('counts from the beginning of the request, not of the connection', async () => {
      const lsnode = start({ LSAPI_CHILDREN: '3', LSAPI_MAX_PROCESS_TIME: '1' });
      const { client } = await connected(lsnode);
      for (let n = 0; n < 5; ++n) assert.equal((await ask(client, '/sleep?400')).count, n + 1);
      assert.equal(lsnode.stderr, '');
    });
  });

  describe('The end of a child', () => {
    const start = groups();

    it('is told with its status in the log, unless it is orderly', async () => {
      const lsnode = start({ LSAPI_CHILDREN: '2' });
      const ends = [
        ['/exit?3', 'ended with status 3', 500],
        ['/throw', 'ended with status 1', 500],
        ['/signal?SIGSEGV', 'ended by signal 11 (SIGSEGV) while it was serving GET /signal?SIGSEGV', -1],
        ['/signal?SIGKILL', 'ended by signal 9 (SIGKILL) while it was serving GET /signal?SIGKILL', -1],
        ['/abort', 'ended by signal 6 (SIGABRT) while it was serving GET /abort', -1],
      ] as const;
      for (const [url, text, status] of ends) {
        const { client, pid } = await connected(lsnode);
        // So that it is no child that ends before its first answer.
        await ask(client);
        await client.send({ url });
        await client.closed();
        assert.deepEqual([url, client.response.status], [url, status]);
        await eventually(`${url} is told`, () => lsnode.stderr.includes(`]: child ${pid} ${text}\n`));
      }
      const orderly = await connected(lsnode);
      await orderly.client.send({ url: '/exit?0' });
      await orderly.client.closed();
      await gone(orderly.pid);
      const status = await eventually('it is counted', () => {
        const now = statusOf(lsnode);
        return now.endedChildren === ends.length + 1 && now;
      });
      assert.equal(status.crashedChildren, ends.length);
      assert.ok(!lsnode.stderr.includes(`child ${orderly.pid} `));
      assert.deepEqual(childrenOf(lsnode.pid, { zombies: true }), []);
    });

    it('loses none of its output', async () => {
      const lsnode = start({ LSAPI_CHILDREN: '2' });
      const size = 1_000_000;
      await (await lsnode.connect()).send({ url: `/print-and-exit?${size}` });
      await lsnode.printed(/ printed\n/);
      const at = lsnode.stderr.indexOf(' printed\n');
      assert.equal(lsnode.stderr.slice(0, at).match(/-+$/)?.[0].length, size);
    });

    it('leaves no core file, unless LSAPI_ALLOW_CORE_DUMP is there', async () => {
      const limit = (pid: number): string | undefined =>
        /^Max core file size +\S+ +(\S+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'latin1'))?.[1];
      for (const [env, allowed] of [
        [{}, '0'],
        [{ LSAPI_ALLOW_CORE_DUMP: '0' }, limit(process.pid)],
      ] as const) {
        const lsnode = start({ LSAPI_CHILDREN: '2', ...env });
        assert.equal(limit((await askOnce(lsnode)).pid), allowed);
      }
    });
  });
}
