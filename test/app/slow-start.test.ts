import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { CapturedServer } from '#lib/app/capture.js';
import { loadApp } from '#lib/app/load.js';

describe('A start that takes long', () => {
  let directory = '';
  before(() => (directory = mkdtempSync(join(tmpdir(), 'lsnode-slow-'))));
  after(() => rmSync(directory, { recursive: true, force: true }));

  async function hintFor(name: string, text: string, listens: boolean): Promise<string[]> {
    const path = join(directory, name);
    writeFileSync(path, text);
    const captured: CapturedServer = {
      server: createServer(),
      parameters: [],
      listenForReal: () => undefined,
    };
    const listened = listens ? delay(300).then(() => captured) : new Promise<CapturedServer>(() => undefined);
    const lines: string[] = [];
    await loadApp(
      path,
      listened,
      (line) => lines.push(line),
      () => '',
      50,
    );
    return lines;
  }

  it('while it is loaded is told of in the log, with what to do', async () => {
    const lines = await hintFor(
      'loading.mjs',
      'await new Promise((resolve) => setTimeout(resolve, 300)); export default () => {};',
      false,
    );
    assert.equal(lines.length, 1);
    assert.match(
      lines[0] ?? '',
      /loading\.mjs is still loading \(.*\); requests wait for it\. .*after listen\(\)/,
    );
  });

  it('until it listens likewise', async () => {
    const lines = await hintFor('late.mjs', 'export const nothing = 1;', true);
    assert.equal(lines.length, 1);
    assert.match(
      lines[0] ?? '',
      /late\.mjs has been loaded but does not listen yet \(phase listen, after \d+ m?s\)/,
    );
  });
});
