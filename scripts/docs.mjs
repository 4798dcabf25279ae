// `npm run docs`: writes the pages that are made from the code: docs/settings.md from the table of environment variables,
// docs/api from the comments of what the package exports. With `--check` it only tells whether they are up to date.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import GithubSlugger from 'github-slugger';
import * as prettier from 'prettier';
import { ensureInstalled, root } from './setup.mjs';

const check = process.argv.includes('--check');

/** Runs one of the project's tools, which prints on its own where it fails. */
function run(tool, ...args) {
  const { status } = spawnSync(process.execPath, [join(root, 'node_modules', tool), ...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) process.exit(status ?? 1);
}

/**
 * TypeDoc numbers anchors of names that it takes for the same, GitHub those of headings that are: what leads nowhere loses
 * its number.
 */
function withAnchorsOfHeadings(text) {
  const slugger = new GithubSlugger();
  const anchors = new Set(
    Array.from(text.matchAll(/^#+ (.+)$/gm), ([, heading]) => slugger.slug(heading.replaceAll('\\', ''))),
  );
  return text.replace(/\]\(#([\w-]+?)-\d+\)/g, (link, anchor) =>
    !anchors.has(link.slice(3, -1)) && anchors.has(anchor) ? `](#${anchor})` : link,
  );
}

/** Text of each page, by its path below docs/. */
async function pages() {
  const { settingsPage } = await import('./docs/settings-page.mjs');
  const made = new Map([['settings.md', settingsPage()]]);
  const scratch = mkdtempSync(join(tmpdir(), 'lsapi-docs-'));
  try {
    run('typedoc/bin/typedoc', '--out', scratch, '--logLevel', 'Warn');
    for (const name of readdirSync(scratch, { recursive: true, encoding: 'utf8' })) {
      if (name.endsWith('.md')) {
        made.set(join('api', name), withAnchorsOfHeadings(readFileSync(join(scratch, name), 'utf8')));
      }
    }
  } finally {
    rmSync(scratch, { recursive: true });
  }
  const options = await prettier.resolveConfig(join(root, 'docs', 'settings.md'));
  for (const [name, text] of made) {
    made.set(name, await prettier.format(text, { ...options, parser: 'markdown' }));
  }
  return made;
}

ensureInstalled();
run('typescript/bin/tsc', '--build');
const wanted = await pages();
const there = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.startsWith('api/'),
);
const surplus = there.filter((name) => name.endsWith('.md') && !wanted.has(name));
const stale = [...wanted].filter(([name, text]) => {
  const path = join(root, 'docs', name);
  return !existsSync(path) || readFileSync(path, 'utf8') !== text;
});

if (check) {
  const names = [...surplus, ...stale.map(([name]) => name)].map((name) => `docs/${name}`);
  if (names.length > 0) {
    console.error(`not what the code says (npm run docs writes them again):\n  ${names.join('\n  ')}`);
  }
  process.exit(names.length > 0 ? 1 : 0);
}
for (const name of surplus) rmSync(join(root, 'docs', name));
for (const [name, text] of stale) {
  mkdirSync(dirname(join(root, 'docs', name)), { recursive: true });
  writeFileSync(join(root, 'docs', name), text);
}
console.log(`${stale.length + surplus.length} of ${wanted.size} pages changed`);
