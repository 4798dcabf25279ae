// The results as people read them: on the terminal, and as a table of docs/apps.md.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { APPS } from './catalogue.js';
import type { Difference, Examination } from './examine.js';

/** What came of an app on one version of Node. */
export interface Row {
  readonly name: string;
  readonly node: string;
  /** Of the framework. */
  readonly version: string;
  readonly requests: number;
  readonly worker?: Examination;
  readonly group?: Examination;
  /** This Node cannot run the app, and lsnode says so. */
  readonly refused?: string;
  /** It could not be examined: packages, build or start failed. */
  readonly failure?: string;
}

export function isClean({ worker, group, failure, refused }: Row): boolean {
  if (failure !== undefined) return false;
  if (refused !== undefined) return true;
  return [worker, group].every((one) => one?.differences.every(({ reason }) => reason !== undefined));
}

/** In a word, for the terminal. */
export function summaryOf(row: Row): string {
  if (row.failure !== undefined) return 'NOT RUN';
  if (row.refused !== undefined) return 'refused, as it should be';
  const children = row.group?.group?.children;
  return `${isClean(row) ? 'alike' : 'NOT ALIKE'}${children === undefined ? '' : `, with ${children} children`}`;
}

const HEAD = ['app', 'version', 'modules and start', 'Node', 'requests', 'Worker', 'process group'];

function cellsOf(row: Row): string[] {
  const app = APPS.find(({ name }) => name === row.name);
  const { worker, group, refused, failure } = row;
  const outcome =
    refused === undefined ? (failure === undefined ? undefined : 'not run') : 'refused, with the remedy';
  return [
    `[${app?.title}](../examples/apps/${row.name})`,
    app?.package === undefined ? '' : row.version,
    app?.style ?? '',
    row.node,
    outcome === undefined ? `${row.requests}` : '',
    outcome ?? show(worker),
    outcome ?? `${show(group)}; ${howChildren(group)}`,
  ];
}

function show(examination: Examination | undefined): string {
  if (examination === undefined) return 'not run';
  const { differences } = examination;
  const open = differences.filter(({ reason }) => reason === undefined).length;
  if (open > 0) return `${open} DIFFERENT`;
  return differences.length > 0 ? `alike, ${differences.length} explained` : 'alike';
}

function howChildren(examination: Examination | undefined): string {
  const { mode } = examination?.group ?? {};
  return mode === 'preloaded' ? 'forked' : mode === 'lazy' ? 'each child loads it' : (mode ?? '');
}

export function tableOf(rows: readonly Row[]): string {
  const all = [HEAD, ...mergeVersions(rows.map(cellsOf))];
  const widths = HEAD.map((_, n) => Math.max(...all.map((cells) => cells[n]!.length)));
  const line = (cells: string[]): string =>
    `| ${cells.map((cell, n) => cell.padEnd(widths[n]!)).join(' | ')} |`;
  return [line(HEAD), line(widths.map((width) => '-'.repeat(width))), ...all.slice(1).map(line)].join('\n');
}

/** One row for versions of Node that came to the same. */
function mergeVersions(rows: readonly string[][]): string[][] {
  const node = HEAD.indexOf('Node');
  const merged = new Map<string, string[]>();
  for (const cells of rows) {
    const key = cells.filter((_, n) => n !== node).join('|');
    const before = merged.get(key);
    if (before === undefined) merged.set(key, [...cells]);
    else before[node] += `, ${cells[node]}`;
  }
  return [...merged.values()];
}

/** What a person has to look at, for the terminal. */
export function detailsOf(row: Row): string {
  const lines = row.failure === undefined ? [] : [`  ${row.failure}`];
  if (row.refused !== undefined) lines.push(`  ${row.refused}`);
  for (const [mode, examination] of [
    ['Worker', row.worker],
    ['process group', row.group],
  ] as const) {
    for (const { title, plain, lsapi, reason } of examination?.differences ?? []) {
      lines.push(`  ${mode}: ${title}: ${reason ?? 'DIFFERENT'}`);
      if (reason === undefined) lines.push(`    node:http ${brief(plain)}`, `    LSAPI     ${brief(lsapi)}`);
    }
    for (const hazard of examination?.hazards ?? [])
      lines.push(`  ${mode}: not forked, because it has ${hazard}`);
  }
  return lines.join('\n');
}

const brief = (answer: Difference['plain']): string => JSON.stringify(answer).slice(0, 1500);

/** Reasons behind the table: explained differences, and what keeps apps from being forked. */
function notesOf(rows: readonly Row[]): string {
  const notes = new Set<string>();
  for (const { name, worker, group } of rows) {
    const title = APPS.find((app) => app.name === name)?.title;
    for (const { reason, title: request } of [
      ...(worker?.differences ?? []),
      ...(group?.differences ?? []),
    ]) {
      notes.add(`- ${title}, ${reason ?? `${request}: a difference without an explanation`}`);
    }
    for (const hazard of group?.hazards ?? [])
      notes.add(`- ${title} is not forked, because it has ${hazard}`);
  }
  return [...notes].join('\n');
}

/** The results of all runs so far, in the order of the catalogue. */
function storedRows(directory: string): Row[] {
  const names = existsSync(directory) ? readdirSync(directory).filter((name) => name.endsWith('.json')) : [];
  const rows = names.map((name) => JSON.parse(readFileSync(join(directory, name), 'utf8')) as Row);
  const order = (row: Row): number => APPS.findIndex(({ name }) => name === row.name);
  return rows
    .filter((row) => order(row) >= 0)
    .sort((a, b) => order(a) - order(b) || parseInt(a.node) - parseInt(b.node));
}

/** Writes the results of all runs so far into the document, between its two marks. */
export function writeDocument(path: string, directory: string): void {
  const rows = storedRows(directory);
  const notes = notesOf(rows);
  const text = readFileSync(path, 'utf8');
  const marked = /(<!-- matrix -->)[^]*(<!-- end of matrix -->)/;
  if (!marked.test(text)) throw new Error(`${path} lacks the marks that the matrix goes between`);
  const generated = `${tableOf(rows)}${notes === '' ? '' : `\n\n${notes}`}`;
  writeFileSync(
    path,
    text.replace(marked, (_, start: string, end: string) => `${start}\n\n${generated}\n\n${end}`),
  );
}
