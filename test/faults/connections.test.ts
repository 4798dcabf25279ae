import { KILLED } from './cases/killed.js';
import { SERVER } from './cases/server.js';
import { TIME } from './cases/time.js';
import { faultTests } from './support/tests.js';

describe('Nothing is lost or left, and the log says what happened,', () => {
  const test = faultTests();
  describe('where processes are killed:', () => test(KILLED));
  describe('whatever the server does:', () => test(SERVER));
  describe('where clocks jump and processes stand still:', () => test(TIME));
});
