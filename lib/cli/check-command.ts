import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { resolveApp } from '../app/resolve.js';
import type { Settings } from '../config/setting-types.js';
import { readSettings } from '../config/settings.js';
import { checkConfiguration } from '../directives/check.js';
import {
  formatProblem,
  hasErrors,
  readApacheConfiguration,
  readConfigurationFile,
  type ConfigurationReading,
  type DirectiveProblem,
} from '../directives/index.js';
import { isLsapiError } from '../errors.js';
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
 * `lsnode --check`: reads the environment's variables and the configuration files that the command line names, or else
 * that of the directory, or else looks for the app, and reports everything that is wrong at once.
 *
 * @param directory where an unnamed configuration file is looked for, and relative names begin
 */
export async function checkCommand(
  { apacheConfig, config, app, scripts, bind, http, arguments: more }: CommandLine,
  directory: string,
): Promise<CheckOutcome> {
  const isRoot = process.getuid?.() === 0;
  const socket = bind === undefined && http === undefined ? 'listening' : 'bound';
  const { settings, warnings } = readSettings(process.env, { socket, root: isRoot });
  const environment = warnings.map((warning) => `Warning for the environment:\n  ${warning}\n`).join('');
  // What a shell made of --apache-config *.conf: there is no app here that it could be meant for.
  const files =
    apacheConfig.length === 0 ? [] : [...apacheConfig, ...(app === undefined ? [] : [app]), ...more];
  // An app, or the directory of scripts, that is named is what is to be served.
  const isNamed = files.length > 0 || app !== undefined || scripts;
  const named = config ?? (isNamed ? undefined : unnamed(directory));
  const readings: ConfigurationReading[] = [];
  if (files.length > 0) readings.push(readApacheConfiguration(files.map((file) => resolve(directory, file))));
  if (named !== undefined) readings.push(await readConfigurationFile(resolve(directory, named)));
  if (readings.length === 0) {
    const { text, exitStatus } = scripts
      ? { text: '', exitStatus: 0 as const }
      : checkApp(app, settings, directory);
    return { text: `${environment}${text}${exitStatus === 0 ? 'OK' : '1 error'}\n`, exitStatus };
  }
  const problems = readings.flatMap((reading) => checkConfiguration(reading));
  return { text: environment + report(problems), exitStatus: hasErrors(problems) ? 1 : 0 };
}

/** Whether the app is there; it is not loaded. */
function checkApp(
  file: string | undefined,
  { root, startupFile }: Settings,
  directory: string,
): CheckOutcome {
  const cwd = root === undefined ? directory : process.cwd();
  try {
    const { path, root: found } = resolveApp({ file, root, startupFile, cwd });
    return { text: `The app is ${path}, run in ${found}\n`, exitStatus: 0 };
  } catch (error) {
    if (!isLsapiError(error)) throw error;
    return { text: `Error in what is to be served:\n  ${error.message} [${error.code}]\n`, exitStatus: 1 };
  }
}

function unnamed(directory: string): string | undefined {
  return CONFIGURATION_FILES.find((name) => existsSync(join(directory, name)));
}

function report(problems: readonly DirectiveProblem[]): string {
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  const verdict = errors === 0 ? 'Syntax OK' : `${errors} ${errors === 1 ? 'error' : 'errors'}`;
  return [...problems.map(formatProblem), verdict].map((text) => `${text}\n`).join('');
}
