import assert from 'node:assert/strict';
import { Wildcards } from '#lib/directives/wildcards.js';

describe('wildcards', () => {
  const rows: [wildcards: string, pathname: boolean, matching: string[], others: string[]][] = [
    ['*.conf', false, ['a.conf', '.conf', 'a/b.conf'], ['a.confs', 'conf']],
    ['*.conf', true, ['a.conf'], ['a/b.conf']],
    ['/home/*/www', true, ['/home/a/www', '/home//www'], ['/home/a/b/www', '/home/www']],
    ['a?c', true, ['abc'], ['ac', 'a/c', 'abbc']],
    ['[a-c]x[!0-9]', false, ['axy', 'cx/'], ['dxy', 'ax1']],
    ['[^/]', true, ['a'], ['/']],
    ['[!a]', true, ['b'], ['/', 'a']],
    ['[]a]', false, [']', 'a'], ['b']],
    ['[z-a]', false, [], ['z', 'a', '']],
    ['[a', false, ['[a'], ['a']],
    ['\\*\\[', false, ['*['], ['x[']],
    ['a*b*c', false, ['abc', 'aXbYbZc'], ['ab', 'abcd']],
    ['*a*', true, ['a', 'bab'], ['b/a', '/a/']],
    ['**', false, ['', 'x'], []],
    ['', false, [''], ['x']],
  ];
  for (const [text, pathname, matching, others] of rows) {
    it(`${JSON.stringify(text)}${pathname ? ' of paths' : ''} match ${JSON.stringify(matching)}`, () => {
      const wildcards = new Wildcards(text, pathname);
      for (const one of matching) assert.equal(wildcards.test(one), true, one);
      for (const one of others) assert.equal(wildcards.test(one), false, one);
    });
  }

  it('take no longer with many stars', () => {
    const began = process.cpuUsage().user;
    const wildcards = new Wildcards(`${'*a'.repeat(40)}b`, true);
    assert.equal(wildcards.test('a'.repeat(5000)), false);
    assert.ok(process.cpuUsage().user - began < 2_000_000);
  });
});
