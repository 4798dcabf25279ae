import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../cli/support/lsnode.js';

const run = promisify(execFile);
const NAMES = [
  'LsapiError',
  'RawRequest',
  'RawResponse',
  'RequestEnvironment',
  'Server',
  'createServer',
  'isLsapiError',
  'onAfterFork',
  'onBeforeExit',
  'onBeforeFork',
  'raw',
  'wsgi',
];

describe('The package from the outside', () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'lsapi-consumer-'));
    mkdirSync(join(directory, 'node_modules'));
    symlinkSync(root, join(directory, 'node_modules/lsapi'));
  });
  after(() => rmSync(directory, { recursive: true }));

  /** Standard output and error of a program in a directory that has the package. */
  async function runIn(file: string, source: string): Promise<string> {
    writeFileSync(join(directory, file), source);
    const { stdout, stderr } = await run(process.execPath, [file], { cwd: directory });
    return stdout + stderr;
  }

  const show = (namespace: string): string =>
    `console.log(JSON.stringify(Object.keys(${namespace}).sort()));`;

  it('import: the named exports, no warning', async () => {
    const output = await runIn('a.mjs', `import * as lsapi from 'lsapi'; ${show('lsapi')}`);
    assert.deepEqual(JSON.parse(output), NAMES);
  });

  it('require(): the same exports, no warning', async () => {
    const output = await runIn('b.cjs', `const lsapi = require('lsapi'); ${show('lsapi')}`);
    assert.deepEqual(
      (JSON.parse(output) as string[]).filter((name) => name !== '__esModule'),
      NAMES,
    );
  });

  it('import and require() are one instance', async () => {
    const output = await runIn(
      'c.cjs',
      `const lsapi = require('lsapi'); import('lsapi').then((esm) => console.log(esm.raw === lsapi.raw, esm.Server === lsapi.Server));`,
    );
    assert.equal(output, 'true true\n');
  });

  for (const [path, name] of [
    ['lsapi/gateway', 'createGateway'],
    ['lsapi/codec', 'decodeRequest'],
    ['lsapi/litespeed', 'cacheControl'],
    ['lsapi/status', 'listGroups'],
  ] as const) {
    it(`${path} can be imported and required`, async () => {
      assert.equal(
        await runIn('d.mjs', `import { ${name} } from '${path}'; console.log(typeof ${name});`),
        'function\n',
      );
      assert.equal(await runIn('d.cjs', `console.log(typeof require('${path}').${name});`), 'function\n');
    });
  }

  it('package.json can be required, what is inside not', async () => {
    assert.equal(await runIn('e.cjs', `console.log(require('lsapi/package.json').name);`), 'lsapi\n');
    await assert.rejects(
      runIn('f.cjs', `require('lsapi/dist/raw/raw.js');`),
      /ERR_PACKAGE_PATH_NOT_EXPORTED/,
    );
  });

  it('an app in CommonJS and one in ESM can be written with it', async () => {
    const app = (listen: string): string => `
      const server = createServer((req, res) => res.end('it'));
      server.listen({ path: ${listen} }, () => { console.log('listening'); server.close(); });`;
    const path = JSON.stringify(join(directory, 'app.sock'));
    assert.equal(
      await runIn('g.cjs', `const { createServer } = require('lsapi'); ${app(path)}`),
      'listening\n',
    );
    assert.equal(await runIn('g.mjs', `import { createServer } from 'lsapi'; ${app(path)}`), 'listening\n');
  });
});
