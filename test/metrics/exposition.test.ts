import assert from 'node:assert/strict';
import { formatFamilies } from '#lib/metrics/exposition.js';
import { formatMetrics } from '#lib/metrics/index.js';
import { listGroups } from '#lib/status/index.js';
import { fakeProcs } from '../status/support/fake-proc.js';
import { scoreboardBytes } from '../status/support/scoreboard-bytes.js';
import { parseExposition, valueOf } from './support/parse-exposition.js';

describe('the text format of Prometheus', () => {
  it('has help and type before the samples, and nothing of families without any', () =>
    assert.equal(
      formatFamilies([
        {
          name: 'a_total',
          type: 'counter',
          help: 'What is counted.',
          samples: [
            { labels: {}, value: 3 },
            { labels: { x: 'y', z: '' }, value: 0.5 },
          ],
        },
        { name: 'nothing', type: 'gauge', help: 'Nothing.', samples: [] },
      ]),
      '# HELP a_total What is counted.\n# TYPE a_total counter\na_total 3\na_total{x="y",z=""} 0.5\n',
    ));

  it('escapes what would end a help or a value', () => {
    const nasty = 'a"b\\n\\c\nd}e,f="g ü';
    const text = formatFamilies([
      { name: 'g', type: 'gauge', help: nasty, samples: [{ labels: { path: nasty }, value: 1 }] },
    ]);
    const family = parseExposition(text).get('g');
    assert.equal(family?.help, nasty);
    assert.equal(family?.samples[0]?.labels.path, nasty);
  });

  it('writes numbers that are none as the format calls them', () => {
    const samples = [Number.NaN, Infinity, -Infinity, 1e21, 1e-7].map((value, index) => ({
      labels: { index: String(index) },
      value,
    }));
    const text = formatFamilies([{ name: 'g', type: 'gauge', help: 'h', samples }]);
    assert.deepEqual(
      parseExposition(text)
        .get('g')
        ?.samples.map(({ value }) => value),
      [Number.NaN, Infinity, -Infinity, 1e21, 1e-7],
    );
  });
});

describe('the metrics of groups', () => {
  const fake = fakeProcs();
  const usage = { userTicks: 100, systemTicks: 50, threads: 1, pssKib: 1, privateCleanKib: 1 };

  function addGroups(): void {
    const board = scoreboardBytes(
      {
        ...{
          parentPid: 40,
          root: '/srv/a "quoted"\\path',
          generation: 3,
          childLimit: 10,
          startedTime: 1_500,
        },
        ...{ accepted: 7, refused: 2, startedChildren: 5, endedChildren: 3, crashedChildren: 1, reloads: 2 },
        ...{ failedReloads: 1, requestsOfEnded: 90, limitReached: 4, forkFailures: 6, busy: 1 },
        totalsOfEnded: { durationUs: 3_000_000, statuses: { 2: 80, 5: 10 }, durations: { 6: 90 } },
      },
      [
        {
          ...{ pid: 41, requests: 11, active: 1, connections: 1, requestBeganMs: 1 },
          totals: { durationUs: 500_000, statuses: { 0: 1, 3: 9 }, durations: { 1: 9, 37: 1 } },
        },
        { pid: 42, state: 'draining' },
      ],
    );
    fake().addProcess(40, [fake().addScoreboard(board)]);
    fake().addProcess(41);
    fake().setUsage(40, { ...usage, rssKib: 10, privateDirtyKib: 3 });
    fake().setUsage(41, { ...usage, rssKib: 20, privateDirtyKib: 7 });
    fake().addProcess(60, [
      fake().addScoreboard(scoreboardBytes({ parentPid: 60, mode: 'worker' }, [{ pid: 60 }])),
    ]);
    fake().setUsage(60, { ...usage, rssKib: 30, privateDirtyKib: 9 });
  }

  it('say what the status says, in seconds and bytes', () => {
    addGroups();
    const metrics = parseExposition(formatMetrics(listGroups(fake())));
    const group = { root: '/srv/a "quoted"\\path', pid: '40' };
    const value = (name: string, labels: Readonly<Record<string, string>> = {}): number =>
      valueOf(metrics, name, { ...group, ...labels });
    const expected: [name: string, value: number, labels?: Record<string, string>][] = [
      ['lsnode_info', 1, { mode: 'preloaded' }],
      ['lsnode_state', 1, { state: 'serving' }],
      ['lsnode_state', 0, { state: 'failed' }],
      ['lsnode_start_time_seconds', 1.5],
      ['lsnode_generation', 3],
      ['lsnode_reloads_total', 2],
      ['lsnode_reload_failures_total', 1],
      ['lsnode_connections_accepted_total', 7],
      ['lsnode_connections_refused_total', 2],
      ['lsnode_connections', 1],
      ['lsnode_requests_total', 101],
      ['lsnode_requests_active', 1],
      ['lsnode_responses_total', 80, { status: '2xx' }],
      ['lsnode_responses_total', 1, { status: 'none' }],
      ['lsnode_children', 1, { state: 'busy' }],
      ['lsnode_children', 1, { state: 'draining' }],
      ['lsnode_children', 0, { state: 'failed' }],
      ['lsnode_children_busy', 1],
      ['lsnode_children_limit', 10],
      ['lsnode_children_started_total', 5],
      ['lsnode_children_ended_total', 3],
      ['lsnode_children_crashed_total', 1],
      ['lsnode_children_limit_reached_total', 4],
      ['lsnode_fork_failures_total', 6],
      ['lsnode_cpu_seconds_total', 3.11],
      ['lsnode_memory_private_bytes', 4096, { process: 'parent' }],
      ['lsnode_memory_private_bytes', 8192, { process: 'children' }],
      ['lsnode_memory_resident_bytes', 20_480, { process: 'children' }],
      ['lsnode_request_duration_seconds_bucket', 0, { le: '0.0001' }],
      ['lsnode_request_duration_seconds_bucket', 9, { le: '0.0002' }],
      ['lsnode_request_duration_seconds_bucket', 99, { le: '0.001' }],
      ['lsnode_request_duration_seconds_bucket', 99, { le: '100' }],
      ['lsnode_request_duration_seconds_bucket', 100, { le: '+Inf' }],
      ['lsnode_request_duration_seconds_sum', 3.5],
      ['lsnode_request_duration_seconds_count', 100],
    ];
    for (const [name, number, labels] of expected)
      assert.deepEqual([name, labels, value(name, labels)], [name, labels, number]);
    assert.ok(value('lsnode_oldest_request_seconds') > 1);
  });

  it('tell the memory of a process that serves alone once', () => {
    addGroups();
    const metrics = parseExposition(formatMetrics(listGroups(fake())));
    assert.deepEqual(
      metrics
        .get('lsnode_memory_private_bytes')
        ?.samples.filter(({ labels }) => labels.pid === '60')
        .map(({ labels, value }) => [labels.process, value]),
      [['worker', 10_240]],
    );
  });

  it('are nothing where there is no group', () => assert.equal(formatMetrics([]), ''));
});
