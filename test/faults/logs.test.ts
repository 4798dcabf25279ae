import { LOGS } from './cases/logs.js';
import { RESTART_FILE } from './cases/restart-file.js';
import { faultTests } from './support/tests.js';

describe('No request is lost, and nothing is left,', () => {
  const test = faultTests();
  describe('where a log cannot be written:', () => test(LOGS));
  describe('where a restart file cannot be had, which reloads nothing before it can:', () =>
    test(RESTART_FILE));
});
