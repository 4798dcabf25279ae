import { components } from './merge.js';
import { Pattern } from './pcre/pattern.js';
import type { PathTest } from './settings.js';

/** The test of a section's argument: an expression, wildcards (`*`, `?`, `[…]`) or plain text. */
export function pathTest(argument: string, isPattern: boolean): PathTest {
  if (isPattern) return { kind: 'pattern', pattern: new Pattern(argument) };
  if (/[*?[]/.test(argument)) {
    return {
      kind: 'wildcard',
      expression: wildcardExpression(argument, true),
      components: components({ kind: 'literal', text: argument }),
    };
  }
  return { kind: 'literal', text: argument };
}

/**
 * Shell wildcards as an expression that must match all of a text.
 *
 * @param pathname whether `*`, `?` and `[…]` stop at a slash
 */
export function wildcardExpression(wildcards: string, pathname: boolean): RegExp {
  const any = pathname ? '[^/]' : '[^]';
  const source = wildcards.replace(
    /\\([^])|\[([!^]?)(\]?[^\]]*)\]|\*|\?|[^]/g,
    (token, escaped, negative, set) => {
      if (token === '*') return `${any}*`;
      if (token === '?') return any;
      if (typeof escaped === 'string') return quoted(escaped);
      if (typeof set !== 'string') return quoted(token);
      const inside = set.replace(/[\\\]^[]/g, '\\$&');
      return `${pathname ? '(?!/)' : ''}[${negative === '' ? '' : '^'}${inside}]`;
    },
  );
  try {
    return new RegExp(`^(?:${source})$`);
  } catch {
    // A range the wrong way round matches nothing.
    return /[]/;
  }
}

/** Whether a path is the section's place, or below it. */
export function matchesBelow(test: PathTest, path: string): boolean {
  switch (test.kind) {
    case 'pattern':
      return test.pattern.test(path);
    case 'wildcard':
      return test.expression.test(path);
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
      ? test.expression.test(name)
      : test.pattern.test(name);
}

function quoted(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/-]/, '\\$&');
}
