import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../cli/support/lsnode.js';
import { allPages } from './support/markdown.js';
import {
  commentsOf,
  projectWords,
  proseOf,
  Speller,
  WORD_LIST,
  wordsOf,
  type Prose,
} from './support/spelling.js';

const REMEDY = `correct it; a word that is right goes into ${WORD_LIST}`;
// What is generated from comments is checked where it is written.
const pages = allPages()
  .filter(({ name }) => !name.startsWith('docs/api/'))
  .flatMap(proseOf);
const comments = ['lib', 'native', 'test', 'bench', 'scripts'].flatMap((directory) =>
  readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:ts|cc|h|mjs)$/.test(name))
    .flatMap((name) => commentsOf(`${directory}/${name}`, readFileSync(join(root, directory, name), 'utf8'))),
);

describe('Spelling', function () {
  this.timeout(30_000);
  const words = projectWords();
  let speller: Speller;
  before(() => {
    speller = new Speller(words);
  });

  function mistakes(prose: readonly Prose[]): string[] {
    return prose.flatMap(({ text, place }) =>
      wordsOf(text)
        .filter((word) => !speller.isRight(word))
        .map((word) => `${place}: "${word}": ${REMEDY}`),
    );
  }

  it('is right in the documentation', () => {
    assert.deepEqual(mistakes(pages), []);
  });

  it('is right in comments', () => {
    assert.deepEqual(mistakes(comments), []);
  });

  it('has a list of words that is sorted, and in which each is used and in no dictionary', () => {
    const sorted = [...new Set(words)].sort((one, other) => one.localeCompare(other, 'en'));
    assert.deepEqual(words, sorted);
    assert.deepEqual(
      words.filter((word) => speller.isEnglish(word)),
      [],
    );
    const used = new Set([...pages, ...comments].flatMap(({ text }) => wordsOf(text)));
    const usedInAnyForm = new Set([...used].map((word) => word.toLowerCase()));
    assert.deepEqual(
      words.filter((word) => !usedInAnyForm.has(word.toLowerCase())),
      [],
    );
  });
});
