import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { definitionList } from '../config/help-summary.js';
import { LsapiError, isLsapiError } from '../errors.js';
import { StatusSampler } from '../status/sampler.js';
import { SORT_KEYS, screenLines, type SortOrder } from '../status/screen.js';
import { onStopSignal } from './stop-signals.js';
import { optionError, unknownOption } from './command-options.js';

/** What `lsnode top` was asked for. */
export interface TopCommandLine {
  readonly help: boolean;
  /** Print one screen, without a terminal. */
  readonly once: boolean;
  readonly sort: SortOrder;
  /** Process id or socket as written; `undefined`: all groups. */
  readonly target: string | undefined;
}

const REFRESH_MS = 1000;
/** What takes the kernel long is asked for less often: memory, and which groups there are. */
const SLOW_REFRESH_MS = 5000;
const ESCAPE = '\x1b[';
const ENTER = `${ESCAPE}?1049h${ESCAPE}?25l`;
const LEAVE = `${ESCAPE}?25h${ESCAPE}?1049l`;
const HOME = `${ESCAPE}H`;
const CLEAR_LINE = `${ESCAPE}K`;
const CLEAR_BELOW = `${ESCAPE}J`;
const INTERRUPT = '\x03';
const WIDTH_WITHOUT_TERMINAL = 160;

const OPTIONS = {
  once: { type: 'boolean' },
  sort: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const satisfies NonNullable<ParseArgsConfig['options']>;

/** Does what the arguments behind `lsnode top` ask for. */
export async function runTop(argv: readonly string[]): Promise<void> {
  process.stdout.on('error', () => undefined);
  try {
    const commandLine = parseTopCommandLine(argv);
    if (commandLine.help) process.stdout.write(topHelpText());
    else if (commandLine.once) await printOnce(commandLine);
    else watch(commandLine);
  } catch (error) {
    if (!isLsapiError(error)) throw error;
    process.stderr.write(complaint(error));
    process.exitCode = 1;
  }
}

/**
 * Reads the arguments behind `lsnode top`, in any order.
 *
 * @throws LsapiError `LSAPI_ERR_OPTION` for unknown options, orders that are none, and more than one target
 */
export function parseTopCommandLine(argv: readonly string[]): TopCommandLine {
  const targets: string[] = [];
  const wanted = new Set<string>();
  let sort: SortOrder = 'cpu';
  const { tokens } = parseArgs({ args: [...argv], options: OPTIONS, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind === 'positional') targets.push(token.value);
    if (token.kind !== 'option') continue;
    const { name, rawName, value } = token;
    if (name === 'sort') sort = sortOrder(value);
    else if (!Object.hasOwn(OPTIONS, name)) throw unknownOption('top', rawName, OPTIONS);
    else if (value !== undefined) throw optionError(`${rawName} takes no value, but got "${value}".`);
    else wanted.add(name);
  }
  if (targets.length > 1) {
    const named = targets.map((target) => `"${target}"`).join(' and ');
    throw optionError(`Several targets are named, ${named}. Name one, or none for all groups.`);
  }
  return { help: wanted.has('help'), once: wanted.has('once'), sort, target: targets[0] };
}

/** The text of `lsnode top --help`: at most 80 columns. */
export function topHelpText(): string {
  return `Usage: lsnode top [PID|SOCKET] [--sort ORDER] [--once]

Shows what every running lsnode does, anew each second. Without a target all
that this user may see: its own ones, or as root everybody's.

Keys:
${definitionList([
  ...Object.entries(SORT_KEYS).map(([key, order]): [string, string] => [key, `order children by ${order}`]),
  ['q, Ctrl-C', 'quit'],
])}

Options:
${definitionList([
  ['    --sort ORDER', `the order at first: ${Object.values(SORT_KEYS).join(', ')} [cpu]`],
  ['    --once', 'print one screen after a second, and end; needs no terminal'],
  ['-h, --help', 'print this help'],
])}
`;
}

async function printOnce({ target, sort }: TopCommandLine): Promise<void> {
  const sampler = new StatusSampler({ target, memoryAge: SLOW_REFRESH_MS });
  sampler.sample();
  await delay(REFRESH_MS);
  const { columns = WIDTH_WITHOUT_TERMINAL } = process.stdout as { columns?: number };
  const lines = screenLines(sampler.sample(), { columns, rows: Infinity, sort, time: timeOfDay() });
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
}

function watch({ target, sort: first }: TopCommandLine): void {
  const { stdin, stdout } = process;
  if (!stdout.isTTY || !stdin.isTTY) {
    throw new LsapiError(
      'LSAPI_ERR_OPTION',
      'lsnode top needs a terminal. Use lsnode top --once to print one screen, or lsnode status --json for programs.',
    );
  }
  const sampler = new StatusSampler({ target, memoryAge: SLOW_REFRESH_MS, listAge: SLOW_REFRESH_MS });
  // A target that does not exist is told before the screen changes.
  let groups = sampler.sample();
  let sort = first;
  const draw = (): void => {
    const { columns, rows } = stdout;
    const lines = screenLines(groups, { columns, rows, sort, time: timeOfDay() });
    // Line by line over what is there: clearing all of it first would flicker.
    stdout.write(`${HOME}${lines.join(`${CLEAR_LINE}\r\n`)}${CLEAR_LINE}${CLEAR_BELOW}`);
  };
  const leave = (complaintText = ''): never => {
    stdin.setRawMode(false);
    stdout.write(LEAVE);
    process.stderr.write(complaintText);
    process.exit(complaintText === '' ? 0 : 1);
  };
  stdin.setRawMode(true);
  stdin.on('data', (keys: Buffer) => {
    for (const key of keys.toString('latin1')) {
      if (key === 'q' || key === INTERRUPT) leave();
      if (Object.hasOwn(SORT_KEYS, key)) sort = SORT_KEYS[key as keyof typeof SORT_KEYS];
    }
    draw();
  });
  stdin.on('end', () => leave());
  stdout.on('resize', draw);
  onStopSignal(() => leave());
  stdout.write(ENTER);
  draw();
  setInterval(() => {
    try {
      groups = sampler.sample();
    } catch (error) {
      if (!isLsapiError(error)) throw error;
      leave(complaint(error));
    }
    draw();
  }, REFRESH_MS);
}

function timeOfDay(): string {
  return new Date().toTimeString().slice(0, 8);
}

function sortOrder(text: string | undefined): SortOrder {
  const order = Object.values(SORT_KEYS).find((name) => name === text);
  if (order !== undefined) return order;
  throw optionError(
    `--sort takes one of ${Object.values(SORT_KEYS).join(', ')}, but got ${text === undefined ? 'nothing' : `"${text}"`}.`,
  );
}

function complaint(error: LsapiError): string {
  return `lsnode top: ${error.message} [${error.code}]\n`;
}
