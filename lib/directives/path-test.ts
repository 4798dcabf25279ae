import { components } from './merge.js';
import { Pattern } from './pcre/pattern.js';
import type { PathTest } from './settings.js';
import { Wildcards } from './wildcards.js';

/** The test of a section's argument: an expression, wildcards (`*`, `?`, `[…]`) or plain text. */
export function pathTest(argument: string, isPattern: boolean): PathTest {
  if (isPattern) return { kind: 'pattern', pattern: new Pattern(argument) };
  if (/[*?[]/.test(argument)) {
    return {
      kind: 'wildcard',
      wildcards: new Wildcards(argument, true),
      components: components({ kind: 'literal', text: argument }),
    };
  }
  return { kind: 'literal', text: argument };
}

/** Whether a path is the section's place, or below it. */
export function matchesBelow(test: PathTest, path: string): boolean {
  switch (test.kind) {
    case 'pattern':
      return test.pattern.test(path);
    case 'wildcard':
      return test.wildcards.test(path);
    case 'literal': {
      const { text } = test;
      if (!path.startsWith(text)) return false;
      return text.endsWith('/') || path.length === text.length || path.charAt(text.length) === '/';
    }
  }
}

/** Whether a file's name is what a `<Files>` section means. */
export function matchesName(test: PathTest, name: string): boolean {
  return test.kind === 'literal'
    ? test.text === name
    : test.kind === 'wildcard'
      ? test.wildcards.test(name)
      : test.pattern.test(name);
}
