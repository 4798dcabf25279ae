import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Comparison, Counts } from './compare.js';
import { SUITES } from './suites.js';

/** What differs in a suite and is not permitted, for the terminal. */
export function report({ suite, differences, unneeded }: Comparison): string {
  const lines = differences
    .filter(({ reason }) => reason === undefined)
    .flatMap(({ title, plain, rerouted, message }) => [
      `  ${title}`,
      `    ${plain} over node:http, ${rerouted} over LSAPI${message === undefined ? '' : `: ${message}`}`,
    ]);
  lines.push(
    ...unneeded.map((title) => `  permitted.ts has ${title}, which no difference needs: take it out`),
  );
  return [`${suite}: ${lines.length === 0 ? 'no unexplained difference' : ''}`, ...lines].join('\n');
}

const show = ({ passed, failed, skipped }: Counts): string =>
  `${passed} passed${failed > 0 ? `, ${failed} failed` : ''}${skipped > 0 ? `, ${skipped} skipped` : ''}`;

/** A Markdown table, one suite a row. */
export function tableOf(comparisons: readonly Comparison[]): string {
  const rows = comparisons.map(({ suite, version, plain, rerouted, differences }) => {
    const explained = differences.filter(({ reason }) => reason !== undefined).length;
    return [suite, version, show(plain), show(rerouted), `${explained}`, `${differences.length - explained}`];
  });
  const head = ['suite', 'version', 'node:http', 'LSAPI', 'explained', 'unexplained'];
  const all = [head, ...rows];
  const widths = head.map((_, n) => Math.max(...all.map((row) => row[n]!.length)));
  const line = (cells: string[]): string =>
    `| ${cells.map((cell, n) => cell.padEnd(widths[n]!)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

/** The differences of all suites by reason, as Markdown. */
function reasonsOf(comparisons: readonly Comparison[]): string {
  const reasons = new Map<string, Map<string, number>>();
  for (const { suite, differences } of comparisons) {
    for (const { reason = 'Unexplained.' } of differences) {
      const counts = reasons.get(reason) ?? new Map<string, number>();
      counts.set(suite, (counts.get(suite) ?? 0) + 1);
      reasons.set(reason, counts);
    }
  }
  return [...reasons]
    .map(
      ([reason, counts]) => `- ${reason} ${[...counts].map(([suite, n]) => `_${suite}: ${n}_`).join(', ')}`,
    )
    .join('\n');
}

/** Files that were not run, as Markdown. */
function leftOutOf(comparisons: readonly Comparison[]): string {
  return comparisons
    .flatMap(({ suite, leftOut = {} }) =>
      Object.entries(leftOut).map(([reason, count]) => `- _${suite}_: ${reason}: ${count}`),
    )
    .join('\n');
}

/** Writes what the runs so far came to into the document, between its two marks. */
export function writeDocument(path: string, cache: string): void {
  const comparisons = SUITES.map(({ name }) => join(cache, `${name}.json`))
    .filter((file) => existsSync(file))
    .map((file) => JSON.parse(readFileSync(file, 'utf8')) as Comparison);
  const generated = `${tableOf(comparisons)}\n\n### Reasons\n\n${reasonsOf(comparisons)}\n\n### Files that are not run\n\n${leftOutOf(comparisons)}`;
  const text = readFileSync(path, 'utf8');
  const marked = /(<!-- results -->)[^]*(<!-- end of results -->)/;
  if (!marked.test(text)) throw new Error(`${path} lacks the marks that the results go between`);
  writeFileSync(
    path,
    text.replace(marked, (_, start: string, end: string) => `${start}\n\n${generated}\n\n${end}`),
  );
}
