import assert from 'node:assert/strict';
import { responseVectors } from '../support/vectors.js';
import { DIFFERENCES, differencesOf } from './support/differences.js';
import { recordedOutcome, replay, type Outcome } from './support/replay.js';
import { Site } from './support/site.js';

/** Vectors that are played at the same time, each through a gateway of its own. */
const PARALLEL = 12;

describe('gateway on recorded responses', function () {
  this.timeout(120_000);
  const vectors = responseVectors();
  const outcomes = new Map<string, Outcome>();

  before(async () => {
    const site = new Site();
    const queue = [...vectors];
    const work = async (): Promise<void> => {
      for (let vector = queue.shift(); vector !== undefined; vector = queue.shift()) {
        outcomes.set(vector.id, await replay(vector, site));
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, work));
    site.remove();
  });

  for (const vector of vectors) {
    const differences = differencesOf(vector);
    const note =
      differences.length === 0 ? '' : ` (differs: ${differences.map(({ name }) => name).join(', ')})`;
    it(`${vector.id}${note}`, () => {
      const expected = recordedOutcome(vector);
      for (const { name, adjust } of differences) {
        const before = structuredClone(expected);
        adjust(expected, vector);
        assert.notDeepEqual(expected, before, `"${name}" changes nothing here: do not list it`);
      }
      assert.deepEqual(outcomes.get(vector.id), expected);
    });
  }

  it('lists no two differences of one name', () => {
    assert.equal(new Set(DIFFERENCES.map(({ name }) => name)).size, DIFFERENCES.length);
  });
});
