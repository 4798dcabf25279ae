#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { writeLog } from '../connections/log.js';
import { formatSettings, readSettings } from '../config/settings.js';
import { isLsapiError } from '../errors.js';
import type { CommandLine } from './options.js';
import { helpText, parseCommandLine } from './options.js';
import { runApp } from './run.js';

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

async function main(commandLine: CommandLine): Promise<void> {
  switch (commandLine.action) {
    case 'help':
      process.stdout.write(helpText());
      break;
    case 'version':
      process.stdout.write(`lsnode ${version()}, Node ${process.versions.node}\n`);
      break;
    case 'print-config':
      process.stdout.write(formatSettings(readSettings(process.env, { root: process.getuid?.() === 0 })));
      break;
    case 'run':
      await runApp(commandLine);
      break;
  }
}

try {
  await main(parseCommandLine(process.argv.slice(2)));
} catch (error) {
  // One readable paragraph; a stack only for what is no error of configuration or of the app.
  const text = isLsapiError(error)
    ? `${error.message} [${error.code}]`
    : error instanceof Error
      ? (error.stack ?? error.message)
      : String(error);
  writeLog(`cannot start: ${text}`);
  process.exit(1);
}
