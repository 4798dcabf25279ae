// HTML comments before a code block: what the test has to know and the reader does not. docs/contributing.md lists them.

/** One comment, taken apart. */
export type Directive =
  /** Commands that prepare what the reader has already, or look whether a block has done what the page says. */
  | { readonly kind: 'setup' | 'check'; readonly script: string }
  /** The next block is what is in this file. */
  | { readonly kind: 'file'; readonly name: string }
  /** The next block's commands serve until the page ends, and listen at these addresses then. */
  | { readonly kind: 'background'; readonly until: readonly string[] }
  /** Commands that cannot be had here. */
  | { readonly kind: 'stand-in'; readonly commands: readonly string[] }
  /** The next block is run by another test or step of CI: a file, and a text that is in it. */
  | { readonly kind: 'elsewhere'; readonly file: string; readonly text: string }
  /** The next block takes too long: each command is asked for its options by `--help`. */
  | { readonly kind: 'usage' }
  /** The next block ends with this status. */
  | { readonly kind: 'exit'; readonly status: number }
  /** The next block, of configuration or code, shows what is wrong. */
  | { readonly kind: 'wrong' }
  /** The next block is what the commands before it print. */
  | { readonly kind: 'output' }
  /** A word of the next block that stands for something else, an expression of bash. */
  | { readonly kind: 'where'; readonly word: string; readonly value: string };

/** Reads a node of HTML; `undefined`: it is none of them. @throws Error for one that is none but looks like it */
export function parseDirective(html: string): Directive | undefined {
  const comment = /^<!--\s*(test:|file:|setup\b:?|check\b:?)\s*([^]*?)\s*-->\s*$/.exec(html);
  if (comment === null) return undefined;
  const [, keyword = '', content = ''] = comment;
  if (keyword === 'file:') return { kind: 'file', name: content };
  if (keyword !== 'test:') {
    return { kind: keyword.startsWith('setup') ? 'setup' : 'check', script: `${content}\n` };
  }
  const [verb = '', ...words] = content.split(/\s+/);
  const rest = content.slice(verb.length).trim();
  switch (verb) {
    case 'background':
      if (words.length > 0 && (words[0] !== 'until' || words.length < 2)) break;
      return { kind: 'background', until: words.slice(1) };
    case 'stand-in':
      if (words.length === 0) break;
      return { kind: 'stand-in', commands: words };
    case 'elsewhere': {
      const [file = ''] = words;
      const text = rest.slice(file.length).trim();
      if (text === '') break;
      return { kind: 'elsewhere', file, text };
    }
    case 'exit':
      if (!/^\d+$/.test(rest)) break;
      return { kind: 'exit', status: Number(rest) };
    case 'where': {
      const [, word, value] = /^([^\s=]+)=(.+)$/.exec(rest) ?? [];
      if (word === undefined || value === undefined) break;
      return { kind: 'where', word, value };
    }
    case 'usage':
    case 'wrong':
    case 'output':
      if (rest !== '') break;
      return { kind: verb };
  }
  throw new Error(`"${html}" is no directive that a test understands: docs/contributing.md lists them.`);
}
