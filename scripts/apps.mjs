// `npm run apps [-- NAME…] [--document]`: apps of many frameworks, unmodified, over node:http and over LSAPI.
import { join } from 'node:path';
import { ensureBuilt, root, run } from './setup.mjs';

ensureBuilt();
run(process.execPath, [join(root, 'dist-dev/test/apps/run.js'), ...process.argv.slice(2)]);
