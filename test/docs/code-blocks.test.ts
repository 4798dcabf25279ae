import assert from 'node:assert/strict';
import { parsePlainConfig } from '#lib/install/plain-config.js';
import { FakeServer, HOST_CONFIG } from '../install/support/server.js';
import {
  blocksOf,
  importsOf,
  isServerConfiguration,
  parseScript,
  syntaxErrors,
} from './support/code-blocks.js';
import { examineConfiguration } from './support/examine-configuration.js';
import { allPages } from './support/markdown.js';

/** Where `npm install --global` puts the command, which is not there while this is tested. */
const INSTALLED = '/usr/local/bin/lsnode';
// Blocks of docs/api are members of declarations, which are no scripts by themselves.
const blocks = allPages()
  .filter(({ name }) => !name.startsWith('docs/api/'))
  .flatMap(blocksOf);

describe('Code in the documentation', () => {
  it('is JavaScript and TypeScript that parses', () => {
    const errors = blocks.flatMap((block) => {
      const source = parseScript(block);
      return source === undefined ? [] : syntaxErrors(source).map((error) => `${block.place}: ${error}`);
    });
    assert.deepEqual(errors, []);
  });

  it('imports from the package what it exports', async () => {
    const missing: string[] = [];
    for (const block of blocks) {
      const source = parseScript(block);
      for (const { module, name } of source === undefined ? [] : importsOf(source)) {
        const exported = (await import(module)) as Record<string, unknown>;
        if (!(name in exported)) missing.push(`${block.place}: ${module} has no ${name}`);
      }
    }
    assert.deepEqual(missing, []);
  });

  it('is JSON that parses', () => {
    for (const { language, text, place } of blocks.filter((block) => block.language === 'json')) {
      assert.doesNotThrow(() => void JSON.parse(text), `${place}: ${language}`);
    }
  });

  describe('is configuration of OpenLiteSpeed', () => {
    const configurations = blocks.filter(isServerConfiguration);

    it('that is well-formed', () => {
      const problems = configurations.flatMap(({ text, place }) =>
        parsePlainConfig(text).problems.map(({ line, what }) => `${place}, line ${line}: ${what}`),
      );
      assert.deepEqual(problems, []);
    });

    for (const { text, place } of configurations.filter((block) => /^extprocessor /im.test(block.text))) {
      it(`in which lsnode doctor finds no mistake, ${place}`, async () => {
        const config = text.replaceAll(INSTALLED, '$SERVER_ROOT/fcgi-bin/lsnode');
        const server = new FakeServer(undefined, `${HOST_CONFIG}\n${config}\n`);
        try {
          assert.deepEqual(await examineConfiguration(server), []);
        } finally {
          server.remove();
        }
      });
    }
  });
});
