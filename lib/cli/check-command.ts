import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { checkConfiguration } from '../directives/check.js';
import {
  formatProblem,
  hasErrors,
  readApacheConfiguration,
  readConfigurationFile,
  type ConfigurationReading,
  type DirectiveProblem,
} from '../directives/index.js';
import type { CommandLine } from './options.js';

/** Configuration files that are looked for where none is named. */
export const CONFIGURATION_FILES = ['lsnode.config.mjs', 'lsnode.config.json'] as const;

/** The outcome of `lsnode --check`. */
export interface CheckOutcome {
  /** What is printed, complete lines. */
  readonly text: string;
  /** 0: the configuration can be used; 1: it cannot. */
  readonly exitStatus: 0 | 1;
}

/**
 * `lsnode --check`: reads the configuration files that the command line names, or else that of the directory, and
 * reports everything that is wrong with them at once.
 *
 * @param directory where an unnamed configuration file is looked for, and relative names begin
 */
export async function checkCommand(
  { apacheConfig, config, app, arguments: more }: CommandLine,
  directory: string,
): Promise<CheckOutcome> {
  // What a shell made of --apache-config *.conf: there is no app here that it could be meant for.
  const files =
    apacheConfig.length === 0 ? [] : [...apacheConfig, ...(app === undefined ? [] : [app]), ...more];
  const named = config ?? (files.length > 0 ? undefined : unnamed(directory));
  const readings: ConfigurationReading[] = [];
  if (files.length > 0) readings.push(readApacheConfiguration(files.map((file) => resolve(directory, file))));
  if (named !== undefined) readings.push(await readConfigurationFile(resolve(directory, named)));
  if (readings.length === 0) {
    const text = `Nothing to check: there is no ${CONFIGURATION_FILES.join(' nor ')} in ${directory}. Name one by --config FILE, or Apache configuration by --apache-config FILE.\n`;
    return { text, exitStatus: 1 };
  }
  const problems = readings.flatMap((reading) => checkConfiguration(reading));
  return { text: report(problems), exitStatus: hasErrors(problems) ? 1 : 0 };
}

function unnamed(directory: string): string | undefined {
  return CONFIGURATION_FILES.find((name) => existsSync(join(directory, name)));
}

function report(problems: readonly DirectiveProblem[]): string {
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  const verdict = errors === 0 ? 'Syntax OK' : `${errors} ${errors === 1 ? 'error' : 'errors'}`;
  return [...problems.map(formatProblem), verdict].map((text) => `${text}\n`).join('');
}
