import { KILLED } from './cases/killed.js';
import { LOGS } from './cases/logs.js';
import { RESTART_FILE } from './cases/restart-file.js';
import { SERVER } from './cases/server.js';
import { SYSTEM } from './cases/system.js';
import { TIME } from './cases/time.js';
import type { FaultCase } from './support/case.js';

/** All cases, in the order in which they are run. */
export const CASES: readonly FaultCase[] = [
  ...KILLED,
  ...SERVER,
  ...SYSTEM,
  ...LOGS,
  ...TIME,
  ...RESTART_FILE,
];
