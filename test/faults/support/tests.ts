import assert from 'node:assert/strict';
import { Applications, repeat, type FaultCase } from './case.js';

/** For processes that have to be started on a machine that is busy. */
const PATIENCE_MS = 60_000;

/** Each case once, scaled down; `npm run faults` repeats them in full. */
export function testCases(cases: readonly FaultCase[]): void {
  const applications = new Applications();
  after(() => applications.end());
  for (const one of cases) {
    if (one.slow === true) continue;
    it(`${one.name} (${one.options.mode})`, async function () {
      this.timeout(PATIENCE_MS);
      const { failure } = await repeat(one, 1, 'short', applications);
      assert.equal(failure, undefined, failure);
    });
  }
}
