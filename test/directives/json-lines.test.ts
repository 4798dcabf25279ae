import assert from 'node:assert/strict';
import fc from 'fast-check';
import { JsonError, jsonLines } from '#lib/directives/json-lines.js';

describe('The lines of a JSON text', () => {
  it('are known for every key and every item of a list', () => {
    const { lines } = jsonLines(`
{ "a": [
    1,
    { "b": "x\\n", "c": {} }],
  "d":
    [[], [true, -1.5e+3, null]]
}`);
    assert.deepEqual(Object.fromEntries(lines), {
      a: 2,
      'a[0]': 3,
      'a[1]': 4,
      'a[1].b': 4,
      'a[1].c': 4,
      d: 5,
      'd[0]': 6,
      'd[1]': 6,
      'd[1][0]': 6,
      'd[1][1]': 6,
      'd[1][2]': 6,
    });
  });

  it('tell of keys that are given twice', () => {
    assert.deepEqual(jsonLines('{"a": 1,\n "b": {"a": 1},\n "a": 2}').repeated, [{ path: 'a', line: 3 }]);
  });

  const broken: [text: string, line: number, message: string][] = [
    ['', 1, 'Expected a value, but the file ends'],
    ['{\n"a": 1\n"b": 2}', 3, 'Expected "," or "}", but there is "b"'],
    ['{\n"a" 1}', 2, 'Expected ":" behind the key, but there is "1"'],
    ['{\n  a: 1}', 2, 'Expected a key in quotes or "}", but there is "a"'],
    ['{"a": 1,\n}', 2, 'Expected a key in quotes, but there is "}"'],
    ['[1,\n\n]', 3, 'Expected a value, but there is "]"'],
    ['[1\n', 2, 'Expected "," or "]", but the file ends'],
    ['{}\n\n// end', 3, 'Expected the end of the file, but there is "//"'],
    ['["a\nb"]', 1, 'A text is not closed, or has a line break or an unknown escape in it'],
    ['["\\x"]', 1, 'A text is not closed, or has a line break or an unknown escape in it'],
    ["\n{'a': 1}", 2, 'Expected a key in quotes or "}", but there is "\'a\'"'],
    ['[01]', 1, 'Expected "," or "]", but there is "1"'],
    ['['.repeat(100_000), 1, 'More than 100 levels are inside each other'],
  ];
  for (const [text, line, message] of broken) {
    it(`${JSON.stringify(text.slice(0, 30))}: line ${line}: ${message}`, () => {
      assert.throws(
        () => jsonLines(text),
        (error) => error instanceof JsonError && error.line === line && error.message === message,
      );
    });
  }

  it('are found in exactly those texts that JSON.parse() takes', () => {
    const accepts = (read: (text: string) => unknown, text: string): boolean => {
      try {
        read(text);
        return true;
      } catch (error) {
        assert.ok(error instanceof SyntaxError || error instanceof JsonError, String(error));
        return false;
      }
    };
    const damaged = fc
      .tuple(
        fc.json({ maxDepth: 4 }),
        fc.nat(),
        fc.constantFrom('', ',', '"', '}', ']', ':', '0', '\n', '\\', 'x'),
      )
      .map(([text, at, insert]) => {
        const cut = at % (text.length + 1);
        return text.slice(0, cut) + insert + text.slice(insert === '' ? cut + 1 : cut);
      });
    fc.assert(
      fc.property(fc.oneof(fc.json({ maxDepth: 4 }), damaged), (text) => {
        assert.equal(accepts(jsonLines, text), accepts(JSON.parse, text), text);
      }),
      { numRuns: 1000 },
    );
  });
});
