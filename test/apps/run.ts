// `npm run apps -- [--node VERSION] [--document] [NAME…]`: installs, builds and starts the example apps, and compares
// what they answer over node:http and over gateway and LSAPI.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { lsnodeHttp } from '../examples/start-example.js';
import { APPS, type ExampleApp } from './catalogue.js';
import { askPlainNode, examine } from './examine.js';
import { detailsOf, isClean, summaryOf, tableOf, writeDocument, type Row } from './matrix.js';
import { cache, prepareApp, root, versionOf } from './prepare.js';

const results = join(cache, 'results');

const USAGE =
  'usage: npm run apps -- [--node VERSION] [--document] [NAME…]\n' +
  `names: ${APPS.map(({ name }) => name).join(', ')}`;

function usage(problem: string): never {
  console.error(`lsapi: npm run apps: ${problem}\n${USAGE}`);
  process.exit(2);
}

function choose(): { apps: readonly ExampleApp[]; document: boolean } {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { document: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
    });
    const unknown = positionals.find((name) => !APPS.some((app) => app.name === name));
    if (unknown !== undefined) usage(`there is no app named ${unknown}`);
    const chosen = APPS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
    if (values.help) {
      console.log(USAGE);
      process.exit(0);
    }
    return { apps: chosen, document: values.document };
  } catch (error) {
    return usage((error as Error).message);
  }
}

/** Whether this Node runs TypeScript without a flag. */
const runsTypeScript = (process.features as { typescript?: string | false }).typescript === 'strip';

/** What lsnode says of an app that this Node cannot run. */
function refusalOf({ file }: ExampleApp, directory: string): Pick<Row, 'refused' | 'failure'> {
  const { stderr, status } = spawnSync(process.execPath, [...lsnodeHttp, file], {
    cwd: directory,
    encoding: 'utf8',
    timeout: 20_000,
  });
  const says = /cannot start: (.*) \[LSAPI_ERR_APP_LOAD\]/s.exec(stderr)?.[1];
  if (status === 1 && says?.includes('22.18') === true) return { refused: says.split('\n')[0] ?? says };
  return { failure: `it is not refused with the remedy but: ${stderr}` };
}

async function examineApp(app: ExampleApp): Promise<Row> {
  const facts = { name: app.name, node: process.versions.node, version: '', requests: app.requests.length };
  try {
    const directory = prepareApp(app);
    const version = versionOf(app, directory);
    if (app.typescript === true && !runsTypeScript)
      return { ...facts, version, ...refusalOf(app, directory) };
    const expected = await askPlainNode(app, directory);
    const worker = await examine(app, directory, 'worker', expected);
    const group = await examine(app, directory, 'group', expected);
    return { ...facts, version, worker, group };
  } catch (error) {
    return { ...facts, failure: (error as Error).message };
  }
}

const { apps, document } = choose();
mkdirSync(results, { recursive: true });
const rows: Row[] = [];
for (const app of apps) {
  const row = await examineApp(app);
  rows.push(row);
  writeFileSync(join(results, `${app.name}-${parseInt(row.node)}.json`), JSON.stringify(row, undefined, 1));
  console.log(`${app.name}: ${summaryOf(row)}`);
  const details = detailsOf(row);
  if (details !== '') console.log(details);
}
console.log(`\n${tableOf(rows)}`);
if (document) writeDocument(join(root, 'docs/apps.md'), results);
process.exit(rows.every(isClean) ? 0 : 1);
