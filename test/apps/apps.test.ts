// The example apps that take no packages of their own; `npm run apps` has them all, and as process groups.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { lsnodeHttp } from '../examples/start-example.js';
import { APPS } from './catalogue.js';
import { askPlainNode, examine } from './examine.js';
import { sourceOf } from './prepare.js';

const runsTypeScript = (process.features as { typescript?: string | false }).typescript === 'strip';

describe('An example app answers under lsnode as with plain Node', function () {
  this.timeout(60_000);

  for (const app of APPS.filter(({ light }) => light)) {
    if (app.typescript === true && !runsTypeScript) {
      it(`${app.name}: says what to do where Node does not run TypeScript`, () => {
        const { stderr, status } = spawnSync(process.execPath, [...lsnodeHttp, app.file], {
          cwd: sourceOf(app),
          encoding: 'utf8',
        });
        assert.equal(status, 1, stderr);
        assert.match(
          stderr,
          /server\.ts failed while it was loaded[^]*does not load TypeScript: use Node 22\.18 or later/,
        );
        assert.doesNotMatch(stderr, /\n {4}at /);
      });
      continue;
    }

    it(`${app.name}: ${app.title}, ${app.style}`, async () => {
      const expected = await askPlainNode(app, sourceOf(app));
      const { differences } = await examine(app, sourceOf(app), 'worker', expected);
      assert.deepEqual(differences, []);
    });
  }

  it('two-servers: the children of a process group share the port of the second one', async () => {
    const app = APPS.find(({ name }) => name === 'two-servers');
    assert.ok(app);
    const expected = await askPlainNode(app, sourceOf(app));
    const { differences, group, hazards } = await examine(app, sourceOf(app), 'group', expected);
    assert.deepEqual([differences, hazards, group?.mode], [[], [], 'preloaded']);
  });
});
