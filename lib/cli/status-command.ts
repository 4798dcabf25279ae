import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { definitionList } from '../config/help-summary.js';
import type { LsapiError } from '../errors.js';
import { isLsapiError } from '../errors.js';
import { noGroups } from '../status/find-groups.js';
import { formatGroup } from '../status/format.js';
import { StatusSampler, isNoGroup } from '../status/sampler.js';
import { optionError, unknownOption } from './command-options.js';

/** What `lsnode status` was asked for. */
export interface StatusCommandLine {
  readonly help: boolean;
  readonly json: boolean;
  /** Process id or socket as written; `undefined`: all groups. */
  readonly target: string | undefined;
  /** Milliseconds between two looks, for what happens now; 0: one look. */
  readonly interval: number;
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

/** Long enough for a processor's time to be known to within 2 %. */
const INTERVAL_MS = 500;
const LONGEST_INTERVAL_MS = 60_000;

const OPTIONS = {
  json: { type: 'boolean' },
  interval: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const satisfies NonNullable<ParseArgsConfig['options']>;

/** Does what the arguments behind `lsnode status` ask for. */
export async function runStatus(argv: readonly string[]): Promise<void> {
  const { columns } = process.stdout as { columns?: number };
  const { stdout, stderr, exitCode } = await statusCommand(
    argv,
    columns === undefined ? {} : { width: columns },
  );
  // `lsnode status | head` closes the pipe early.
  process.stdout.on('error', () => undefined);
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  process.exitCode = exitCode;
}

/** What `lsnode status` prints for these arguments, and its exit code. */
export async function statusCommand(
  argv: readonly string[],
  surroundings: StatusSurroundings = {},
): Promise<StatusOutput> {
  try {
    const commandLine = parseStatusCommandLine(argv);
    if (commandLine.help) return { stdout: statusHelpText(), stderr: '', exitCode: 0 };
    return await look(commandLine, surroundings);
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
  let interval = INTERVAL_MS;
  const { tokens } = parseArgs({ args: [...argv], options: OPTIONS, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind === 'positional') targets.push(token.value);
    if (token.kind !== 'option') continue;
    if (!Object.hasOwn(OPTIONS, token.name)) throw unknownOption('status', token.rawName, OPTIONS);
    if (token.name === 'interval') {
      interval = checkedInterval(token.value);
      continue;
    }
    if (token.value !== undefined)
      throw optionError(`${token.rawName} takes no value, but got "${token.value}".`);
    wanted.add(token.name);
  }
  if (targets.length > 1) {
    const named = targets.map((target) => `"${target}"`).join(' and ');
    throw optionError(`Several targets are named, ${named}. Name one, or none for all groups.`);
  }
  return { help: wanted.has('help'), json: wanted.has('json'), target: targets[0], interval };
}

/** The text of `lsnode status --help`: at most 80 columns. */
export function statusHelpText(): string {
  return `Usage: lsnode status [PID|SOCKET] [--json] [--interval MS]

Shows what every running lsnode does: process groups with their parent and its
children, and processes that serve alone. Without a target all that this user
may see: its own ones, or as root everybody's. Looks twice, a moment apart, to
tell what happens now.

Targets:
${definitionList([
  ['4711', 'process id of the parent or of a child; else a port of this machine'],
  ['/run/app.sock', 'Unix socket that is served; also uds://PATH'],
  ['127.0.0.1:9000', 'TCP socket that is served; also [::1]:9000'],
])}

Options:
${definitionList([
  [
    '    --json',
    'print JSON: an array of all groups, or with a target that one group; see docs/observability.md',
  ],
  ['    --interval MS', 'milliseconds between the two looks; 0: look once [500]'],
  ['-h, --help', 'print this help'],
])}

Columns:
${definitionList([
  ['GEN', 'generation of the app: each reload that succeeds adds 1'],
  ['STATE', 'starting, idle, busy, draining (takes no more connections), failed (the app does not load)'],
  ['REQ/S', 'requests a second, over the age of the child'],
  ['NOW', 'requests a second, between the two looks'],
  ['CONN', 'connections open now'],
  ['RSS', 'memory that it uses, what it shares with its parent included'],
  ['PRIVATE', 'memory that it shares with nobody; 1 MB is 1,048,576 bytes'],
  ['CPU%', 'of one processor, between the two looks'],
  ['CPU', 'processor time used'],
  ['REQUEST', 'how long the oldest request in progress has been running, and what it is'],
])}

Exit code: 0, or 1 if no group is found or one cannot be read.
`;
}

async function look(
  { target, json, interval }: StatusCommandLine,
  { proc = '/proc', width }: StatusSurroundings,
): Promise<StatusOutput> {
  let complaints: string[] = [];
  const sampler = new StatusSampler({
    target,
    proc,
    // The memory of a process takes the kernel longer than all the rest, and is the same a moment later.
    memoryAge: interval * 2,
    onUnreadable: (error) => complaints.push(complaint(error)),
  });
  let statuses = sampler.sample();
  if (statuses.length > 0 && interval > 0) {
    await delay(interval);
    complaints = [];
    try {
      statuses = sampler.sample();
    } catch (error) {
      // It has ended meanwhile: what it was is still an answer.
      if (!isNoGroup(error)) throw error;
    }
  }
  if (statuses.length === 0 && complaints.length === 0) complaints = [complaint(noGroups())];
  const options = width === undefined ? {} : { width };
  const stdout = json
    ? toJson(target === undefined ? statuses : statuses[0])
    : statuses.map((status) => formatGroup(status, options)).join('\n');
  return { stdout, stderr: complaints.join(''), exitCode: complaints.length === 0 ? 0 : 1 };
}

function checkedInterval(text: string | undefined): number {
  const value = text !== undefined && /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value <= LONGEST_INTERVAL_MS) return value;
  throw optionError(
    `--interval takes milliseconds from 0 to ${LONGEST_INTERVAL_MS}, but got ${text === undefined ? 'nothing' : `"${text}"`}.`,
  );
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function complaint(error: LsapiError): string {
  return `lsnode status: ${error.message} [${error.code}]\n`;
}
