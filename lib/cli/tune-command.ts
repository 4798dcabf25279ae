import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import type { ParseArgsConfig } from 'node:util';
import { definitionList } from '../config/help-summary.js';
import { GIB, MIB, parseBytes } from '../config/value-kinds.js';
import { isLsapiError } from '../errors.js';
import { packageDirectory } from '../package-directory.js';
import { planFor, type TuneInput } from '../tune/plan.js';
import { reportText, variablesOf, type Provenance } from '../tune/report.js';
import { optionError, parsedArguments } from './command-options.js';

/** What `lsnode tune` was asked for. Amounts of memory are bytes; `undefined`: not given. */
export interface TuneCommandLine {
  readonly help: boolean;
  readonly json: boolean;
  readonly app: string | undefined;
  readonly memory: number | undefined;
  readonly reserve: number | undefined;
  readonly cores: number | undefined;
  readonly sites: number;
  readonly concurrent: number | undefined;
  /** Requests a second. */
  readonly rate: number | undefined;
  /** Milliseconds. */
  readonly responseTime: number;
  readonly blocking: boolean;
  readonly parent: number | undefined;
  readonly child: number | undefined;
}

const OPTIONS = {
  memory: { type: 'string' },
  reserve: { type: 'string' },
  cores: { type: 'string' },
  sites: { type: 'string' },
  concurrent: { type: 'string' },
  rate: { type: 'string' },
  'response-time': { type: 'string' },
  blocking: { type: 'boolean' },
  parent: { type: 'string' },
  child: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const satisfies NonNullable<ParseArgsConfig['options']>;

const DEFAULT_CONCURRENT = 20;
const DEFAULT_RESPONSE_MS = 200;
/** A small app with a framework, and what its child has for itself after some requests. */
const ASSUMED_PARENT = 80 * MIB;
const ASSUMED_CHILD = 40 * MIB;
/** What a child gathers while it serves: caches, compiled code, a heap that is not collected at once. */
const GROWTH = 1.5;
const LEAST_RESERVE = 512 * MIB;
const RESERVED_PART = 0.2;
const MOST = 10_000;

/** Does what the arguments behind `lsnode tune` ask for. */
export async function runTune(argv: readonly string[]): Promise<void> {
  process.stdout.on('error', () => undefined);
  try {
    const commandLine = parseTuneCommandLine(argv);
    if (commandLine.help) {
      process.stdout.write(tuneHelpText());
      return;
    }
    const { input, provenance } = await inputOf(commandLine);
    const plan = planFor(input);
    process.stdout.write(
      commandLine.json
        ? `${JSON.stringify({ input, provenance, plan, variables: variablesOf(plan) }, undefined, 2)}\n`
        : reportText(input, plan, provenance),
    );
  } catch (error) {
    if (!isLsapiError(error)) throw error;
    process.stderr.write(`lsnode tune: ${error.message} [${error.code}]\n`);
    process.exitCode = 1;
  }
}

/**
 * Reads the arguments behind `lsnode tune`, in any order.
 *
 * @throws LsapiError `LSAPI_ERR_OPTION`
 */
export function parseTuneCommandLine(argv: readonly string[]): TuneCommandLine {
  const { values, positionals } = parsedArguments('tune', argv, OPTIONS);
  const [app, second] = positionals;
  if (second !== undefined) throw optionError(`Two apps are named, "${app}" and "${second}". Name one.`);
  if (values.concurrent !== undefined && values.rate !== undefined)
    throw optionError('--concurrent is what --rate and --response-time are made into: give it, or those.');
  if (values['response-time'] !== undefined && values.rate === undefined)
    throw optionError('--response-time needs to know how many requests there are: give --rate, too.');
  if ((values.parent === undefined) !== (values.child === undefined))
    throw optionError('--parent and --child go together.');
  if (app !== undefined && values.child !== undefined)
    throw optionError('--parent and --child are what the app would be measured for: leave it out, or them.');
  return {
    help: values.help === true,
    json: values.json === true,
    app,
    memory: size('memory', values.memory),
    reserve: size('reserve', values.reserve, true),
    cores: whole('cores', values.cores),
    sites: whole('sites', values.sites) ?? 1,
    concurrent: whole('concurrent', values.concurrent),
    rate: whole('rate', values.rate, 1_000_000),
    responseTime: whole('response-time', values['response-time'], 3_600_000) ?? DEFAULT_RESPONSE_MS,
    blocking: values.blocking === true,
    parent: size('parent', values.parent),
    child: size('child', values.child),
  };
}

/** The text of `lsnode tune --help`: at most 80 columns. */
export function tuneHelpText(): string {
  return `Usage: lsnode tune [APP] [options]

Works out how many processes a site should have, and how many connections each:
shows the arithmetic, and lines for the block of its external app. With APP it
is started as a group for a moment, gets a few requests for /, and its memory is
measured; without, that is assumed.

Options [defaults in brackets]:
${definitionList([
  ['    --concurrent N', `requests of the site at the same time [${DEFAULT_CONCURRENT}]`],
  ['    --rate N', 'instead: its requests a second'],
  ['    --response-time MS', `with --rate: how long one takes on average [${DEFAULT_RESPONSE_MS}]`],
  ['    --blocking', 'a request keeps its process from serving others: it computes, or waits synchronously'],
  ['    --sites N', 'sites like this one on the machine [1]'],
  ['    --memory SIZE', "the machine's, as 4G [this one's, or what a cgroup allows]"],
  ['    --reserve SIZE', 'what of it is not for apps [a fifth, 512M at least]'],
  ['    --cores N', "[this machine's]"],
  ['    --parent SIZE, --child SIZE', "memory of the app's parent, and of a child for itself"],
  ['    --json', 'print JSON: { input, provenance, plan, variables }'],
  ['-h, --help', 'print this help'],
])}
`;
}

async function inputOf(commandLine: TuneCommandLine): Promise<{ input: TuneInput; provenance: Provenance }> {
  const { app, sites, blocking, rate, responseTime } = commandLine;
  const memory = commandLine.memory ?? machineMemory();
  const load = rate === undefined ? undefined : { rate, responseTime };
  // Little's law: as many are under way as arrive while one takes its time.
  const expected =
    load === undefined ? DEFAULT_CONCURRENT : Math.ceil((load.rate * load.responseTime) / 1000);
  const concurrent = commandLine.concurrent ?? expected;
  if (concurrent > MOST) {
    throw optionError(
      `${concurrent} requests at the same time are more than one app can be asked for, ${MOST}. Spread them over several machines.`,
    );
  }
  const found = await memoryOf(commandLine);
  return {
    input: {
      memory,
      reserve: commandLine.reserve ?? Math.max(LEAST_RESERVE, Math.floor(memory * RESERVED_PART)),
      cores: commandLine.cores ?? availableParallelism(),
      sites,
      concurrent,
      blocking,
      parentMemory: found.parentMemory,
      childMemory: found.childMemory,
    },
    provenance: {
      memory: app !== undefined ? 'measured' : commandLine.child !== undefined ? 'given' : 'assumed',
      requests: found.requests,
      growth: app === undefined ? 1 : GROWTH,
      load,
    },
  };
}

async function memoryOf({ app, parent, child }: TuneCommandLine): Promise<{
  parentMemory: number;
  childMemory: number;
  requests: number | undefined;
}> {
  if (app === undefined) {
    return {
      parentMemory: parent ?? ASSUMED_PARENT,
      childMemory: child ?? ASSUMED_CHILD,
      requests: undefined,
    };
  }
  const { measureApp } = await import('../tune/measure.js');
  const measured = await measureApp({
    app,
    main: join(packageDirectory, 'dist/cli/main.js'),
    environ: process.env,
    cwd: process.cwd(),
  });
  return { ...measured, childMemory: Math.ceil(measured.childMemory * GROWTH) };
}

/** What a cgroup allows, where that is less than there is. */
function machineMemory(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

function size(option: string, text: string | undefined, zero = false): number | undefined {
  if (text === undefined) return undefined;
  const bytes = parseBytes(text);
  if (bytes === null || bytes < (zero ? 0 : MIB) || bytes > 1024 * 1024 * GIB) {
    throw optionError(`--${option} "${text}" is no amount of memory. Write it as 512M or 4G.`);
  }
  return bytes;
}

function whole(option: string, text: string | undefined, most = MOST): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < 1 || number > most) {
    throw optionError(`--${option} takes a whole number from 1 to ${most}, but got "${text}".`);
  }
  return number;
}
