import assert from 'node:assert/strict';
import { existsInRepository, linksOf, pathsOf, problemOf } from './support/links.js';
import { allPages } from './support/markdown.js';

const pages = allPages();

describe('Links of the documentation', () => {
  it('lead to files and headings that exist, or to other sites by https', () => {
    const problems = pages.flatMap(linksOf).flatMap((link) => {
      const problem = problemOf(link);
      return problem === undefined ? [] : [`${link.place}: ${link.url} ${problem}`];
    });
    assert.deepEqual(problems, []);
  });

  it('and paths of the repository in its text are those of files', () => {
    const missing = pages
      .flatMap(pathsOf)
      .filter(({ url }) => !existsInRepository(url))
      .map(({ place, url }) => `${place}: ${url}`);
    assert.deepEqual(missing, []);
  });

  it('lead from the README to every page below docs, by way of others', () => {
    const reached = new Set(['README.md']);
    const left = ['README.md'];
    for (let name = left.pop(); name !== undefined; name = left.pop()) {
      const page = pages.find((candidate) => candidate.name === name);
      for (const target of page === undefined ? [] : linksOf(page).map(({ url }) => targetOf(name, url))) {
        if (reached.has(target)) continue;
        reached.add(target);
        left.push(target);
      }
    }
    const lost = pages
      .map(({ name }) => name)
      .filter((name) => name.startsWith('docs/') && !reached.has(name));
    assert.deepEqual(lost, []);
  });
});

function targetOf(page: string, url: string): string {
  return new URL(url, `file:///${page}`).pathname.slice(1);
}
