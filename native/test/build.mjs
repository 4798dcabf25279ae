// Builds the native core with CMake for the scripts that test and examine it.
import { spawnSync } from 'node:child_process';
import { root, run, runQuietly } from '../../scripts/setup.mjs';

function succeeds(command, args, input = '') {
  return spawnSync(command, args, { input, encoding: 'utf8' }).status === 0;
}

/** The C++ compiler: `CXX`, else clang, whose sanitizers see more, else g++; undefined where there is none. */
export function compiler() {
  const candidates = process.env.CXX ? [process.env.CXX] : ['clang++', 'g++'];
  return candidates.find((candidate) => succeeds(candidate, ['--version']));
}

/** A clang whose libFuzzer can be linked, or undefined. */
export function fuzzCompiler() {
  const candidates = process.env.CXX ? [process.env.CXX] : ['clang++'];
  const program = 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }';
  return candidates.find((candidate) =>
    succeeds(candidate, ['-x', 'c++', '-fsanitize=fuzzer,address', '-o', '/dev/null', '-'], program),
  );
}

const TOOLS = {
  cmake: { debian: 'cmake', found: () => succeeds('cmake', ['--version']) },
  make: { debian: 'make', found: () => succeeds('ninja', ['--version']) || succeeds('make', ['--version']) },
  compiler: { debian: 'clang', found: () => compiler() !== undefined },
  doctest: {
    debian: 'doctest-dev',
    found: () => {
      const cxx = compiler();
      return cxx === undefined || succeeds(cxx, ['-E', '-x', 'c++', '-'], '#include <doctest/doctest.h>\n');
    },
  },
  // Debian's clang depends on the version that its libFuzzer is packaged for.
  libfuzzer: { debian: 'clang libclang-rt-14-dev', found: () => fuzzCompiler() !== undefined },
};

/** Ends the process with the names of Debian's packages when one of `tools` is not there. */
export function requireTools(purpose, tools) {
  const missing = tools.map((name) => TOOLS[name]).filter((tool) => !tool.found());
  if (missing.length === 0) return;
  const packages = missing.map((tool) => tool.debian).join(' ');
  console.error(`lsapi: ${purpose} needs tools that are not installed: apt-get install ${packages}`);
  process.exit(1);
}

/** Configures a build directory; `options` are CMake variables. */
export function configure(directory, options) {
  const settings = {
    CMAKE_CXX_COMPILER: compiler(),
    CMAKE_BUILD_TYPE: 'Debug',
    CMAKE_CXX_FLAGS: '-O1',
    ...options,
  };
  const generator = succeeds('ninja', ['--version']) ? ['-G', 'Ninja'] : [];
  const definitions = Object.entries(settings).map(([name, value]) => `-D${name}=${value}`);
  runQuietly('cmake', ['-S', root, '-B', directory, ...generator, ...definitions]);
}

/** Builds targets; the compiler's output is shown. */
export function build(directory, targets) {
  run('cmake', ['--build', directory, '--parallel', '--target', ...targets]);
}
