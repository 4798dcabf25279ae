// `npm run test:native [-- DOCTEST ARGUMENTS]`: the native core's unit tests under ASan and UBSan.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { build, configure, requireTools } from '../native/test/build.mjs';
import { root } from './setup.mjs';

const DIRECTORY = 'build-native';

requireTools('npm run test:native', ['cmake', 'make', 'compiler', 'doctest']);
configure(DIRECTORY, { LSAPI_SANITIZE: 'address,undefined' });
build(DIRECTORY, ['native_tests']);

const result = spawnSync(join(root, DIRECTORY, 'native/test/native_tests'), process.argv.slice(2), {
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
console.log(`native tests (ASan, UBSan): ${passed} passed, ${failed} failed`);
process.exit(result.status === 0 && counts !== null ? 0 : 1);
