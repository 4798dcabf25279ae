import { accessSync, constants, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { isLsapiError } from '../errors.js';
import { obstacle } from './access.js';
import type { Deployment } from './deployment.js';
import type { Examination } from './examination.js';
import type { ExternalApp } from './external-apps.js';
import { finding, type Finding } from './finding.js';

/** The commands that the server starts: there, executable, accepted, with a Node that its user may run. */
export function checkCommands({ deployments }: Examination): readonly Finding[] {
  return deployments.flatMap((deployment) => {
    const { external } = deployment;
    return external?.autoStart === true ? checkCommand(deployment, external) : [];
  });
}

function checkCommand(deployment: Deployment, external: ExternalApp): Finding[] {
  const { command, name } = external;
  const { place, commandLine } = deployment;
  const wrong = (what: string, remedy: string): Finding[] => [
    finding('LSAPI_DOCTOR_COMMAND', 'error', place, {
      what,
      why: 'The server does not start the app, and answers 503.',
      remedy,
    }),
  ];
  if (command === undefined) return [];
  const { file } = command;
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats?.isFile() !== true) {
    return wrong(
      `The command (path) of the external app "${name}", ${file}, ${stats === undefined ? 'does not exist' : 'is no file'}.`,
      'Correct path, or run lsnode install, which writes a command.',
    );
  }
  if (!isExecutable(file)) {
    return wrong(
      `The command (path) of the external app "${name}", ${file}, is not executable.`,
      `chmod 755 ${file}`,
    );
  }
  if (refusedArguments(command.arguments.join(' '))) {
    return wrong(
      `The server refuses the arguments of "${name}": ${command.arguments.join(' ')}. It takes a name behind a slash or a blank that begins with sh, bash, dash or ksh for a shell.`,
      'Give the app by variables: env LSNODE_ROOT=DIRECTORY and env LSNODE_STARTUP_FILE=FILE, as lsnode install does, with no argument in path.',
    );
  }
  if (isLsapiError(commandLine)) {
    return wrong(
      `lsnode does not understand the arguments of "${name}": ${commandLine.message}`,
      'Correct path; lsnode --help lists the options.',
    );
  }
  return programs(deployment, wrong);
}

function programs(
  { command, user, place, external }: Deployment,
  wrong: (what: string, remedy: string) => Finding[],
): Finding[] {
  const file = external?.command?.file ?? '';
  if (command === undefined || command.main === undefined) return [];
  const { node, main } = command;
  if (node === undefined) {
    return wrong(
      `${file} asks for node, which is not in the PATH of "${external?.name}" (${external?.environment.PATH ?? '/bin:/usr/bin'}).`,
      `Add: env PATH=${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
    );
  }
  for (const program of [node, main]) {
    if (statSync(program, { throwIfNoEntry: false }) === undefined) {
      return wrong(
        `${file} runs ${program}, which does not exist.`,
        'Run lsnode install again, or correct the file.',
      );
    }
  }
  if (user === undefined) return [];
  const barrier =
    obstacle(file, user, 'execute') ?? obstacle(node, user, 'execute') ?? obstacle(main, user, 'read');
  if (barrier === undefined) return [];
  return [
    finding('LSAPI_DOCTOR_COMMAND_ACCESS', 'error', place, {
      what: `The user ${user.name}, whom "${external?.name}" runs as, may not use ${barrier}, which ${basename(file)} needs.`,
      why: 'The command fails before lsnode can log anything, and the server answers 503.',
      remedy: `Install Node and lsapi where every user may read them (not below a home directory), or permit ${barrier} for ${user.name}.`,
    }),
  ];
}

function isExecutable(file: string): boolean {
  // Root may execute what anybody may.
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * What OpenLiteSpeed 1.9 refuses as arguments (`validateCmdParam`): the rule that it means, a shell's name as a word of its
 * own, and the one that it has, in which any name counts that begins with one, as `/srv/shop/app.js` does.
 */
function refusedArguments(text: string): boolean {
  return (
    text.includes('/dev/tcp/') ||
    /(?:[!-,/:-@[-^`{-~])(?:bash|dash|ksh|sh)|(?:^|\s)(?:bash|dash|ksh|sh)(?:\s|$)/.test(text)
  );
}
