import { join, resolve } from 'node:path';
import type { ParseArgsConfig } from 'node:util';
import { definitionList } from '../config/help-summary.js';
import { examine } from '../doctor/examine.js';
import { diagnosisText } from '../doctor/report.js';
import { isLsapiError } from '../errors.js';
import { packageDirectory } from '../package-directory.js';
import { DEFAULT_SERVER_ROOT } from './install-options.js';
import { parseCommandLine } from './options.js';
import { optionError, parsedArguments } from './command-options.js';

/** What `lsnode doctor` was asked for. */
export interface DoctorCommandLine {
  readonly help: boolean;
  readonly json: boolean;
  /** Whether nothing is started. */
  readonly static: boolean;
  readonly app: string | undefined;
  readonly bind: string | undefined;
  /** `undefined`: where servers are, if there is one. */
  readonly serverRoot: string | undefined;
  readonly proc: string;
}

const OPTIONS = {
  'server-root': { type: 'string' },
  bind: { type: 'string', short: 'b' },
  proc: { type: 'string' },
  static: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const satisfies NonNullable<ParseArgsConfig['options']>;

/** Does what the arguments behind `lsnode doctor` ask for. Exit status 1: an error was found. */
export async function runDoctor(argv: readonly string[]): Promise<void> {
  process.stdout.on('error', () => undefined);
  try {
    const commandLine = parseDoctorCommandLine(argv);
    if (commandLine.help) {
      process.stdout.write(doctorHelpText());
      return;
    }
    const cwd = process.cwd();
    const diagnosis = await examine({
      app: commandLine.app,
      bind: commandLine.bind,
      serverRoot: resolve(cwd, commandLine.serverRoot ?? DEFAULT_SERVER_ROOT),
      needsServer: commandLine.serverRoot !== undefined,
      isStatic: commandLine.static,
      environ: process.env,
      cwd,
      proc: commandLine.proc,
      main: join(packageDirectory, 'dist/cli/main.js'),
      parseArguments: parseCommandLine,
    });
    process.stdout.write(
      commandLine.json ? `${JSON.stringify(diagnosis, undefined, 2)}\n` : diagnosisText(diagnosis),
    );
    process.exitCode = diagnosis.findings.some(({ severity }) => severity === 'error') ? 1 : 0;
  } catch (error) {
    if (!isLsapiError(error)) throw error;
    process.stderr.write(`lsnode doctor: ${error.message} [${error.code}]\n`);
    process.exitCode = 1;
  }
}

/**
 * Reads the arguments behind `lsnode doctor`, in any order.
 *
 * @throws LsapiError `LSAPI_ERR_OPTION`
 */
export function parseDoctorCommandLine(argv: readonly string[]): DoctorCommandLine {
  const { values, positionals } = parsedArguments('doctor', argv, OPTIONS);
  const [app, second] = positionals;
  if (second !== undefined) throw optionError(`Two apps are named, "${app}" and "${second}". Name one.`);
  return {
    help: values.help === true,
    json: values.json === true,
    static: values.static === true,
    app,
    bind: values.bind,
    serverRoot: values['server-root'],
    proc: values.proc ?? '/proc',
  };
}

/** The text of `lsnode doctor --help`: at most 80 columns. */
export function doctorHelpText(): string {
  return `Usage: lsnode doctor [APP] [options]

Looks for what keeps an app from being served, and for settings that do not do
what they were meant for: of the external apps of OpenLiteSpeed that run lsnode,
or, where there are none, of this environment. For each finding it says what is
the case, why that matters and which setting to change. It changes nothing, but
starts a tiny app as a process group, and loads each app once, as its user.

Options:
${definitionList([
  ['    --server-root DIR', `where OpenLiteSpeed is [${DEFAULT_SERVER_ROOT}, if it is there]`],
  ['-b, --bind ADDRESS', 'the socket of an lsnode --bind that the server does not start'],
  ['    --static', 'start nothing: look only'],
  ['    --json', 'print JSON: { node, places, findings: [{ code, severity, subject, what, why, remedy }] }'],
  ['    --proc DIR', 'where proc(5) is mounted [/proc]'],
  ['-h, --help', 'print this help'],
])}

Run it as root, who may read the server's configuration and start apps as their
users. Exit status: 1 if an error was found, 0 if there are warnings at most.
`;
}
