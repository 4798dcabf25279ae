import assert from 'node:assert/strict';
import { formatDuration, StartPhases } from '#lib/app/start-phases.js';

describe('The phases of a start', () => {
  it('begin with the process, and each ends the one before', () => {
    let now = 0;
    const phases = new StartPhases(() => now);
    assert.equal(String(phases), '');
    assert.equal(phases.current, undefined);
    now = 80;
    phases.begin('resolve');
    assert.equal(String(phases), 'phase resolve, after 80 ms');
    now = 100;
    phases.begin('load');
    now = 1340;
    assert.equal(String(phases), 'phase load, after 1.24 s');
    phases.begin('load');
    assert.equal(String(phases), 'phase load, after 1.24 s');
    phases.begin('listen');
    assert.equal(phases.current, 'listen');
    assert.equal(phases.summary(), 'resolve 100 ms, load 1.24 s');
  });

  it('are told in milliseconds below a second', () => {
    assert.deepEqual([0.4, 999, 1000, 61_234].map(formatDuration), ['0 ms', '999 ms', '1.00 s', '61.23 s']);
  });
});
