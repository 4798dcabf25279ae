import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { resolveApp } from '../app/resolve.js';
import type { Settings } from '../config/setting-types.js';
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
 * `lsnode --check`: reads the configuration files that the command line names, or else that of the directory, or else
 * looks for the app, and reports everything that is wrong with them, and with the settings of the environment, at once.
 *
 * @param directory where an unnamed configuration file is looked for, and relative names begin
 */
export async function checkCommand(
  { apacheConfig, config, app, scripts, arguments: more }: CommandLine,
  directory: string,
  environ: NodeJS.ProcessEnv = {},
): Promise<CheckOutcome> {
  const environment = checkEnvironment(environ);
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
    const found = scripts ? { text: '', errors: 0 } : checkApp(app, environment.settings, directory);
    const errors = found.errors + environment.errors;
    return {
      text: [...environment.lines, found.text, errors === 0 ? 'OK\n' : count(errors)].join(''),
      exitStatus: errors === 0 ? 0 : 1,
    };
  }
  const problems = readings.flatMap((reading) => checkConfiguration(reading));
  return {
    text: report(problems, environment),
    exitStatus: hasErrors(problems) || environment.errors > 0 ? 1 : 0,
  };
}

interface EnvironmentCheck {
  readonly settings: Settings;
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
      settings,
      lines: [...lines, `Error in the environment:\n  ${error.message} [${error.code}]\n`],
      errors: 1,
    };
  }
  return { settings, lines, errors: 0 };
}

/** Whether the app is there; it is not loaded. */
function checkApp(
  file: string | undefined,
  { root, startupFile }: Settings,
  directory: string,
): { text: string; errors: number } {
  const cwd = root === undefined ? directory : process.cwd();
  try {
    const { path, root: found } = resolveApp({ file, root, startupFile, cwd });
    return { text: `The app is ${path}, run in ${found}\n`, errors: 0 };
  } catch (error) {
    if (!(error instanceof LsapiError)) throw error;
    return { text: `Error in what is to be served:\n  ${error.message} [${error.code}]\n`, errors: 1 };
  }
}

function count(errors: number): string {
  return `${errors} ${errors === 1 ? 'error' : 'errors'}\n`;
}

function unnamed(directory: string): string | undefined {
  return CONFIGURATION_FILES.find((name) => existsSync(join(directory, name)));
}

function report(problems: readonly DirectiveProblem[], environment: EnvironmentCheck): string {
  const errors = problems.filter(({ severity }) => severity === 'error').length + environment.errors;
  const verdict = errors === 0 ? 'Syntax OK\n' : count(errors);
  return [...problems.map((problem) => `${formatProblem(problem)}\n`), ...environment.lines, verdict].join(
    '',
  );
}
