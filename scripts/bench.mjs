// `npm run bench`: builds what is missing, the native tools of the benchmarks included, and runs one of their programs.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { digest, ensureBuilt, once, root, run } from './setup.mjs';

/** Programs of bench/, with what each is built from. */
const TOOLS = {
  load: ['load/load.cc', 'load/generator.cc', 'load/lsapi_answer.cc', 'load/http_answer.cc'],
  'listen-on': ['load/listen-on.cc'],
  'server-load': ['load/server-load.cc'],
  'new-connections': ['load/new-connections.cc'],
  'count-allocations.so': ['load/count-allocations.cc'],
  null: ['peers/null.c'],
  'parse-captures': ['guard/parse-captures.cc', '../native/protocol/request_parser.cc'],
};

const WARNINGS = ['-Wall', '-Wextra', '-Wconversion', '-Wshadow', '-Werror'];

function compile(program, sources) {
  const isC = sources[0].endsWith('.c');
  const [command, ...before] = (isC ? process.env.CC || 'gcc' : process.env.CXX || 'g++').split(' ');
  const standard = isC ? '-std=gnu17' : '-std=c++20';
  const files = sources.map((source) => `bench/${source}`);
  const kind = program.endsWith('.so') ? ['-shared', '-fPIC'] : [];
  run(command, [...before, standard, '-O2', ...WARNINGS, ...kind, '-o', program, ...files]);
}

const tools = join(root, '.cache/bench');

function buildTools() {
  mkdirSync(tools, { recursive: true }); // node-gyp empties build/
  once(
    '.cache/bench/.lsapi-built',
    digest([
      'bench/load',
      'bench/peers/null.c',
      'bench/guard/parse-captures.cc',
      'native/protocol',
      'scripts/bench.mjs',
    ]),
    Object.keys(TOOLS).map((tool) => `.cache/bench/${tool}`),
    () => {
      console.error('lsapi: building the tools of the benchmarks');
      for (const [tool, sources] of Object.entries(TOOLS)) compile(join(tools, tool), sources);
    },
  );
}

const [name = 'suite', ...rest] = process.argv.slice(2);
if (!existsSync(join(root, `bench/${name}.ts`))) {
  console.error(`lsapi: there is no benchmark named ${name}`);
  process.exit(1);
}
ensureBuilt();
// Whoever only asks for the options waits for no compiler.
if (!rest.includes('--help')) buildTools();
run(process.execPath, [join(root, `dist-dev/bench/${name}.js`), root, tools, ...rest]);
