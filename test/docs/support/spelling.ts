// Words of pages and comments, and whether a dictionary has them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import dictionary from 'dictionary-en';
import type { Nodes } from 'mdast';
import nspell from 'nspell';
import { SKIP, visit } from 'unist-util-visit';
import { root } from '../../cli/support/lsnode.js';
import { lineOf, type Page } from './markdown.js';

export const WORD_LIST = 'test/docs/words.txt';

/** A text without code, and the line on which it begins. */
export interface Prose {
  readonly text: string;
  readonly place: string;
}

/** The words that are right and in no dictionary, as they stand in their file. */
export function projectWords(): string[] {
  return readFileSync(join(root, WORD_LIST), 'utf8').trimEnd().split('\n');
}

/** What people read in a page; not what is code, or an address. */
export function proseOf({ name, tree }: Page): Prose[] {
  const prose: Prose[] = [];
  visit(tree, (node: Nodes) => {
    if (node.type === 'text') prose.push({ text: node.value, place: `${name}:${lineOf(node)}` });
    if (node.type === 'image' && node.alt) prose.push({ text: node.alt, place: `${name}:${lineOf(node)}` });
    return node.type === 'link' &&
      node.children.some((child) => child.type === 'text' && child.value === node.url)
      ? SKIP
      : undefined;
  });
  return prose;
}

/** The comments of TypeScript and C++, by line, without what is in backticks or has the form of code. */
export function commentsOf(name: string, source: string): Prose[] {
  let isOpen = false;
  return source.split('\n').flatMap((line, index) => {
    const begins: RegExpExecArray | null = isOpen
      ? null
      : /(?:^|\s)(?:\/\/[/!]?|\/\*\*?)(?=\s)(.*)$/.exec(line);
    const text = isOpen ? line.replace(/^\s*\*/, '') : begins?.[1];
    if (isOpen || /(?:^|\s)\/\*/.test(begins?.[0] ?? '')) isOpen = !line.includes('*/');
    if (text === undefined || /eslint-|NOLINT|@ts-/.test(text)) return [];
    return [
      { text: text.replace(/`[^`]*`|\{@link [^}]*\}|@param \S+|@\w+/g, ' '), place: `${name}:${index + 1}` },
    ];
  });
}

/** Tells words from what is none: names of variables, files, options, numbers. */
export function wordsOf(text: string): string[] {
  return text
    .split(/[\s…–—|"“”„]+/)
    .map((token) => token.replace(/^[^\p{L}\p{N}_$@./<-]+|[^\p{L}\p{N}_)>/]+$/gu, ''))
    .filter(
      (token) =>
        !/[\d_@$=<>{}()[\]*\\#+&%~^:]|\w\.\w|^[-.]|\/|[\p{Ll}]\p{Lu}/u.test(token.replace(/[()]/g, '')),
    )
    .flatMap((token) => token.split(/[^\p{L}'’]+/u))
    .map((word) => word.replace(/^['’]+|['’]s?$|['’]+$/gu, '').replaceAll('’', "'"))
    .filter((word) => word.length > 1);
}

/** What a dictionary of American English says of words; of names in any case, as headings and sentences have them. */
export class Speller {
  readonly #english = nspell({ aff: Buffer.from(dictionary.aff), dic: Buffer.from(dictionary.dic) });
  readonly #known = new Map<string, boolean>();
  readonly #own: ReadonlySet<string>;

  /** @param own - words that are right besides; in lower case they are right with a capital, too */
  constructor(own: readonly string[]) {
    this.#own = new Set(own);
  }

  isRight(word: string): boolean {
    return this.#own.has(word) || this.#own.has(word.toLowerCase()) || this.isEnglish(word);
  }

  isEnglish(word: string): boolean {
    let is = this.#known.get(word);
    if (is === undefined) this.#known.set(word, (is = this.#english.correct(word)));
    return is;
  }
}
