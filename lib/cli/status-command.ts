import { parseArgs, type ParseArgsConfig } from 'node:util';
import { closestMatch } from '../config/closest-match.js';
import { definitionList } from '../config/help-summary.js';
import { LsapiError, isLsapiError } from '../errors.js';
import { findGroup, findGroups, noGroups, type FoundGroup } from '../status/find-groups.js';
import { formatGroup } from '../status/format.js';
import { describeGroup } from '../status/group-status.js';

/** What `lsnode status` was asked for. */
export interface StatusCommandLine {
  readonly help: boolean;
  readonly json: boolean;
  /** Process id or socket as written; `undefined`: all groups. */
  readonly target: string | undefined;
}

/** What `lsnode status` says. */
export interface StatusOutput {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: 0 | 1;
}

/** Where `lsnode status` looks, and how wide it writes. */
export interface StatusSurroundings {
  /** Where proc(5) is. Default: `/proc`. */
  readonly proc?: string;
  /** Columns of a line. */
  readonly width?: number;
}

const OPTIONS = {
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const satisfies NonNullable<ParseArgsConfig['options']>;

/** Does what the arguments behind `lsnode status` ask for. */
export function runStatus(argv: readonly string[]): void {
  const { columns } = process.stdout as { columns?: number };
  const { stdout, stderr, exitCode } = statusCommand(argv, columns === undefined ? {} : { width: columns });
  // `lsnode status | head` closes the pipe early.
  process.stdout.on('error', () => undefined);
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  process.exitCode = exitCode;
}

/** What `lsnode status` prints for these arguments, and its exit code. */
export function statusCommand(argv: readonly string[], surroundings: StatusSurroundings = {}): StatusOutput {
  try {
    const { help, json, target } = parseStatusCommandLine(argv);
    if (help) return { stdout: statusHelpText(), stderr: '', exitCode: 0 };
    return target === undefined ? allGroups(json, surroundings) : oneGroup(target, json, surroundings);
  } catch (error) {
    if (!isLsapiError(error)) throw error;
    return { stdout: '', stderr: complaint(error), exitCode: 1 };
  }
}

/**
 * Reads the arguments behind `lsnode status`, in any order.
 *
 * @throws LsapiError `LSAPI_ERR_OPTION` for unknown options and more than one target
 */
export function parseStatusCommandLine(argv: readonly string[]): StatusCommandLine {
  const targets: string[] = [];
  const wanted = new Set<string>();
  const { tokens } = parseArgs({ args: [...argv], options: OPTIONS, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind === 'positional') targets.push(token.value);
    if (token.kind !== 'option') continue;
    if (!Object.hasOwn(OPTIONS, token.name)) throw unknownOption(token.rawName);
    if (token.value !== undefined)
      throw optionError(`${token.rawName} takes no value, but got "${token.value}".`);
    wanted.add(token.name);
  }
  if (targets.length > 1) {
    const named = targets.map((target) => `"${target}"`).join(' and ');
    throw optionError(`Several targets are named, ${named}. Name one, or none for all groups.`);
  }
  return { help: wanted.has('help'), json: wanted.has('json'), target: targets[0] };
}

/** The text of `lsnode status --help`: at most 80 columns. */
export function statusHelpText(): string {
  return `Usage: lsnode status [PID|SOCKET] [--json]

Shows what process groups of lsnode do: the parent, its children, what they are
answering. Without a target all groups that this user may see: its own ones,
or as root everybody's.

Targets:
${definitionList([
  ['4711', 'process id of the parent or of a child; else a port of this machine'],
  ['/run/app.sock', 'Unix socket that the group serves; also uds://PATH'],
  ['127.0.0.1:9000', 'TCP socket that the group serves; also [::1]:9000'],
])}

Options:
${definitionList([
  ['    --json', 'print JSON: an array of all groups, or with a target that one group'],
  ['-h, --help', 'print this help'],
])}

Columns:
${definitionList([
  ['GEN', 'generation of the app: each reload that succeeds adds 1'],
  ['STATE', 'starting, idle, busy, draining (takes no more connections), failed (the app does not load)'],
  ['REQ/S', 'requests a second, over the age of the child'],
  ['CONN', 'connections open now'],
  ['PRIVATE', 'memory that it shares with nobody; 1 MB is 1,048,576 bytes'],
  ['CPU', 'processor time used'],
  ['REQUEST', 'how long the oldest request in progress has been running, and what it is'],
])}

Exit code: 0, or 1 if no group is found or one cannot be read.
`;
}

function allGroups(json: boolean, { proc = '/proc', width }: StatusSurroundings): StatusOutput {
  let stderr = '';
  const groups = findGroups({ proc, onUnreadable: (error) => (stderr += complaint(error)) });
  if (groups.length === 0 && stderr === '') stderr = complaint(noGroups());
  const statuses = groups.map((group) => describeGroup(group, { proc }));
  const stdout = json
    ? toJson(statuses)
    : statuses.map((status) => formatGroup(status, width === undefined ? {} : { width })).join('\n');
  return { stdout, stderr, exitCode: stderr === '' ? 0 : 1 };
}

function oneGroup(
  target: string,
  json: boolean,
  { proc = '/proc', width }: StatusSurroundings,
): StatusOutput {
  const group: FoundGroup = findGroup(target, { proc });
  const status = describeGroup(group, { proc });
  const stdout = json ? toJson(status) : formatGroup(status, width === undefined ? {} : { width });
  return { stdout, stderr: '', exitCode: 0 };
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function complaint(error: LsapiError): string {
  return `lsnode status: ${error.message} [${error.code}]\n`;
}

function unknownOption(rawName: string): LsapiError {
  const meant = closestMatch(
    rawName,
    Object.keys(OPTIONS).map((name) => `--${name}`),
  );
  const hint = meant === undefined ? 'lsnode status --help lists the options.' : `Did you mean ${meant}?`;
  return optionError(`Unknown option ${rawName}. ${hint}`);
}

function optionError(message: string): LsapiError {
  return new LsapiError('LSAPI_ERR_OPTION', message);
}
