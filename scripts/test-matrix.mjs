// `npm run test:matrix [-- --versions 22,24] [--others] [--brief] [-- MOCHA ARGUMENTS]`: the tests on each supported
// Node, all of them on the one addon that is built. The npm package `node` carries the binaries; they are kept in .cache.
// --others leaves the running Node out. --brief leaves out what does not depend on Node's version: bytes in, bytes out.
import { spawn, spawnSync } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { fetchNode } from './fetch-node.mjs';
import { ensureBuilt, root } from './setup.mjs';

const VERSIONS = ['20', '22', '24', '26'];
/**
 * Below dist-dev/test: native code (the supervision of process groups included), TypeScript that uses nothing of Node but
 * the language, and what takes long where one version is as good as another.
 */
const INDEPENDENT = [
  'codec/**',
  'config/**',
  'directives/**',
  'docs/**',
  'doctor/**',
  'faults/**',
  'fuzz/**',
  'gateway/{pool,failures,request,response,status,not}*',
  'install/**',
  'isolation/{memory,reach,surroundings}*',
  'litespeed/**',
  'native/**',
  'package/**',
  'process-group/{children,end,failures,status}*',
  'worker/{limits,output,surroundings}*',
  'robustness/**',
  'status/**',
  'suexec/{credentials,isolation}*',
  'examples/{memory,transfers}*',
  'fuzz/**',
  'cli/{options,start}*',
];

const { values, positionals } = parseArgs({
  options: {
    versions: { type: 'string', default: VERSIONS.join(',') },
    others: { type: 'boolean', default: false }, // without the version that runs this script
    brief: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const ignored = values.brief ? INDEPENDENT.flatMap((files) => ['--ignore', `dist-dev/test/${files}`]) : [];
const current = process.versions.node.split('.')[0];
const versions = values.versions.split(',').filter((version) => !values.others || version !== current);

/** Runs mocha with a binary; resolves to its counts and what it printed. */
function runTests(binary) {
  return new Promise((resolve) => {
    const child = spawn(binary, [join(root, 'node_modules/mocha/bin/mocha.js'), ...ignored, ...positionals], {
      cwd: root,
      // Whatever starts a plain `node` gets the same one.
      env: { ...process.env, PATH: `${dirname(binary)}${delimiter}${process.env.PATH}` },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
    child.on('error', (error) => (output += error.message));
    child.on('close', (status) => {
      const counts = /(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\s*$/.exec(output);
      // A run that did not come to its summary is a failure of its own.
      const [passed, failed, skipped] = (counts?.slice(1) ?? [0, 1, 0]).map((count) => Number(count ?? 0));
      resolve({ output, ok: status === 0 && counts !== null, passed, failed, skipped });
    });
  });
}

ensureBuilt();
const rows = [];
for (const version of versions) {
  const binary = fetchNode(version);
  if (binary === undefined) {
    rows.push({
      name: `Node ${version}`,
      ok: false,
      passed: 0,
      failed: 0,
      skipped: 0,
      note: 'could not be fetched',
    });
    continue;
  }
  const name = `Node ${spawnSync(binary, ['-p', 'process.versions.node'], { encoding: 'utf8' }).stdout.trim()}`;
  const began = Date.now();
  console.log(`${name}: running`);
  const result = await runTests(binary);
  // The failures, which mocha lists behind the tests that passed.
  if (!result.ok) console.log(result.output.slice(result.output.search(/^ {2}\d+ passing/m)));
  rows.push({ name, ...result, note: `${((Date.now() - began) / 1000).toFixed(0)} s` });
}

const sum = (key) => rows.reduce((total, row) => total + row[key], 0);
for (const { name, ok, passed, failed, skipped, note } of rows) {
  const counts = [passed, failed, skipped].map((count) => String(count).padStart(6));
  console.log(
    `${name.padEnd(16)}${counts[0]} passed${counts[1]} failed${counts[2]} skipped   ${ok ? 'ok    ' : 'FAILED'} ${note}`,
  );
}
console.log(`test matrix: ${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`);
process.exit(rows.every(({ ok }) => ok) ? 0 : 1);
