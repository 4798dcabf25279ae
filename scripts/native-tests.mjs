// `npm run test:native [-- --valgrind] [-- DOCTEST ARGUMENTS]`: the native core's unit tests under ASan and UBSan, or
// without them under valgrind's memcheck, whose errors are leaks and descriptors that are left open, too.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { build, configure, requireTools } from '../native/test/build.mjs';
import { root } from './setup.mjs';

const parameters = process.argv.slice(2);
const usesValgrind = parameters[0] === '--valgrind';
if (usesValgrind) parameters.shift();
const DIRECTORY = usesValgrind ? 'build-native/valgrind' : 'build-native';
const MEMCHECK = [
  ...['--quiet', '--error-exitcode=99', '--leak-check=full', '--errors-for-leak-kinds=definite,possible'],
  // What the processes that tests fork have open, or have not freed when they _exit(), is no leak.
  ...['--track-fds=yes', '--child-silent-after-fork=yes'],
];

requireTools('npm run test:native', ['cmake', 'make', 'compiler', 'doctest']);
configure(DIRECTORY, { LSAPI_SANITIZE: usesValgrind ? '' : 'address,undefined' });
build(DIRECTORY, ['native_tests']);

const program = join(root, DIRECTORY, 'native/test/native_tests');
const [file, ...before] = usesValgrind ? ['valgrind', ...MEMCHECK, program] : [program];
const result = spawnSync(file, [...before, ...parameters], {
  cwd: root,
  stdio: ['ignore', 'pipe', 'inherit'],
  encoding: 'utf8',
  maxBuffer: 1 << 26,
  env: {
    ...process.env,
    ASAN_OPTIONS: 'detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1',
    UBSAN_OPTIONS: 'print_stacktrace=1',
  },
});
process.stdout.write(result.stdout);

const counts = /test cases:\s+\d+ \|\s+(\d+) passed \|\s+(\d+) failed/.exec(result.stdout);
if (result.status !== 0) {
  const how = result.signal === null ? `exit status ${result.status}` : `signal ${result.signal}`;
  console.error(`native tests: ${how}`);
}
// Without doctest's own count, a sanitizer has ended the program: that is a failure as well.
const [passed, failed] = counts === null ? [0, 1] : [Number(counts[1]), Number(counts[2])];
console.log(
  `native tests (${usesValgrind ? 'valgrind' : 'ASan, UBSan'}): ${passed} passed, ${failed} failed`,
);
process.exit(result.status === 0 && counts !== null ? 0 : 1);
