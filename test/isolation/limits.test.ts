import assert from 'node:assert/strict';
import { flagsForLimits } from '#lib/process-group/image.js';
import { lsnodes, rawApp } from '../cli/support/lsnode.js';

const FLAG = '--disable-wasm-trap-handler';

describe('Isolation: limits', () => {
  const start = lsnodes();

  it('LSAPI_ALLOW_CORE_DUMP leaves that of core files as it is', async () => {
    const app = rawApp(`
      const { readFileSync } = await import('node:fs');
      response.send(200, null, /^Max core file size +(\\d+) +(\\d+)/m.exec(readFileSync('/proc/self/limits'))[0]);
    `);
    const lsnode = start({
      files: { 'app.mjs': app },
      env: { LSAPI_ALLOW_CORE_DUMP: '1', LSAPI_CHILDREN: '0' },
      wrap: (command) => ['prlimit', '--core=1000000:2000000', ...command],
    });
    const { text } = await (await lsnode.connect()).request();
    assert.match(text, / 1000000 +2000000$/);
  });

  it('of the address space take a flag of Node 20 and 22 that may be there already', () => {
    assert.deepEqual(flagsForLimits(true, [], '20.20.0'), [FLAG]);
    assert.deepEqual(flagsForLimits(true, ['--no-lazy'], '22.1.0'), [FLAG]);
    assert.deepEqual(flagsForLimits(true, [FLAG], '22.1.0'), []);
    assert.deepEqual(flagsForLimits(true, [], '24.0.0'), []);
    assert.deepEqual(flagsForLimits(true, [], '26.10.0'), []);
    assert.deepEqual(flagsForLimits(false, [], '20.20.0'), []);
  });
});
