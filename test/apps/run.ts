// `npm run apps [-- NAME…] [--document]`: see docs/apps.md.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, inspect } from 'node:util';
import { APPS, runsHere, type App } from './apps.js';
import { compareApp, type AppResult } from './compare-app.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const page = join(root, 'docs/apps.md');
const BEGIN = '<!-- matrix -->';
const END = '<!-- end of matrix -->';

interface Row {
  readonly app: App;
  readonly version: string;
  readonly result?: AppResult;
  /** Why there is no result. */
  readonly problem?: string;
}

/** Copies an app to where its packages may be, installs and builds what has changed. */
function prepare(app: App): string {
  const source = join(root, 'examples/apps', app.name);
  const directory = join(root, '.cache/apps', app.name);
  const manifest = join(directory, 'package.json');
  const installed = join(directory, '.installed');
  mkdirSync(directory, { recursive: true });
  cpSync(source, directory, { recursive: true });
  const wanted = readFileSync(manifest, 'utf8');
  if (
    /"(?:devD|d)ependencies"/.test(wanted) &&
    (!existsSync(installed) || readFileSync(installed, 'utf8') !== wanted)
  ) {
    npm(directory, 'install', '--no-audit', '--no-fund', '--loglevel=error');
    writeFileSync(installed, wanted);
  }
  if (app.build) npm(directory, 'run', '--silent', 'build');
  if (app.name === 'nextjs') {
    // As Next's documentation has it for the standalone output.
    const standalone = join(directory, '.next/standalone');
    cpSync(join(directory, 'public'), join(standalone, 'public'), { recursive: true });
    rmSync(join(standalone, '.next/static'), { recursive: true, force: true });
    cpSync(join(directory, '.next/static'), join(standalone, '.next/static'), { recursive: true });
  }
  return directory;
}

function npm(cwd: string, ...args: string[]): void {
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: undefined };
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd, encoding: 'utf8', env });
  if (status !== 0) throw new Error(`npm ${args.join(' ')} failed:\n${stdout}${stderr}`);
}

function versionOf({ framework }: App, directory: string): string {
  if (framework === undefined) return '–';
  const text = readFileSync(join(directory, 'node_modules', framework, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

async function runApp(app: App): Promise<Row> {
  if (!runsHere(app)) return { app, version: '–', problem: `needs Node ${app.node?.join('.')}` };
  let version = '–';
  try {
    const directory = prepare(app);
    version = versionOf(app, directory);
    return { app, version, result: await compareApp(app, directory) };
  } catch (error) {
    return { app, version, problem: error instanceof Error ? error.message : String(error) };
  }
}

function cells({ app, version, result, problem }: Row): string[] {
  const outcome = (way: 'worker' | 'group'): string => {
    const found = result?.ways.find((one) => one.way === way);
    if (found === undefined) return '–';
    const differing = found.differences.length;
    const mode = found.forked === undefined ? '' : found.forked ? ', forked' : ', loaded by each child';
    return `${differing === 0 ? 'alike' : `${differing} differ`}${mode}`;
  };
  return [
    app.title,
    version,
    app.kind,
    result === undefined ? '–' : String(result.compared),
    outcome('worker'),
    outcome('group'),
    problem === undefined ? '' : (problem.split('\n')[0] ?? ''),
  ];
}

/** As prettier has it, columns aligned. */
function table(rows: readonly Row[]): string {
  const head = ['app', 'version', 'written as', 'requests', 'worker', 'group of 3', 'note'];
  const body = rows.map(cells);
  const widths = head.map((_, index) =>
    Math.max(3, ...[head, ...body].map((row) => row[index]?.length ?? 0)),
  );
  const line = (row: readonly string[], fill = ' '): string =>
    `| ${row.map((cell, index) => cell.padEnd(widths[index] ?? 0, fill)).join(' | ')} |`;
  const rule = line(
    head.map(() => ''),
    '-',
  );
  return [line(head), rule, ...body.map((row) => line(row))].join('\n');
}

const { values, positionals } = parseArgs({
  options: { document: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => !APPS.some((app) => app.name === name));
if (unknown.length > 0) {
  console.error(
    `No app of that name: ${unknown.join(', ')}. There are: ${APPS.map(({ name }) => name).join(', ')}`,
  );
  process.exit(2);
}
const chosen = positionals.length === 0 ? APPS : APPS.filter(({ name }) => positionals.includes(name));
const rows: Row[] = [];
for (const app of chosen) {
  const row = await runApp(app);
  rows.push(row);
  console.log(`${app.name.padEnd(20)} ${cells(row).slice(3).join('  ')}`);
  if (row.problem !== undefined && runsHere(app)) console.log(row.problem);
  for (const way of row.result?.ways ?? []) {
    if (way.differences.length === 0) continue;
    for (const difference of way.differences) console.log(`${way.way}:`, inspect(difference, { depth: 5 }));
    console.log(way.output);
  }
}
if (values.document) {
  const text = readFileSync(page, 'utf8');
  const begin = text.indexOf(BEGIN) + BEGIN.length;
  const note = `Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}.`;
  writeFileSync(
    page,
    `${text.slice(0, begin)}\n\n${note}\n\n${table(rows)}\n\n${text.slice(text.indexOf(END))}`,
  );
}
const failed = rows.some(
  ({ app, problem, result }) =>
    (problem !== undefined && runsHere(app)) ||
    (result?.ways.some((way) => way.differences.length > 0) ?? false),
);
process.exit(failed ? 1 : 0);
