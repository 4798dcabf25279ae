import assert from 'node:assert/strict';
import { closestMatch } from '#lib/config/closest-match.js';

describe('closestMatch', () => {
  const options = ['--module', '--bind', '--http', '--print-config', '--help', '--version'];
  const rows: [word: string, meant: string | undefined][] = [
    ['--bnd', '--bind'],
    ['--bidn', '--bind'],
    ['--binds', '--bind'],
    ['--printconfig', '--print-config'],
    ['--verison', '--version'],
    ['--halp', '--help'],
    ['--workers', undefined],
    ['--port', undefined],
    ['-x', undefined],
    ['', undefined],
  ];
  for (const [word, meant] of rows) {
    it(`${JSON.stringify(word)} → ${meant ?? 'none'}`, () =>
      assert.equal(closestMatch(word, options), meant));
  }

  it('is quick for any number of words, however long they are', () => {
    const { user } = process.cpuUsage();
    for (let n = 0; n < 5000; n++) closestMatch(`--${'x'.repeat(n)}`, options, n);
    assert.ok(process.cpuUsage().user - user < 2_000_000);
  });
});
