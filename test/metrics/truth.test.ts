// Whoever asks is told the truth: a known load, and what status, top, metrics and page say of it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { groupStatus, type GroupStatus } from '#lib/status/index.js';
import { main, rawApp, type Lsnode } from '../cli/support/lsnode.js';
import { eventually, groups } from '../process-group/support/group.js';
import type { LsapiClient } from '../support/lsapi-client.js';
import { parseExposition, valueOf } from './support/parse-exposition.js';

const CONNECTIONS = 4;
const REQUESTS = 1800;
/** By URL: each status gets its share. */
const STATUSES = [200, 200, 200, 302, 404, 500] as const;
const APP = rawApp(`
  if (request.url === '/wait') await delay(60_000);
  response.send(Number(request.url.slice(1)), null, 'x');
`);

/** What the load generator has sent and got. */
class Load {
  readonly clients: LsapiClient[] = [];
  readonly statuses: Record<string, number> = { '2xx': 0, '3xx': 0, '4xx': 0, '5xx': 0 };

  async run(lsnode: Lsnode): Promise<void> {
    this.clients.push(...(await Promise.all(Array.from({ length: CONNECTIONS }, () => lsnode.connect()))));
    const begin = performance.now();
    await Promise.all(
      this.clients.map(async (client, index) => {
        for (let n = index; n < REQUESTS; n += CONNECTIONS) {
          const { status } = await client.request({ url: `/${STATUSES[n % STATUSES.length] ?? 200}` });
          const name = `${Math.floor(status / 100)}xx`;
          this.statuses[name] = (this.statuses[name] ?? 0) + 1;
        }
      }),
    );
    this.milliseconds = performance.now() - begin;
  }

  milliseconds = 0;
}

/** The output of an lsnode command; beside others, as they take a while. */
async function output(...argv: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [main, ...argv], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
  assert.deepEqual(await once(child, 'close'), [0, null]);
  return text;
}

/** Checks a status against what was sent, with one more request that waits. */
function checkStatus(status: GroupStatus | undefined, load: Load): void {
  assert.ok(status);
  const { statuses } = status.answers;
  assert.deepEqual(
    [status.requests, status.active, status.connections, status.accepted, status.answers.count],
    [REQUESTS + 1, 1, CONNECTIONS + 1, CONNECTIONS + 1, REQUESTS],
  );
  assert.deepEqual(statuses, { none: 0, '1xx': 0, ...load.statuses });
  assert.equal(
    status.answers.histogram.reduce((sum, { count }) => sum + count, 0),
    REQUESTS,
  );
  // The generator waits for each answer: its connections were busy for no longer than all of its time.
  assert.ok(status.answers.totalMilliseconds > 0);
  assert.ok(status.answers.totalMilliseconds <= load.milliseconds * CONNECTIONS);
  assert.equal(
    status.children.reduce((sum, { requests }) => sum + requests, 0),
    REQUESTS + 1,
  );
  const waiting = status.children.filter(({ currentRequest }) => currentRequest !== null);
  assert.deepEqual(
    waiting.map(({ currentRequest }) => [currentRequest?.method, currentRequest?.url]),
    [['GET', '/wait']],
  );
}

describe('What status, top and metrics tell under load', () => {
  const start = groups();

  for (const [what, env] of Object.entries({
    'a worker': {},
    'a process group': { LSAPI_CHILDREN: '8', LSNODE_CONCURRENCY: '2', LSAPI_MAX_IDLE_CHILDREN: '8' },
  })) {
    it(`agrees with what was sent to ${what}`, async () => {
      const lsnode = start(env, { files: { 'app.mjs': APP } });
      const load = new Load();
      await load.run(lsnode);
      const waiting = await lsnode.connect();
      await waiting.send({ url: '/wait' });
      const pid = String(lsnode.pid);
      await eventually('the request has begun', () => groupStatus(lsnode.pid).active === 1);
      const [json, table, top, text] = await Promise.all([
        output('status', pid, '--json'),
        output('status', pid),
        output('top', pid, '--once'),
        output('metrics', pid),
      ]);

      checkStatus(JSON.parse(json) as GroupStatus, load);
      const { '2xx': ok = 0, '3xx': moved = 0, '4xx': missing = 0, '5xx': failed = 0 } = load.statuses;
      assert.match(table, new RegExp(`requests +${REQUESTS + 1}, 1 in progress; `));
      assert.match(
        table,
        new RegExp(`answers +${ok} × 2xx, ${moved} × 3xx, ${missing} × 4xx, ${failed} × 5xx; mean`),
      );
      assert.match(table, new RegExp(`connections +${CONNECTIONS + 1} accepted, ${CONNECTIONS + 1} open`));
      assert.match(
        top,
        new RegExp(`^lsnode top .* 1 active .*\n${pid} .* ${REQUESTS + 1} requests .* ${failed} 5xx`),
      );
      const metrics = parseExposition(text);
      const value = (name: string, labels: Readonly<Record<string, string>> = {}): number =>
        valueOf(metrics, name, { pid, ...labels });
      assert.equal(value('lsnode_requests_total'), REQUESTS + 1);
      assert.equal(value('lsnode_requests_active'), 1);
      assert.equal(value('lsnode_connections'), CONNECTIONS + 1);
      assert.equal(value('lsnode_connections_accepted_total'), CONNECTIONS + 1);
      assert.equal(value('lsnode_request_duration_seconds_count'), REQUESTS);
      for (const [status, count] of Object.entries(load.statuses))
        assert.equal(value('lsnode_responses_total', { status }), count, status);
    });
  }

  it('counts go on when the children that have counted are gone, and reload', async () => {
    const lsnode = start({ LSAPI_CHILDREN: '4', LSAPI_MAX_REQS: '100' }, { files: { 'app.mjs': APP } });
    const sent = 250;
    let client = await lsnode.connect();
    for (let n = 0; n < sent; n++) {
      const response = await client.request({ url: '/200' });
      if (response.connectionClosed) client = await lsnode.connect();
    }
    await eventually('the children have been replaced', () => groupStatus(lsnode.pid).endedChildren >= 2);
    lsnode.child.kill('SIGHUP');
    const { answers, requests } = await eventually('it has been reloaded', () => {
      const now = groupStatus(lsnode.pid);
      return now.generation === 2 && now.endedChildren >= 3 && now;
    });
    assert.deepEqual([requests, answers.count, answers.statuses['2xx']], [sent, sent, sent]);
  });

  it('the page of the gateway agrees as well', async () => {
    const lsnode = start(
      { LSAPI_CHILDREN: '4' },
      {
        files: { 'app.mjs': APP },
        args: ['--http', '127.0.0.1:0', '--status-path', '/lsnode-status'],
        stdin: 'none',
      },
    );
    const [, port = ''] = await eventually(
      'the gateway listens',
      () => /^http:\/\/127\.0\.0\.1:(\d+)\//m.exec(lsnode.stdout) ?? undefined,
    );
    const ask = async (path: string): Promise<string> => {
      const [response] = (await once(get({ port: Number(port), path, agent: false }), 'response')) as [
        IncomingMessage,
      ];
      let body = '';
      for await (const chunk of response) body += String(chunk);
      return body;
    };
    const sent = 60;
    await Promise.all(
      Array.from({ length: 3 }, async () => {
        for (let n = 0; n < sent / 3; n++) await ask('/404');
      }),
    );
    const [group] = JSON.parse(await ask('/lsnode-status/status.json')) as GroupStatus[];
    assert.deepEqual(
      [group?.mode, group?.requests, group?.answers.statuses['4xx']],
      ['preloaded', sent, sent],
    );
  });
});
