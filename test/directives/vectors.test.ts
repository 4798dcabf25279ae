import assert from 'node:assert/strict';
import { modWsgiVectors } from '../support/modwsgi-vectors.js';
import { EXEMPTIONS, type Exemption } from './exempt.js';
import { runConfigVector, runRequestsVector, type VectorResult } from './support/vector-runner.js';

const { base_config: base, vectors } = modWsgiVectors();

describe('the directives, as Apache with mod_wsgi was recorded', () => {
  const counts = { passed: 0, exempt: 0 };
  const seen = new Set<Exemption>();
  const needed = new Set<Exemption>();

  for (const vector of vectors) {
    it(vector.id, () => {
      if (vector.kind !== 'requests') {
        const { difference } = runConfigVector(vector, base);
        assert.equal(difference, undefined, difference);
        counts.passed++;
        return;
      }
      const exemptions = EXEMPTIONS.filter(({ config }) => config.test(vector.config));
      for (const exemption of exemptions) seen.add(exemption);
      const failed: string[] = [];
      for (const { request, difference } of runRequestsVector(vector, base)) {
        const exemption = exemptions.find(
          ({ requests }) => request !== undefined && (requests?.(request, vector) ?? true),
        );
        if (difference === undefined) counts.passed++;
        else if (exemption === undefined) failed.push(describeFailure({ request, difference }));
        else {
          counts.exempt++;
          needed.add(exemption);
        }
      }
      assert.deepEqual(failed, [], failed.join('\n'));
    });
  }

  it('has no exemption that would pass', () => {
    const stale = EXEMPTIONS.filter((exemption) => seen.has(exemption) && !needed.has(exemption));
    assert.deepEqual(
      stale.map(({ reason }) => reason),
      [],
    );
  });

  after(() => {
    console.log(`      ${vectors.length} vectors: ${counts.passed} checks passed, ${counts.exempt} exempt`);
  });
});

function describeFailure({ request, difference }: VectorResult): string {
  const what =
    request === undefined ? 'start' : `${request.method} ${request.url} ${JSON.stringify(request.headers)}`;
  return `${what}\n    ${difference}`;
}
