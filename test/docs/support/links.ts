// Where pages point to.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, normalize, posix } from 'node:path';
import GithubSlugger from 'github-slugger';
import type { Nodes } from 'mdast';
import { toString } from 'mdast-util-to-string';
import { visit } from 'unist-util-visit';
import { root } from '../../cli/support/lsnode.js';
import { lineOf, parsePage, type Page } from './markdown.js';

export interface Link {
  readonly url: string;
  /** `PAGE:LINE`. */
  readonly place: string;
  readonly page: string;
}

/** Links, images, and definitions of either. References without a definition are no links but text, in brackets. */
export function linksOf({ name, tree }: Page): Link[] {
  const links: Link[] = [];
  visit(tree, (node: Nodes) => {
    if (node.type === 'link' || node.type === 'image' || node.type === 'definition') {
      links.push({ url: node.url, place: `${name}:${lineOf(node)}`, page: name });
    }
  });
  return links;
}

/** A word of a path that stands for others. */
const PLACEHOLDER = /NAME|FILE|DIRECTORY/;

/** Paths in backticks that begin with a directory of the repository, or are in its top, such as `lib/cli/main.ts`. */
export function pathsOf({ name, tree }: Page): Link[] {
  const paths: Link[] = [];
  visit(tree, 'inlineCode', (node) => {
    if (
      /^(?:lib|native|test|scripts|docs|bench|examples|\.ci)\/[\w./@-]+$/.test(node.value) &&
      !PLACEHOLDER.test(node.value)
    )
      paths.push({ url: node.value, place: `${name}:${lineOf(node)}`, page: name });
  });
  return paths;
}

/** What is wrong with a link; `undefined`: nothing. Addresses of other sites are not asked. */
export function problemOf({ url, page }: Link): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(url)) {
    if (!URL.canParse(url)) return 'is no URL';
    return /^(?:https:|mailto:|http:\/\/(?:127\.0\.0\.1|localhost)\b)/.test(url) ? undefined : 'is not https';
  }
  const [path = '', anchor] = url.split('#');
  const target = path === '' ? page : posix.join(posix.dirname(page), decodeURI(path));
  if (normalize(target).startsWith('..')) return 'leads out of the repository';
  if (!existsSync(join(root, target))) return `${target} does not exist`;
  if (anchor === undefined) return undefined;
  if (statSync(join(root, target)).isDirectory() || !target.endsWith('.md')) {
    return /^L\d+/.test(anchor) ? undefined : `${target} has no anchors`;
  }
  return anchorsOf(target).has(anchor) ? undefined : `${target} has no heading #${anchor}`;
}

/** Whether a path of the repository exists; of TypeScript also as it is called once it is compiled. */
export function existsInRepository(path: string): boolean {
  return existsSync(join(root, path)) || existsSync(join(root, path.replace(/\.js$/, '.ts')));
}

const anchors = new Map<string, ReadonlySet<string>>();

/** Of headings as GitHub makes them, and of `<a id="…">`. */
function anchorsOf(name: string): ReadonlySet<string> {
  const known = anchors.get(name);
  if (known !== undefined) return known;
  const found = new Set<string>();
  const slugger = new GithubSlugger();
  visit(parsePage(name, readFileSync(join(root, name), 'utf8')).tree, (node: Nodes) => {
    if (node.type === 'heading') found.add(slugger.slug(toString(node)));
    if (node.type === 'html') {
      for (const [, id = ''] of node.value.matchAll(/\b(?:id|name)="([^"]+)"/g)) found.add(id);
    }
  });
  anchors.set(name, found);
  return found;
}
