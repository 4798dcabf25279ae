import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isLsapiError } from '#lib/errors.js';
import { planFor, type TuneInput, type TunePlan } from '#lib/tune/plan.js';
import { variablesOf } from '#lib/tune/report.js';
import { readSettings } from '#lib/config/settings.js';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

const MACHINE: TuneInput = {
  memory: 4 * GIB,
  reserve: GIB,
  cores: 2,
  sites: 1,
  concurrent: 20,
  blocking: false,
  parentMemory: 72 * MIB,
  childMemory: 50 * MIB,
};

describe('the number of processes that a site should have', () => {
  const cases: [why: string, input: Partial<TuneInput>, expected: Partial<TunePlan>][] = [
    [
      'a process for each core, which share the requests',
      {},
      { siteMemory: 3 * GIB, mostProcesses: 60, processes: 2, concurrency: 10, connections: 20, waiting: 0 },
    ],
    ['two at least, though there is one core', { cores: 1 }, { processes: 2, concurrency: 10 }],
    ['one for one request', { concurrent: 1 }, { processes: 1, concurrency: 1, connections: 1 }],
    ['cores are shared by the sites', { cores: 8, sites: 2 }, { processes: 4, concurrency: 5 }],
    [
      'connections are rounded up, so that nobody waits',
      { cores: 3 },
      { processes: 3, concurrency: 7, connections: 21 },
    ],
    [
      'one for each request that blocks',
      { blocking: true },
      { processes: 20, concurrency: 1, connections: 20, extraProcesses: 6 },
    ],
    [
      'as many as memory allows, and the other requests wait',
      { blocking: true, sites: 10 },
      {
        siteMemory: Math.floor((3 * GIB) / 10),
        mostProcesses: 4,
        processes: 4,
        extraProcesses: 0,
        waiting: 16,
      },
    ],
    [
      'a further one only where there is memory for it',
      { blocking: true, concurrent: 59 },
      { extraProcesses: 1 },
    ],
    ['a child is never reckoned with less than 16 MiB', { childMemory: MIB }, { childMemory: 16 * MIB }],
    ['a site alone keeps all of them', {}, { idleProcesses: 2, maxIdle: 300 }],
    ['several keep a third', { blocking: true, sites: 2 }, { idleProcesses: 6, maxIdle: 300 }],
    ['many end idle ones sooner', { sites: 12 }, { idleProcesses: 1, maxIdle: 60 }],
    [
      'each may grow to its share of the memory, three quarters of it JavaScript’s objects',
      { sites: 4 },
      { processes: 2, extraProcesses: 1, maxMemory: 232 * MIB, heap: 160 },
    ],
    ['but not to all of a large machine', { memory: 256 * GIB }, { maxMemory: 5461 * MIB, heap: 4096 }],
  ];
  for (const [why, input, expected] of cases) {
    it(why, () => {
      const plan = planFor({ ...MACHINE, ...input });
      for (const [name, value] of Object.entries(expected)) {
        assert.deepEqual([name, plan[name as keyof TunePlan]], [name, value]);
      }
    });
  }

  it('is refused where there is no memory for one', () => {
    for (const input of [{ sites: 30 }, { reserve: 8 * GIB }, { memory: 100 * MIB }]) {
      assert.throws(
        () => planFor({ ...MACHINE, ...input }),
        (error) => isLsapiError(error) && error.code === 'LSAPI_ERR_TUNE' && /--sites/.test(error.message),
      );
    }
  });

  it('never asks for more than there is, and is accepted by lsnode', () => {
    const bytes = (least: number, most: number) =>
      fc.integer({ min: least, max: most }).map((mebibytes) => mebibytes * MIB);
    fc.assert(
      fc.property(
        fc.record({
          memory: bytes(512, 1_000_000),
          reserve: bytes(0, 512),
          cores: fc.integer({ min: 1, max: 256 }),
          sites: fc.integer({ min: 1, max: 500 }),
          concurrent: fc.integer({ min: 1, max: 5000 }),
          blocking: fc.boolean(),
          parentMemory: bytes(20, 400),
          childMemory: bytes(1, 400),
        }),
        (input) => {
          let plan: TunePlan;
          try {
            plan = planFor(input);
          } catch (error) {
            assert.ok(isLsapiError(error));
            return;
          }
          const all = plan.processes + plan.extraProcesses;
          assert.ok(input.parentMemory + all * plan.childMemory <= plan.siteMemory);
          assert.ok(input.parentMemory + all * plan.maxMemory <= plan.siteMemory);
          assert.ok(plan.siteMemory * input.sites <= input.memory - input.reserve);
          assert.ok(plan.connections + plan.waiting >= input.concurrent);
          // A process more than needed would round down to fewer connections.
          assert.ok(plan.connections < input.concurrent + plan.processes);
          const { warnings, settings } = readSettings(variablesOf(plan));
          assert.deepEqual(warnings, []);
          assert.equal(Math.ceil(settings.children / settings.concurrency), plan.processes);
        },
      ),
      { numRuns: 300 },
    );
  });
});
