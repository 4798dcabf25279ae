// `npm run faults [-- NAME… --repeat N --short --json]`: the fault suite of test/faults, each case so many times.
import { join } from 'node:path';
import { ensureBuilt, root, run } from './setup.mjs';

ensureBuilt();
run(process.execPath, [join(root, 'dist-dev/test/faults/run.js'), ...process.argv.slice(2)]);
