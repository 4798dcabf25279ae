import { LOGS } from './cases/logs.js';
import { RESTART_FILE } from './cases/restart-file.js';
import { testCases } from './support/tests.js';

describe('A log that cannot be written costs no request:', () => testCases(LOGS));
describe('A restart file that cannot be had reloads nothing; once it can, it does:', () =>
  testCases(RESTART_FILE));
