import assert from 'node:assert/strict';
import { listGroups, type GroupStatus } from '#lib/status/index.js';
import { screenLines, type ScreenOptions, type SortOrder } from '#lib/status/screen.js';
import { fakeProcs } from './support/fake-proc.js';
import { scoreboardBytes, type SlotFields } from './support/scoreboard-bytes.js';

describe('the screen of lsnode top', () => {
  const fake = fakeProcs();

  function addGroup(pid: number, slots: readonly SlotFields[]): void {
    fake().addProcess(pid, [
      fake().addScoreboard(scoreboardBytes({ parentPid: pid, root: `/srv/${pid}` }, slots)),
    ]);
  }

  const screen = (options: Partial<ScreenOptions> = {}, change = (group: GroupStatus) => group): string[] =>
    screenLines(listGroups(fake()).map(change), {
      ...{ columns: 120, rows: 24, sort: 'pid', time: '12:00:00' },
      ...options,
    });
  const pidsOf = (lines: readonly string[]): number[] =>
    lines.flatMap((line) => /^ +(\d+) (?:idle|busy)/.exec(line)?.slice(1).map(Number) ?? []);

  it('has a line for all, one for each group, and one for each child', () => {
    addGroup(40, [{ pid: 41, requests: 7, active: 1, requestBeganMs: 1, method: 'GET', url: '/slow' }]);
    addGroup(60, []);
    const lines = screen();
    assert.match(lines[0] ?? '', /^lsnode top 12:00:00 .* 1 active .*\[p pid\].* q quits$/);
    assert.match(lines[1] ?? '', /^40 \/srv\/40 {2}serving gen 0 .* 1\/0 children, 0 busy {2}7 requests$/);
    assert.match(lines[2] ?? '', /^ +PID STATE .* REQUEST$/);
    assert.match(lines[3] ?? '', /^ +41 busy .* GET \/slow$/);
    assert.match(lines[4] ?? '', /^60 \/srv\/60 /);
    assert.equal(lines.length, 6);
  });

  it('says so where there is nothing to see', () => assert.match(screen()[1] ?? '', /^No lsnode is running/));

  it('fits, whatever the size of the terminal is', () => {
    for (const pid of [100, 200, 300]) {
      addGroup(
        pid,
        Array.from({ length: 30 }, (_, index) => ({ pid: pid + 1 + index, url: 'ä'.repeat(200), active: 1 })),
      );
    }
    for (const columns of [1, 20, 80, 300]) {
      for (const rows of [1, 2, 5, 12, 24, 200]) {
        const lines = screen({ columns, rows });
        assert.ok(lines.length <= rows, `${rows} rows: ${lines.length}`);
        for (const line of lines) assert.ok([...line].length <= columns);
      }
    }
  });

  it('gives room that one group does not need to the others, and says how many are not shown', () => {
    addGroup(
      100,
      Array.from({ length: 30 }, (_, index) => ({ pid: 101 + index })),
    );
    addGroup(200, [{ pid: 201 }]);
    const lines = screen({ rows: 20 });
    assert.equal(lines.length, 20);
    assert.ok(lines.some((line) => line === '  … and 17 more'));
    assert.deepEqual(pidsOf(lines).slice(-2), [113, 201]);
  });

  it('orders children by what is asked for', () => {
    addGroup(40, [
      { pid: 41, startedTime: 1, active: 1, requestBeganMs: 10 },
      { pid: 42, startedTime: 3, active: 1, requestBeganMs: 5 },
      { pid: 43, startedTime: 2 },
    ]);
    const recent = { milliseconds: 1, answers: null };
    const order = (sort: SortOrder): number[] =>
      pidsOf(
        screen({ sort }, (group) => ({
          ...group,
          children: group.children.map((child, index) => ({
            ...child,
            memory: { ...child.memory, private: [5, 50, 500][index] ?? 0 },
            recent: {
              ...recent,
              cpuPercent: [2, 1, 3][index] ?? 0,
              requestsPerSecond: [1, 1, 9][index] ?? 0,
            },
          })),
        })),
      );
    assert.deepEqual(order('pid'), [41, 42, 43]);
    assert.deepEqual(order('cpu'), [43, 41, 42]);
    assert.deepEqual(order('requests'), [43, 41, 42]);
    assert.deepEqual(order('memory'), [43, 42, 41]);
    assert.deepEqual(order('time'), [42, 41, 43]);
    assert.deepEqual(order('age'), [42, 43, 41]);
  });

  it('never passes on what a terminal would obey', () => {
    addGroup(40, [{ pid: 41, active: 1, requestBeganMs: 1, method: 'GET', url: '/\x1b[2J\r\n' }]);
    const lines = screen();
    assert.ok(!/[\x00-\x1f]/.test(lines.join('')));
    assert.match(lines[3] ?? '', /\\u\{1b\}\[2J/);
  });
});
