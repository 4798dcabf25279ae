// `npm run test:page [-- --update]`: the status page in Chromium (Debian's package, or CHROMIUM=COMMAND).
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ensureBuilt, root, run } from './setup.mjs';

const chromium = process.env.CHROMIUM ?? 'chromium';
if (spawnSync(chromium, ['--version']).status !== 0) {
  console.error(
    `lsapi: npm run test:page needs ${chromium}: apt-get install chromium, or name another by CHROMIUM`,
  );
  process.exit(1);
}
ensureBuilt();
run(process.execPath, [join(root, 'dist-dev/test/page/main.js'), ...process.argv.slice(2)]);
