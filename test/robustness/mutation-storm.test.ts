import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { root } from '../cli/support/lsnode.js';

// The long form, with a million mutations for each example, is `node scripts/mutation-storm.mjs`.
describe('A storm of 20,000 mutated requests', () => {
  for (const app of ['hello-http', 'raw']) {
    it(`leaves the ${app} example answering, with as many descriptors and no more memory`, async function () {
      this.timeout(120_000);
      const script = join(root, 'scripts/mutation-storm.mjs');
      const child = spawn(process.execPath, [script, '--no-build', '--count', '20000', '--app', app], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let output = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => (output += text));
      }
      const [status] = (await once(child, 'close')) as [number | null];
      assert.equal(status, 0, output);
      assert.match(output, /20000 mutations/);
    });
  }
});
