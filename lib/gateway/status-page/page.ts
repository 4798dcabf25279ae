import { createHash } from 'node:crypto';
import { SCRIPT } from './script.js';

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2733; --dim: #6a7785; --paper: #fff; --card: #f3f6f9; --a: #0b72b5; --b: #d9822b; --c: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9ee; --dim: #98a4b0; --paper: #12181f; --card: #1b242d; --a: #58b0ea; --b: #f0a45a; --c: #f28b82; } }
body { margin: 0 auto; max-width: 76rem; padding: 1rem; font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
h1 { font-size: 1.3rem; margin: 0 0 .8rem; } h1 small { font-weight: normal; color: var(--dim); }
h2 { font-size: 1.05rem; margin: 1.4rem 0 .2rem; } p { margin: 0 0 .5rem; color: var(--dim); }
#charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); gap: .8rem; }
figure { margin: 0; padding: .6rem .7rem; background: var(--card); border-radius: .5rem; }
figcaption { display: flex; justify-content: space-between; font-weight: 600; margin-bottom: .3rem; }
figcaption span span { margin-left: .6rem; font-weight: normal; font-size: .85rem; white-space: nowrap; }
figure div { position: absolute; font-size: .75rem; color: var(--dim); }
svg { display: block; width: 100%; height: 7rem; }
path { fill: none; stroke-width: 1.5; stroke-linejoin: round; vector-effect: non-scaling-stroke; } .grid { stroke: var(--dim); stroke-opacity: .25; }
path.a { stroke: var(--a); } path.b { stroke: var(--b); } path.c { stroke: var(--c); } span.a { color: var(--a); } span.b { color: var(--b); } span.c { color: var(--c); }
section { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .15rem .7rem .15rem 0; text-align: right; white-space: nowrap; } th { color: var(--dim); font-weight: 600; border-bottom: 1px solid var(--card); }
th:nth-child(2), td:nth-child(2), th:last-child, td:last-child { text-align: left; } td:last-child { max-width: 26rem; overflow: hidden; text-overflow: ellipsis; }
`;

const CHARTS: readonly (readonly [id: string, title: string])[] = [
  ['requests', 'Requests'],
  ['latency', 'Latency'],
  ['processes', 'Processes'],
  ['memory', 'Memory'],
];

/** Only what the page itself brings may run, and it may only talk to where it came from. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `script-src '${hashOf(SCRIPT)}'`,
  `style-src '${hashOf(STYLE)}'`,
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * The status page, all in one file.
 *
 * @param source - where the status is, an absolute path without characters that HTML gives a meaning to
 */
export function statusPage(source: string): string {
  const figures = CHARTS.map(
    ([id, title]) =>
      `<figure id="${id}"><figcaption>${title}<span></span></figcaption><div></div>` +
      `<svg viewBox="0 0 300 82" preserveAspectRatio="none" role="img" aria-label="${title}"></svg></figure>`,
  );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>lsnode status</title>
<style>${STYLE}</style>
<body data-source="${source}">
<h1>lsnode <small id="state">waiting for the first answer</small></h1>
<div id="charts">${figures.join('')}</div>
<div id="groups"></div>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
