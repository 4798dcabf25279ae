// Runs before `npm pack` and `npm publish`: dist/ is made anew, so that it holds nothing that sources no longer
// do, and a tarball without the binaries of all platforms, or with ones of other sources, is not made.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { PLATFORMS, flawOf } from './prebuilds.mjs';
import { ensureInstalled, ensureTypeScript, root } from './setup.mjs';

ensureInstalled();
const flaws = PLATFORMS.map((platform) => ({ name: platform.name, flaw: flawOf(platform) })).filter(
  ({ flaw }) => flaw !== undefined,
);
for (const { name, flaw } of flaws)
  console.error(`lsapi: the binary for ${name} ${flaw} (npm run prebuildify)`);
if (flaws.length > 0) process.exit(1);
rmSync(join(root, 'dist'), { recursive: true, force: true });
ensureTypeScript();
