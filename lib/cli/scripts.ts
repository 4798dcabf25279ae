import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Settings } from '../config/setting-types.js';
import { writeLog } from '../connections/log.js';
import type { ConfigurationReading } from '../directives/index.js';
import {
  DirectivesError,
  formatProblem,
  hasErrors,
  readApacheConfiguration,
  readConfigurationFile,
} from '../directives/index.js';
import { LsapiError } from '../errors.js';
import { findByDirectives } from '../scripts/find-by-directives.js';
import { findByFilename } from '../scripts/find-by-filename.js';
import { ScriptConnections } from '../scripts/script-connections.js';
import type { ScriptFinder } from '../scripts/script-request.js';
import type { GatewayMapping } from './http-front.js';
import type { CommandLine } from './options.js';
import { scriptRoots } from './script-roots.js';
import type { PreparedApp } from './prepare-app.js';

/** What the gateway of `--http` takes for scripts if nobody says. */
const DEFAULT_SUFFIXES = ['.js', '.mjs', '.cjs'];

/**
 * Reads how requests find their scripts, and makes the process look as one that serves them.
 *
 * @throws LsapiError LSAPI_ERR_OPTION, LSAPI_ERR_DIRECTIVES (with all that is wrong)
 */
export async function prepareScripts(commandLine: CommandLine, settings: Settings): Promise<PreparedApp> {
  const root = scriptsDirectory(commandLine, settings);
  const find = await finderFor(commandLine, settings);
  const { apacheConfig, config, arguments: parameters } = commandLine;
  const configuration = config ?? apacheConfig[0];
  const path = configuration === undefined ? join(root, 'tmp/restart.txt') : resolve(configuration);
  process.chdir(root);
  process.title = `lsnode:${root}`;
  process.argv = [process.execPath, root, ...parameters];
  return {
    app: { path, root },
    name: configuration === undefined ? 'the scripts that are asked for' : `the scripts of ${path}`,
    open: () =>
      Promise.resolve({
        loaded: { style: 'scripts', connect: (options) => new ScriptConnections(find, options) },
        listened: new Promise(() => undefined),
      }),
    gateway: gatewayFor(commandLine, root),
  };
}

/**
 * The directory that scripts are run in; of `--http` also the document root.
 *
 * @throws LsapiError LSAPI_ERR_OPTION
 */
export function scriptsDirectory({ app }: CommandLine, { root: given }: Settings): string {
  const root = resolve(app ?? given ?? '.');
  if (statSync(root, { throwIfNoEntry: false })?.isDirectory() === true) return root;
  throw new LsapiError(
    'LSAPI_ERR_OPTION',
    `With scripts, ${app === undefined ? 'LSNODE_ROOT' : 'the app'} is the directory that they are run in, but ${root} ` +
      'is none. To serve one app, leave out --scripts, --config and --apache-config.',
  );
}

/** Which requests the gateway passes on: those for scripts, or with a configuration all. */
export function gatewayFor({ apacheConfig, config, suffixes }: CommandLine, root: string): GatewayMapping {
  if (apacheConfig.length > 0 || config !== undefined)
    return { documentRoot: root, contexts: [{ uri: '/' }] };
  return { documentRoot: root, scriptSuffixes: suffixes.length > 0 ? suffixes : DEFAULT_SUFFIXES };
}

/** The same scripts on the command line of another process, which is started in the same directory. */
export function scriptArguments({ apacheConfig, config }: CommandLine): string[] {
  return [
    '--scripts',
    ...apacheConfig.flatMap((file) => ['--apache-config', file]),
    ...(config === undefined ? [] : ['--config', config]),
  ];
}

async function finderFor(commandLine: CommandLine, settings: Settings): Promise<ScriptFinder> {
  const { apacheConfig, config } = commandLine;
  const roots = scriptRoots(settings);
  if (config !== undefined && apacheConfig.length > 0) {
    throw new LsapiError(
      'LSAPI_ERR_OPTION',
      'Both --config and --apache-config are given. Say everything in one of them.',
    );
  }
  if (config !== undefined)
    return findByDirectives(checked(await readConfigurationFile(resolve(config))), roots);
  if (apacheConfig.length === 0) return findByFilename(roots);
  return findByDirectives(checked(readApacheConfiguration(apacheConfig.map((file) => resolve(file)))), roots);
}

function checked({ configuration, problems }: ConfigurationReading): ConfigurationReading['configuration'] {
  if (hasErrors(problems)) throw new DirectivesError(problems);
  for (const problem of problems) writeLog(formatProblem(problem));
  return configuration;
}
