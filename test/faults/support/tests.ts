import assert from 'node:assert/strict';
import { Applications, repeat, type FaultCase } from './case.js';
import { PATIENCE_MS } from './failure.js';

/**
 * What makes tests of cases: each once, scaled down, those that are slow left out. `npm run faults` has them in full.
 * To be called in the suite whose tests share the applications.
 */
export function faultTests(): (cases: readonly FaultCase[]) => void {
  const applications = new Applications();
  after(function () {
    this.timeout(PATIENCE_MS);
    return applications.end();
  });
  return (cases) => {
    for (const one of cases) {
      if (one.slow === true) continue;
      it(`${one.name} (${one.options.mode})`, async function () {
        this.timeout(3 * PATIENCE_MS);
        const { failure } = await repeat(one, 1, 'short', applications);
        assert.equal(failure, undefined, failure);
      });
    }
  };
}
