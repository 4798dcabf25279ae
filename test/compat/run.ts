// `npm run compat -- [--suites DIR] SUITE…|--all`: runs other projects' test suites twice, over node:http and over
// gateway and LSAPI, and compares them test by test.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compare, type Comparison } from './compare.js';
import { execute, leftOutOf } from './execute.js';
import { PERMITTED } from './permitted.js';
import { report, tableOf, writeDocument } from './report.js';
import { SUITES, type Suite } from './suites.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));

function usage(problem: string): never {
  console.error(
    `lsapi: npm run compat: ${problem}\n` +
      'usage: npm run compat -- [--suites DIRECTORY] [--document] SUITE…|--all\n' +
      `suites: ${SUITES.map(({ name }) => name).join(', ')}`,
  );
  process.exit(2);
}

function choose(): { suites: readonly Suite[]; directory: string; document: boolean } {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        all: { type: 'boolean', default: false },
        document: { type: 'boolean', default: false },
        suites: { type: 'string', default: join(root, '.cache/suites') },
      },
    });
    const unknown = positionals.find((name) => !SUITES.some((suite) => suite.name === name));
    if (unknown !== undefined) usage(`there is no suite named ${unknown}`);
    if (!values.all && positionals.length === 0 && !values.document) usage('name a suite, or --all');
    return {
      suites: SUITES.filter(({ name }) => values.all || positionals.includes(name)),
      directory: resolve(values.suites),
      document: values.document,
    };
  } catch (error) {
    return usage((error as Error).message);
  }
}

/** Makes a checkout ready, or says how to get one. */
function prepare(suite: Suite, checkout: string): void {
  if (!existsSync(join(checkout, 'package.json'))) {
    console.error(
      `lsapi: there is no checkout of ${suite.name} at ${checkout}. Get it by\n` +
        `  git clone --depth 1 --branch ${suite.tag} https://github.com/${suite.repository}.git ${checkout}` +
        (suite.source === undefined ? '' : `\nEnough is: ${suite.source}.`),
    );
    process.exit(2);
  }
  const step = (command: string, parameters: readonly string[]): void => {
    const { status } = spawnSync(command, parameters, {
      cwd: checkout,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    if (status === 0) return;
    console.error(`lsapi: "${command} ${parameters.join(' ')}" failed in ${checkout}`);
    process.exit(1);
  };
  if (suite.runner !== 'files' && !existsSync(join(checkout, 'node_modules'))) {
    const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--legacy-peer-deps'];
    step('npm', ['install', ...flags, '--loglevel=error']);
  }
  const [command, ...parameters] = suite.prepare ?? [];
  if (command !== undefined) step(command, parameters);
}

const { suites, directory, document } = choose();
const cache = join(root, '.cache/compat');
mkdirSync(cache, { recursive: true });
const comparisons: Comparison[] = [];
for (const suite of suites) {
  const checkout = join(directory, suite.name);
  prepare(suite, checkout);
  const { version } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as { version: string };
  const run = (rerouted: boolean) =>
    execute(suite, {
      root,
      checkout,
      rerouted,
      results: join(cache, `${suite.name}.${rerouted ? 'rerouted' : 'plain'}`),
    });
  const comparison: Comparison = {
    ...compare({ name: suite.name, version }, await run(false), await run(true), PERMITTED),
    leftOut: leftOutOf(suite, checkout),
  };
  writeFileSync(join(cache, `${suite.name}.json`), `${JSON.stringify(comparison, null, 2)}\n`);
  comparisons.push(comparison);
  console.log(report(comparison));
}
if (comparisons.length > 0) console.log(tableOf(comparisons));
if (document) writeDocument(join(root, 'docs/compatibility.md'), cache);
const isClean = comparisons.every(
  ({ differences, unneeded }) =>
    unneeded.length === 0 && differences.every(({ reason }) => reason !== undefined),
);
process.exit(isClean ? 0 : 1);
