#!/usr/bin/env node
// Signals first: everything else is loaded once a stop can no longer be missed (see stop-signals.ts).
import './stop-signals.js';
import { reportFailure } from './start-failure.js';

try {
  const { runCommand } = await import('./command.js');
  await runCommand(process.argv.slice(2));
} catch (error) {
  reportFailure(error);
  process.exit(1);
}
