import assert from 'node:assert/strict';
import { compare } from './compare.js';
import type { Outcome, TestResult } from './execute.js';
import { PERMITTED } from './permitted.js';
import { SUITES } from './suites.js';

const SUITE = { name: 'a', version: '1.0.0' };

function results(outcomes: Record<string, Outcome>): TestResult[] {
  return Object.entries(outcomes).map(([title, outcome]) => ({ title, outcome }));
}

describe('The comparison of suites', () => {
  it('finds tests that end differently, also those that are missing on one side', () => {
    const plain = results({ same: 'passed', broken: 'passed', missing: 'passed', bad: 'failed' });
    const rerouted = results({ same: 'passed', broken: 'failed', bad: 'failed', extra: 'passed' });
    const { differences } = compare(SUITE, plain, rerouted, []);
    assert.deepEqual(differences, [
      { title: 'broken', plain: 'passed', rerouted: 'failed' },
      { title: 'missing', plain: 'passed', rerouted: 'absent' },
      { title: 'extra', plain: 'absent', rerouted: 'passed' },
    ]);
  });

  it('tells tests of the same title apart', () => {
    const twice = (second: Outcome): TestResult[] => [
      { title: 'a', outcome: 'passed' },
      { title: 'a', outcome: second },
    ];
    const { differences } = compare(SUITE, twice('passed'), twice('failed'), []);
    assert.deepEqual(
      differences.map(({ title }) => title),
      ['a (2)'],
    );
  });

  it('gives the reason of permitted differences, and names permissions that are not needed', () => {
    const permitted = [
      { suites: ['a'], title: /^sends trailers$/, reason: 'LSAPI has none.' },
      { suites: ['a', 'b'], title: /never/, reason: 'not needed' },
      { suites: ['b'], title: /other suite/, reason: 'not asked' },
    ];
    const { differences, unneeded } = compare(
      SUITE,
      results({ 'sends trailers': 'passed' }),
      results({ 'sends trailers': 'failed' }),
      permitted,
    );
    assert.equal(differences[0]?.reason, 'LSAPI has none.');
    assert.deepEqual(unneeded, ['/never/']);
  });

  it('has permissions only for suites that exist', () => {
    const names = new Set(SUITES.map(({ name }) => name));
    assert.deepEqual(
      PERMITTED.flatMap(({ suites }) => suites).filter((name) => !names.has(name)),
      [],
    );
  });
});
