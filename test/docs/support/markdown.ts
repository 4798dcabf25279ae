// Reading Markdown as GitHub does: CommonMark with tables, task lists and literal addresses.
import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Nodes, Root } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { gfm } from 'micromark-extension-gfm';
import { root } from '../../cli/support/lsnode.js';

/** A page of the documentation. */
export interface Page {
  /** Relative to the repository. */
  readonly name: string;
  readonly text: string;
  readonly tree: Root;
}

let pages: readonly Page[] | undefined;

/** All pages, by name: what stands at the top of the repository, `docs`, and the README of each example. */
export function allPages(): readonly Page[] {
  return (pages ??= readPages());
}

function readPages(): Page[] {
  const names = [
    ...markdownIn('.', false),
    ...markdownIn('docs', true),
    ...readdirSync(join(root, 'examples')).map((name) => `examples/${name}/README.md`),
    'test/gateway/README.md',
  ];
  return names.sort().flatMap((name) => {
    const text = read(name);
    return text === undefined ? [] : [parsePage(name, text)];
  });
}

export function parsePage(name: string, text: string): Page {
  const tree = fromMarkdown(text, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] });
  return { name, text, tree };
}

/** The line on which a node begins. */
export function lineOf(node: Nodes): number {
  return node.position?.start.line ?? 0;
}

function markdownIn(directory: string, recursive: boolean): string[] {
  return readdirSync(join(root, directory), { recursive, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => relative(root, join(root, directory, name)));
}

function read(name: string): string | undefined {
  try {
    return readFileSync(join(root, name), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
