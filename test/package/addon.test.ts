import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../cli/support/lsnode.js';

describe('the addon', () => {
  it('as it is built here can be loaded with glibc 2.28, needs nothing but the C library and Node, and is hardened', () => {
    const { status, stdout } = spawnSync(
      process.execPath,
      [join(root, 'scripts/check-prebuilds.mjs'), '--built'],
      { encoding: 'utf8' },
    );
    assert.equal(status, 0, stdout);
    assert.match(stdout, /^ {2}ok +needs no symbol newer than glibc 2\.28$/m);
  });
});
