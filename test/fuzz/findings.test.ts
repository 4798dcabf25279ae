import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Corpus } from './engine/corpus.js';
import { Coverage } from './engine/coverage.js';
import { Fuzzer } from './engine/fuzzer.js';
import type { FuzzTarget } from './engine/target.js';

/** Inputs that broke an invariant once, in a directory a target. */
const FINDINGS = fileURLToPath(new URL('../../../test/fuzz/findings', import.meta.url));
const TARGETS = ['apache_configuration', 'environment', 'gateway_response', 'request_decoder', 'scoreboard'];

describe('What fuzzing found', () => {
  let directory: string;

  before(() => (directory = mkdtempSync(join(tmpdir(), 'lsapi-findings-'))));
  after(() => rmSync(directory, { recursive: true }));

  for (const name of TARGETS) {
    it(`breaks no invariant of ${name} any more, and neither does what it begins with`, async () => {
      const module = new URL(`./targets/${name.replaceAll('_', '-')}.js`, import.meta.url).href;
      const { target } = (await import(module)) as { target: FuzzTarget };
      const fuzzer = new Fuzzer(target, new Coverage(() => false), new Corpus(join(directory, name)), {
        seed: 1,
        timeMs: 0,
        slowMs: 2000,
      });
      const known = readdirSync(FINDINGS).includes(name) ? readdirSync(join(FINDINGS, name)) : [];
      for (const file of known) {
        const finding = await fuzzer.check(readFileSync(join(FINDINGS, name, file)));
        assert.equal(finding?.report, undefined, file);
      }
      assert.equal((await fuzzer.run()).finding?.report, undefined);
    });
  }
});
