import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isLsapiError } from '../errors.js';
import { valueOf } from '../install/plain-config.js';
import { obstacle } from './access.js';
import type { Deployment } from './deployment.js';
import type { Examination } from './examination.js';
import { finding, type Finding } from './finding.js';

/** The files that output is to go to. */
const VARIABLES = ['LSAPI_STDERR_LOG', 'LSNODE_CONSOLE_LOG', 'LS_STDERR_LOG'] as const;

/** Whether the logs of each deployment can be written. */
export function checkLogs({ deployments, tree }: Examination): readonly Finding[] {
  return deployments.flatMap((deployment) => [
    ...VARIABLES.flatMap((variable) => checkLog(deployment, variable)),
    ...checkServerLog(deployment, tree),
  ]);
}

/** Whether the server keeps what an app prints that has no log of its own. */
function checkServerLog({ environment, place, external }: Deployment, tree: Examination['tree']): Finding[] {
  if (external?.command === undefined || (environment.LSAPI_STDERR_LOG ?? '') !== '') return [];
  const log = tree?.entries.find(({ entry }) => entry.keyword === 'errorlog');
  if (log === undefined || valueOf(log.entry, 'enableStderrLog') !== '0') return [];
  return [
    finding('LSAPI_DOCTOR_LOG', 'warning', place, {
      what: `enableStderrLog of the server is 0, and the external app "${external.name}" has no log of its own.`,
      why: 'The server discards what the app and lsnode print, errors included.',
      remedy: 'Set enableStderrLog 1 in errorlog of httpd_config.conf, or add env LSAPI_STDERR_LOG=FILE.',
    }),
  ];
}

function checkLog(
  { environment, user, place, app, external }: Deployment,
  variable: (typeof VARIABLES)[number],
): Finding[] {
  const value = environment[variable];
  if (value === undefined || value === '') return [];
  // The server starts commands in their directory; a person starts them here.
  const from = external?.command === undefined ? process.cwd() : dirname(external.command.file);
  const path = resolve(environment.LS_CWD ?? from, value);
  const problem = problemOf(path, user);
  if (problem === undefined) return [];
  const root = app === undefined || isLsapiError(app) ? 'a directory of the app' : app.root;
  return [
    finding('LSAPI_DOCTOR_LOG', 'warning', place, {
      what: `${variable}=${value}: ${problem}.`,
      why: 'What the app prints does not get there: it goes to the log of the server, or nowhere.',
      remedy: `Set ${variable} to a file in a directory that ${user === undefined ? 'the app' : user.name} may write to, such as one below ${root}.`,
    }),
  ];
}

function problemOf(path: string, user: Deployment['user']): string | undefined {
  if (/^\/etc\//.test(path)) return 'no log is written below /etc/';
  const directory = dirname(path);
  const parent = statSync(directory, { throwIfNoEntry: false });
  if (parent?.isDirectory() !== true) return `there is no directory ${directory}`;
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isDirectory() === true) return 'it is a directory';
  if (user === undefined) return undefined;
  const barrier = obstacle(stats === undefined ? `${directory}/.` : path, user, 'write');
  return barrier === undefined
    ? undefined
    : `${barrier.replace(/\/\.$/, '')} does not let ${user.name} write`;
}
