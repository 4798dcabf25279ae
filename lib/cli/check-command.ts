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
import { readSettings } from '../config/settings.js';
import { LsapiError } from '../errors.js';
import type { CommandLine } from './options.js';
import { scriptRoots } from './script-roots.js';

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
 * reports everything that is wrong with them, and with the settings of the environment, at once.
 *
 * @param directory where an unnamed configuration file is looked for, and relative names begin
 */
export async function checkCommand(
  { apacheConfig, config, app, arguments: more }: CommandLine,
  directory: string,
  environ: NodeJS.ProcessEnv = {},
): Promise<CheckOutcome> {
  const environment = checkEnvironment(environ);
  // What a shell made of --apache-config *.conf: there is no app here that it could be meant for.
  const files =
    apacheConfig.length === 0 ? [] : [...apacheConfig, ...(app === undefined ? [] : [app]), ...more];
  const named = config ?? (files.length > 0 ? undefined : unnamed(directory));
  const readings: ConfigurationReading[] = [];
  if (files.length > 0) readings.push(readApacheConfiguration(files.map((file) => resolve(directory, file))));
  if (named !== undefined) readings.push(await readConfigurationFile(resolve(directory, named)));
  if (readings.length === 0) {
    const text = `Nothing to check: there is no ${CONFIGURATION_FILES.join(' nor ')} in ${directory}. Name one by --config FILE, or Apache configuration by --apache-config FILE.\n`;
    return { text: [...environment.lines, text].join(''), exitStatus: 1 };
  }
  const problems = readings.flatMap((reading) => checkConfiguration(reading));
  return {
    text: report(problems, environment),
    exitStatus: hasErrors(problems) || environment.errors > 0 ? 1 : 0,
  };
}

interface EnvironmentCheck {
  /** Each with its line break. */
  readonly lines: readonly string[];
  readonly errors: number;
}

/** A setting that makes no sense gets a warning, as its default is used; without the roots of scripts nothing starts. */
function checkEnvironment(environ: NodeJS.ProcessEnv): EnvironmentCheck {
  const { settings, warnings } = readSettings(environ, { root: process.getuid?.() === 0 });
  const lines = warnings.map((warning) => `Warning for the environment:\n  ${warning}\n`);
  try {
    scriptRoots(settings);
  } catch (error) {
    if (!(error instanceof LsapiError)) throw error;
    return {
      lines: [...lines, `Error in the environment:\n  ${error.message} [${error.code}]\n`],
      errors: 1,
    };
  }
  return { lines, errors: 0 };
}

function unnamed(directory: string): string | undefined {
  return CONFIGURATION_FILES.find((name) => existsSync(join(directory, name)));
}

function report(problems: readonly DirectiveProblem[], environment: EnvironmentCheck): string {
  const errors = problems.filter(({ severity }) => severity === 'error').length + environment.errors;
  const verdict = errors === 0 ? 'Syntax OK' : `${errors} ${errors === 1 ? 'error' : 'errors'}`;
  return [
    ...problems.map((problem) => `${formatProblem(problem)}\n`),
    ...environment.lines,
    `${verdict}\n`,
  ].join('');
}
