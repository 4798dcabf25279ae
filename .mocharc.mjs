// Most of a test's time is that of the processes it starts, so there is one job per processor.
import { availableParallelism } from 'node:os';

export default {
  reporter: './test/support/reporter.mjs',
  spec: ['dist-dev/test/**/*.test.js'],
  timeout: 20000,
  parallel: true,
  jobs: availableParallelism(),
};
