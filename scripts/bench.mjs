// `npm run bench:smoke`: builds what is missing, the load generator included, and runs a benchmark.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { digest, ensureBuilt, once, root, run } from './setup.mjs';

const [name = 'smoke', ...rest] = process.argv.slice(2);
if (!existsSync(join(root, `bench/${name}.ts`))) {
  console.error(`lsapi: there is no benchmark named ${name}`);
  process.exit(1);
}
ensureBuilt();
const load = join(root, '.cache/bench/load');
mkdirSync(join(root, '.cache/bench'), { recursive: true }); // node-gyp empties build/
once('.cache/bench/.lsapi-built', digest(['bench/load']), ['.cache/bench/load'], () => {
  console.error('lsapi: building the load generator');
  run(process.env.CXX || 'g++', [
    '-std=c++20',
    '-O2',
    '-Wall',
    '-Wextra',
    '-Werror',
    '-o',
    load,
    'bench/load/load.cc',
  ]);
});
run(process.execPath, [join(root, `dist-dev/bench/${name}.js`), root, load, ...rest]);
