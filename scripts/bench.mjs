// `npm run bench:smoke`: builds what is missing, the native tools of the benchmarks included, and runs one of them.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { digest, ensureBuilt, once, root, run } from './setup.mjs';

const TOOLS = ['load', 'server-load', 'new-connections'];

const [name = 'smoke', ...rest] = process.argv.slice(2);
if (!existsSync(join(root, `bench/${name}.ts`))) {
  console.error(`lsapi: there is no benchmark named ${name}`);
  process.exit(1);
}
ensureBuilt();
const tools = join(root, '.cache/bench');
mkdirSync(tools, { recursive: true }); // node-gyp empties build/
once(
  '.cache/bench/.lsapi-built',
  digest(['bench/load']),
  TOOLS.map((tool) => `.cache/bench/${tool}`),
  () => {
    console.error('lsapi: building the tools of the benchmarks');
    for (const tool of TOOLS) {
      run(process.env.CXX || 'g++', [
        '-std=c++20',
        '-O2',
        '-Wall',
        '-Wextra',
        '-Werror',
        '-o',
        join(tools, tool),
        `bench/load/${tool}.cc`,
      ]);
    }
  },
);
run(process.execPath, [join(root, `dist-dev/bench/${name}.js`), root, tools, ...rest]);
