import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { APPS } from '../apps/catalogue.js';
import { root } from '../cli/support/lsnode.js';
import { allPages } from '../docs/support/markdown.js';
import { stepsOf } from '../docs/support/steps.js';

/** Examples whose README starts nothing, and the tests that use them. */
const STARTED_ELSEWHERE: Readonly<Record<string, string>> = {
  express: 'examples/express.test.ts',
  opentelemetry: 'diagnostics/channels.test.ts',
};

const examples = readdirSync(join(root, 'examples'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

describe('Every example', function () {
  this.timeout(30_000);
  for (const name of examples) {
    it(`is started as its README says, or by a test: ${name}`, () => {
      const page = allPages().find((candidate) => candidate.name === `examples/${name}/README.md`);
      assert.ok(page, `examples/${name}/README.md does not exist`);
      const elsewhere = STARTED_ELSEWHERE[name];
      if (elsewhere !== undefined) {
        assert.match(readFileSync(join(root, 'test', elsewhere), 'utf8'), new RegExp(`['/]${name}['/]`));
        return;
      }
      const kinds = stepsOf(page).map(({ kind }) => kind);
      const start = kinds.indexOf('serve');
      assert.ok(
        start >= 0,
        `examples/${name}/README.md has no block that a test starts: docs/contributing.md`,
      );
      assert.ok(
        kinds.includes('run', start),
        `examples/${name}/README.md asks nothing of what it has started`,
      );
    });
  }

  it('of an app is in the catalogue that is compared with plain Node', () => {
    const apps = readdirSync(join(root, 'examples/apps'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    assert.deepEqual(apps.sort(), APPS.map(({ name }) => name).sort());
  });
});
