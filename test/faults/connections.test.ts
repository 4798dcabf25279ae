import { KILLED } from './cases/killed.js';
import { SERVER } from './cases/server.js';
import { TIME } from './cases/time.js';
import { testCases } from './support/tests.js';

describe('After processes were killed, nothing is lost or left, and the log says so:', () =>
  testCases(KILLED));
describe('Whatever the server does, nothing is lost or left:', () => testCases(SERVER));
describe('Clocks that jump and processes that stand still cost nothing:', () => testCases(TIME));
