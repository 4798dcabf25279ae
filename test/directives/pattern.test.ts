import assert from 'node:assert/strict';
import { Pattern, PatternError, substituteGroups } from '#lib/directives/pcre/pattern.js';

describe('Perl-compatible expressions of directives', () => {
  const rows: [pattern: string, text: string, match: string | undefined][] = [
    ['b+', 'abbb', 'bbb'],
    ['^b', 'ab', undefined],
    ['a.c', 'a\nc', 'a\nc'],
    ['(?-s)a.c', 'a\nc', undefined],
    ['a$', 'a\n', undefined],
    ['a\\Z', 'a\n', 'a'],
    ['(?m)^b$', 'a\nb\nc', 'b'],
    ['a{2,3}', 'aaaa', 'aaa'],
    ['a{2,3}?', 'aaaa', 'aa'],
    ['a{,2}', 'a{,2}', 'a{,2}'],
    ['(?U)a+', 'aaa', 'a'],
    ['a++a', 'aaa', undefined],
    ['(?>a+|b)c', 'aac', 'aac'],
    ['(a|ab)(c|bcd)(d*)', 'abcd', 'abcd'],
    ['(?<=a)b', 'ab', 'b'],
    ['(?<!a)b', 'ab', undefined],
    ['(?<=a|bc)d', 'bcd', 'd'],
    ['(?=.*z)a', 'abz', 'a'],
    ['(\\w)\\1', 'abba', 'bb'],
    ['(?i)(a)\\1', 'aA', 'aA'],
    ['(a)\\g{-1}', 'aa', 'aa'],
    ['(?<n>x)\\k<n>', 'xx', 'xx'],
    ['\\((?:[^()]++|(?R))*\\)', '(a(b)c)', '(a(b)c)'],
    ['^(\\((?1)*\\))$', '(()())', '(()())'],
    ['(a)?(?(1)b|c)', 'ab', 'ab'],
    ['^(a)?(?(1)b|c)$', 'c', 'c'],
    ['(?(DEFINE)(?<d>\\d+))x(?&d)', 'x12', 'x12'],
    ['a\\Kb', 'ab', 'b'],
    ['(?|(a)|(b))\\1', 'bb', 'bb'],
    ['[[:digit:]-]+', 'a1-2', '1-2'],
    ['[^\\d\\s]+', '1 ab', 'ab'],
    ['[]a]+', ']a', ']a'],
    ['[\\Q^-]\\E]', '-', '-'],
    ['\\Qa.b\\E+', 'a.bb', 'a.bb'],
    ['(?x) a b # comment', 'ab', 'ab'],
    ['\\x41\\x{42}\\103', 'ABC', 'ABC'],
    ['a\\Rb', 'a\r\nb', 'a\r\nb'],
    ['\\bb\\B', 'a bc', 'b'],
    ['(a*)*b', 'aab', 'aab'],
    ['(?:a|)+c', 'aac', 'aac'],
    ['a(?#note)b', 'ab', 'ab'],
    ['(?i:a)b', 'Ab', 'Ab'],
    ['(?i:a)b', 'AB', undefined],
    ['(*F)|b', 'ab', 'b'],
    ['[', '[', 'error'],
    ['(', '', 'error'],
    [')', '', 'error'],
    ['*', '', 'error'],
    ['a**', '', 'error'],
    ['a{2,1}', '', 'error'],
    ['[b-a]', '', 'error'],
    ['[[:nope:]]', '', 'error'],
    ['\\', '', 'error'],
    ['(a)\\2', '', 'error'],
    ['(?<=a+)b', '', 'error'],
    ['(?P=none)', '', 'error'],
    ['(?z)', '', 'error'],
    ['\\p{L}', '', 'error'],
  ];
  for (const [pattern, text, expected] of rows) {
    it(`${pattern} in ${JSON.stringify(text)}: ${expected === undefined ? 'none' : JSON.stringify(expected)}`, () => {
      if (expected === 'error') assert.throws(() => new Pattern(pattern), PatternError);
      else assert.equal(new Pattern(pattern).exec(text)?.groups[0], expected);
    });
  }

  it('gives up an expression that explodes, which then does not match', () => {
    assert.equal(new Pattern('^(a+)+$').exec(`${'a'.repeat(40)}b`), undefined);
  });

  it('gives up where recursion has no end', () => {
    assert.equal(new Pattern('(?R)?a').exec('b'.repeat(10)), undefined);
  });

  it('matches long text', () => {
    const text = `/${'x'.repeat(60_000)}`;
    assert.equal(new Pattern('^/(.*)$').exec(text)?.end, text.length);
  });

  it('puts groups into a target; a backslash makes what follows literal', () => {
    assert.equal(substituteGroups('/$1/$10-$2-\\$1-\\1-&$', ['ab', 'a']), '/a/a0--$1-1-&$');
  });
});
