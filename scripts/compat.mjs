// `npm run compat -- [--suites DIR] SUITE…|--all`: other projects' tests over node:http and over LSAPI.
import { join } from 'node:path';
import { ensureBuilt, root, run } from './setup.mjs';

ensureBuilt();
run(process.execPath, [join(root, 'dist-dev/test/compat/run.js'), ...process.argv.slice(2)]);
