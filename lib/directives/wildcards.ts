/** What one place of the text must be: a character, any, or one of a set. `*` stands for any number of characters. */
type Token =
  { readonly kind: 'one'; readonly test: (character: string) => boolean } | { readonly kind: 'star' };

/**
 * Shell wildcards (`*`, `?`, `[…]`) that must match all of a text. Clients choose the text, so this is no regular
 * expression, of which a few stars make one that takes longer than anybody waits: time grows with the product of both
 * lengths at the most.
 */
export class Wildcards {
  readonly #tokens: readonly Token[];
  readonly #pathname: boolean;

  /** @param pathname whether `*`, `?` and `[…]` stop at a slash */
  constructor(wildcards: string, pathname: boolean) {
    this.#tokens = tokensOf(wildcards, pathname);
    this.#pathname = pathname;
  }

  test(text: string): boolean {
    const tokens = this.#tokens;
    let token = 0;
    let at = 0;
    // Where the last star stands, and the text behind what it takes. Earlier stars need not be tried again: whatever
    // they could take more, the last one can. Not so at a slash, but what is before a slash matches or it does not.
    let star = -1;
    let behindStar = 0;
    while (at < text.length) {
      const wanted = tokens[token];
      if (wanted?.kind === 'star') {
        star = token++;
        behindStar = at;
      } else if (wanted?.test(text.charAt(at)) === true) {
        token++;
        at++;
      } else if (star >= 0 && !(this.#pathname && text.charAt(behindStar) === '/')) {
        token = star + 1;
        at = ++behindStar;
      } else return false;
    }
    while (tokens[token]?.kind === 'star') token++;
    return token === tokens.length;
  }
}

function tokensOf(wildcards: string, pathname: boolean): Token[] {
  const any = (character: string) => !pathname || character !== '/';
  const parts = wildcards.matchAll(/\\([^])|\[([!^]?)(\]?[^\]]*)\]|[^]/g);
  return [...parts].map(([text, escaped, negative, set]): Token => {
    if (text === '*') return { kind: 'star' };
    if (text === '?') return { kind: 'one', test: any };
    if (set === undefined) {
      const literal = escaped ?? text;
      return { kind: 'one', test: (character) => character === literal };
    }
    const members = setExpression(set, negative !== '');
    return { kind: 'one', test: (character) => any(character) && members.test(character) };
  });
}

function setExpression(set: string, negative: boolean): RegExp {
  try {
    return new RegExp(`[${negative ? '^' : ''}${set.replace(/[\\\]^[]/g, '\\$&')}]`);
  } catch {
    // A range the wrong way round matches nothing.
    return /[]/;
  }
}
