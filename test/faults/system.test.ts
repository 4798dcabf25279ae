import { SYSTEM } from './cases/system.js';
import { faultTests } from './support/tests.js';

describe('Where the system refuses something, connections wait or are given back, and the log says so:', () => {
  faultTests()(SYSTEM);
});
