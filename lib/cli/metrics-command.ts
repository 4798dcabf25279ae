import { parseArgs, type ParseArgsConfig } from 'node:util';
import { parseAddress, formatAddress, type Address } from '../config/address.js';
import { definitionList } from '../config/help-summary.js';
import type { LsapiError } from '../errors.js';
import { isLsapiError } from '../errors.js';
import { formatMetrics } from '../metrics/index.js';
import { StatusSampler, isNoGroup } from '../status/sampler.js';
import { optionError, unknownOption } from './command-options.js';

/** What `lsnode metrics` was asked for. */
export interface MetricsCommandLine {
  readonly help: boolean;
  /** Where to serve them; `undefined`: print them once. */
  readonly listen: Address | undefined;
  /** File of the token that clients must present. */
  readonly tokenFile: string | undefined;
  /** Process id or socket as written; `undefined`: all groups. */
  readonly target: string | undefined;
}

const OPTIONS = {
  listen: { type: 'string' },
  once: { type: 'boolean' },
  'token-file': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const satisfies NonNullable<ParseArgsConfig['options']>;

/** Does what the arguments behind `lsnode metrics` ask for: prints the metrics, or serves them until it is stopped. */
export async function runMetrics(argv: readonly string[]): Promise<void> {
  try {
    const commandLine = parseMetricsCommandLine(argv);
    if (commandLine.help) process.stdout.write(metricsHelpText());
    else if (commandLine.listen === undefined) print(commandLine);
    else await serve(commandLine.listen, commandLine);
  } catch (error) {
    if (!isLsapiError(error)) throw error;
    complain(error);
    process.exitCode = 1;
  }
}

/**
 * Reads the arguments behind `lsnode metrics`, in any order.
 *
 * @throws LsapiError `LSAPI_ERR_OPTION` for unknown options, those without their value, and more than one target;
 *   `LSAPI_ERR_ADDRESS`
 */
export function parseMetricsCommandLine(argv: readonly string[]): MetricsCommandLine {
  const targets: string[] = [];
  const wanted = new Set<string>();
  const values: { listen?: string; 'token-file'?: string } = {};
  const { tokens } = parseArgs({ args: [...argv], options: OPTIONS, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind === 'positional') targets.push(token.value);
    if (token.kind !== 'option') continue;
    const { name, rawName, value } = token;
    if (name === 'listen' || name === 'token-file') {
      if (value === undefined || value === '') throw optionError(`${rawName} needs a value.`);
      values[name] = value;
    } else if (!Object.hasOwn(OPTIONS, name)) {
      throw unknownOption('metrics', rawName, OPTIONS);
    } else if (value !== undefined) {
      throw optionError(`${rawName} takes no value, but got "${value}".`);
    } else {
      wanted.add(name);
    }
  }
  if (targets.length > 1) {
    const named = targets.map((target) => `"${target}"`).join(' and ');
    throw optionError(`Several targets are named, ${named}. Name one, or none for all groups.`);
  }
  if (wanted.has('once') && values.listen !== undefined)
    throw optionError('--once prints the metrics, --listen serves them: choose one.');
  if (values['token-file'] !== undefined && values.listen === undefined)
    throw optionError('--token-file is for those who ask for the metrics: give --listen, too.');
  return {
    help: wanted.has('help'),
    listen: values.listen === undefined ? undefined : parseAddress(values.listen, { anyPort: true }),
    tokenFile: values['token-file'],
    target: targets[0],
  };
}

/** The text of `lsnode metrics --help`: at most 80 columns. */
export function metricsHelpText(): string {
  return `Usage: lsnode metrics [PID|SOCKET] [--once]
       lsnode metrics [PID|SOCKET] --listen ADDRESS [--token-file FILE]

Tells Prometheus what every running lsnode does, in its text format 0.0.4.
Without a target all that this user may see: its own ones, or as root
everybody's. The metrics are listed in docs/observability.md.

Options:
${definitionList([
  ['    --once', 'print the metrics and end; this is the default'],
  [
    '    --listen ADDRESS',
    'serve them over HTTP: on a Unix socket (/run/me/metrics.sock, mode 0600), or with a token on 127.0.0.1:9464',
  ],
  ['    --token-file FILE', 'file of a secret that clients must send: Authorization: Bearer SECRET'],
  ['-h, --help', 'print this help'],
])}

Exit code of --once: 0, or 1 if one cannot be read or the target is not found.
`;
}

function print({ target }: MetricsCommandLine): void {
  const sampler = new StatusSampler({ target, onUnreadable: complainAndFail });
  // No group is an answer, too: there is nothing to count.
  process.stdout.on('error', () => undefined);
  process.stdout.write(formatMetrics(sampler.sample()));
}

async function serve(address: Address, { target, tokenFile }: MetricsCommandLine): Promise<void> {
  const { readToken } = await import('../metrics/authorize.js');
  const { serveMetrics } = await import('../metrics/server.js');
  const { onStopSignal } = await import('./stop-signals.js');
  const token = tokenFile === undefined ? undefined : readToken('--token-file', tokenFile);
  const told = new Set<string>();
  const sampler = new StatusSampler({
    target,
    onUnreadable(error) {
      // Once, not at every scrape.
      if (told.has(error.message)) return;
      told.add(error.message);
      complain(error);
    },
  });
  const server = await serveMetrics({
    address,
    token,
    metrics() {
      try {
        return formatMetrics(sampler.sample());
      } catch (error) {
        // Behind a socket that is served on demand there may be nobody at the moment.
        if (!isNoGroup(error)) throw error;
        return formatMetrics([]);
      }
    },
  });
  const bound = server.address();
  const where =
    bound === null || typeof bound === 'string'
      ? formatAddress(address)
      : `http://${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}/metrics`;
  process.stderr.write(`lsnode metrics: serving on ${where}\n`);
  onStopSignal(() => {
    server.close(() => process.exit(0));
    server.closeAllConnections();
  });
}

function complain(error: LsapiError): void {
  process.stderr.write(`lsnode metrics: ${error.message} [${error.code}]\n`);
}

function complainAndFail(error: LsapiError): void {
  complain(error);
  process.exitCode = 1;
}
