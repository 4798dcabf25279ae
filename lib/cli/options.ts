import { resolve } from 'node:path';
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { parseAddress, type Address } from '../config/address.js';
import { closestMatch } from '../config/closest-match.js';
import { definitionList, variableSummary } from '../config/help-summary.js';
import { LsapiError } from '../errors.js';

/** What `lsnode` was asked to do. */
export interface CommandLine {
  /** `run` serves the app; the others print something and end. */
  readonly action: 'run' | 'help' | 'version' | 'print-config' | 'check';
  /**
   * The app's file or directory as written (`-m FILE` or the first argument), with `scripts` the directory that they
   * are run in; `undefined`: the default.
   */
  readonly app: string | undefined;
  /** `--bind`: the socket of its own that LSAPI is served on, instead of descriptor 0. */
  readonly bind: Address | undefined;
  /** `--http`: where the development gateway listens. Its port may be 0, any free port. */
  readonly http: Address | undefined;
  /** `--backend`, which may be given several times: the gateway of `--http` is in front of these, and no app is run. */
  readonly backends: readonly Address[];
  /** `--document-root`: files that the gateway of `--http` delivers for the app. */
  readonly documentRoot: string | undefined;
  /** `--status-path`: where the gateway of `--http` shows its status page. */
  readonly statusPath: string | undefined;
  /** `--status-token-file`: file of the token that lets clients of other machines see it. */
  readonly statusTokenFile: string | undefined;
  /** Whether scripts are served in place of one app: `--scripts`, or a configuration that maps URLs to them. */
  readonly scripts: boolean;
  /** `--suffix`, which may be given several times: files that the gateway of `--http` takes for scripts. */
  readonly suffixes: readonly string[];
  /** `--apache-config`, which may be given several times: Apache configuration files with the directives. */
  readonly apacheConfig: readonly string[];
  /** `--config`: `lsnode.config.json` or `.mjs`. */
  readonly config: string | undefined;
  /** What follows the app, or `--`: the app finds it in `process.argv` from index 2 on. */
  readonly arguments: readonly string[];
}

const OPTIONS = {
  module: { type: 'string', short: 'm' },
  bind: { type: 'string', short: 'b' },
  http: { type: 'string' },
  backend: { type: 'string' },
  'document-root': { type: 'string' },
  'status-path': { type: 'string' },
  'status-token-file': { type: 'string' },
  scripts: { type: 'boolean' },
  suffix: { type: 'string' },
  'apache-config': { type: 'string' },
  config: { type: 'string' },
  check: { type: 'boolean' },
  'print-config': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'V' },
} as const satisfies NonNullable<ParseArgsConfig['options']>;

type OptionName = keyof typeof OPTIONS;

/** The token of one option, as `parseArgs` finds it. */
interface OptionToken {
  name: string;
  rawName: string;
  value?: string | undefined;
  inlineValue?: boolean | undefined;
}

/**
 * Reads the arguments of `lsnode` (without the first two of `process.argv`):
 * `lsnode [options] [app] [argument…]`. Options end at the app or at `--`; whatever follows is the app's, so
 * `lsnode app.js --help` asks the app for help.
 *
 * @throws LsapiError `LSAPI_ERR_OPTION` for options that are unknown (with the one that was probably meant),
 *   lack their value or contradict each other; `LSAPI_ERR_ADDRESS` for addresses that are none
 */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const values: Partial<Record<OptionName, string>> = {};
  const wanted = new Set<OptionName>();
  const apacheConfig: string[] = [];
  const suffixes: string[] = [];
  const backends: Address[] = [];
  let app: string | undefined;
  let rest: string[] = [];

  // Not strict, and token by token: parseArgs would go on to look for options behind the app.
  const { tokens } = parseArgs({ args: [...argv], options: OPTIONS, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind === 'option') {
      const name = knownName(token);
      if (OPTIONS[name].type === 'boolean') {
        if (token.value !== undefined)
          throw optionError(`${token.rawName} takes no value, but got "${token.value}".`);
        wanted.add(name);
      } else {
        const value = requiredValue(withoutEqualsSign(token));
        if (name === 'backend') {
          backends.push(address('--backend', value, false));
          continue;
        }
        if (name === 'apache-config') {
          apacheConfig.push(value);
          continue;
        }
        if (name === 'suffix') {
          suffixes.push(value.startsWith('.') ? value : `.${value}`);
          continue;
        }
        const earlier = values[name];
        if (earlier !== undefined && earlier !== value) {
          throw optionError(
            `${token.rawName} is given twice, with "${earlier}" and "${value}". Give it once.`,
          );
        }
        values[name] = value;
      }
      continue;
    }
    rest = argv.slice(token.index + 1);
    if (token.kind === 'positional') {
      app = token.value;
      if (rest[0] === '--') rest = rest.slice(1);
    }
    break;
  }

  const scripts = wanted.has('scripts') || apacheConfig.length > 0 || values.config !== undefined;
  if (backends.length > 0) checkFront(values, scripts, app);
  if (values['document-root'] !== undefined && (values.http === undefined || scripts)) {
    throw optionError(
      scripts
        ? '--document-root does not go with scripts: their directory is the document root. Leave it out.'
        : '--document-root is for the gateway of --http. Behind a server the document root is its virtual host’s: leave it out.',
    );
  }

  if (values['status-path'] !== undefined && values.http === undefined)
    throw optionError(
      '--status-path is for the gateway of --http. Behind a server use lsnode status, or lsnode metrics.',
    );
  if (values['status-token-file'] !== undefined && values['status-path'] === undefined)
    throw optionError('--status-token-file is for the status page: give --status-path, too.');

  return {
    action: wanted.has('help')
      ? 'help'
      : wanted.has('version')
        ? 'version'
        : wanted.has('print-config')
          ? 'print-config'
          : wanted.has('check')
            ? 'check'
            : 'run',
    app: oneApp(values.module, app),
    bind: values.bind === undefined ? undefined : address('--bind', values.bind, false),
    http: values.http === undefined ? undefined : address('--http', values.http, true),
    backends,
    documentRoot: values['document-root'],
    statusPath: values['status-path'],
    statusTokenFile: values['status-token-file'],
    scripts,
    suffixes,
    apacheConfig,
    config: values.config,
    arguments: rest,
  };
}

/** The text of `lsnode --help`: at most 80 columns, environment variables from the table that reads them. */
export function helpText(): string {
  return `Usage: lsnode [options] [app] [argument...]
       lsnode status|top|metrics [PID|SOCKET]
       lsnode install [APP] --vhost NAME [--write]
       lsnode doctor [APP]
       lsnode tune [APP]

Serves a Node.js app to a LiteSpeed web server over LSAPI: on the socket that
the server left on descriptor 0, on one of its own (--bind), or without such a
server over HTTP (--http).

app is a start file, or a directory. Without it: LSNODE_STARTUP_FILE, else
app.js (app.mjs, app.cjs, "main" of package.json), in LSNODE_ROOT or the
current directory. Arguments behind the app, or behind --, are the app's.
With --scripts, or a configuration, app is a directory; see docs/scripts.md.

lsnode status shows what every running lsnode does, lsnode top goes on showing
it, lsnode metrics tells Prometheus; lsnode install sets an app up behind
OpenLiteSpeed, lsnode doctor finds what keeps one from being served, lsnode tune
works out how many processes it should have; each has a --help. An app of such a
name is run as ./status.

Options:
${definitionList([
  ['-m, --module FILE', 'the app, as if it were given as argument'],
  ['-b, --bind ADDRESS', 'listen on a socket of its own for LSAPI'],
  ['    --http ADDRESS', 'development: a gateway that takes HTTP there and passes it on by LSAPI'],
  [
    '    --backend ADDRESS',
    'with --http: the gateway alone, in front of LSAPI apps that listen there; may be repeated',
  ],
  ['    --document-root DIR', 'with --http: files that the app may have delivered; see docs/litespeed.md'],
  ['    --status-path PATH', 'with --http: a page there that shows what the processes do, to this machine'],
  [
    '    --status-token-file FILE',
    'file of a secret that lets others see it, too; see docs/observability.md',
  ],
  ['    --scripts', 'serve the scripts that the server names, as its script handler'],
  ['    --suffix .SUFFIX', 'with --scripts --http: what is a script [.js .mjs .cjs]; may be repeated'],
  [
    '    --apache-config FILE',
    'serve the scripts that WSGIScriptAlias and the like map URLs to; may be repeated',
  ],
  ['    --config FILE', 'the same as an object: lsnode.config.json or lsnode.config.mjs'],
  ['    --check', 'read such files, or find the app, check the variables, report all errors at once'],
  ['    --print-config', 'print the settings in force and where they come from'],
  ['-h, --help', 'print this help'],
  ['-V, --version', 'print the version'],
])}

Addresses:
${definitionList([
  ['/run/app.sock', 'Unix socket; also ./app.sock, unix:PATH, uds://PATH'],
  ['127.0.0.1:9000', 'also [::1]:9000, localhost:9000, host:9000, tcp://HOST:PORT'],
  ['9000', 'port of this machine only (127.0.0.1)'],
  ['*:9000, [*]:9000', 'every IPv4 address, every address; LSAPI has no authentication: protect the port'],
])}

Environment variables [defaults in brackets]:
${variableSummary()}
`;
}

/** With `--backend` the gateway is all that runs. */
function checkFront(
  values: Partial<Record<OptionName, string>>,
  scripts: boolean,
  app: string | undefined,
): void {
  if (values.http === undefined)
    throw optionError('--backend is for the gateway of --http: say where it listens, as in --http 8080.');
  const other = [
    ...(['module', 'bind', 'status-path'] as const).filter((name) => values[name] !== undefined),
    ...(scripts ? ['scripts'] : []),
  ];
  if (app === undefined && other.length === 0) return;
  const what = app === undefined ? other.map((name) => `--${name}`).join(' and ') : `the app "${app}"`;
  throw optionError(
    `With --backend no app is run: ${what} cannot be given, too. Start the app by itself, with --bind.`,
  );
}

function knownName(token: OptionToken): OptionName {
  if (Object.hasOwn(OPTIONS, token.name)) return token.name as OptionName;
  const meant = closestMatch(
    token.rawName,
    Object.keys(OPTIONS).map((name) => `--${name}`),
  );
  const hint = meant === undefined ? 'lsnode --help lists the options.' : `Did you mean ${meant}?`;
  throw optionError(
    `Unknown option ${token.rawName}. ${hint} Options for the app go behind its file or behind "--".`,
  );
}

/** `-m=FILE` means what `--module=FILE` does; parseArgs would take `=FILE` for the value. */
function withoutEqualsSign(token: OptionToken): OptionToken {
  const short = !token.rawName.startsWith('--') && token.inlineValue === true;
  return short && token.value?.startsWith('=') ? { ...token, value: token.value.slice(1) } : token;
}

function requiredValue({ rawName, value, inlineValue }: OptionToken): string {
  if (value === undefined || value === '')
    throw optionError(`${rawName} needs a value: ${rawName} ${sample(rawName)}.`);
  // "--bind --http 8080" has most probably lost the value of --bind.
  if (!inlineValue && value.startsWith('-')) {
    const long = rawName.startsWith('--') ? `${rawName}=${value}` : `${rawName}${value}`;
    throw optionError(
      `${rawName} needs a value, but "${value}" follows. If that is the value, write ${long}.`,
    );
  }
  return value;
}

function sample(rawName: string): string {
  if (rawName === '--apache-config') return '/etc/apache2/site.conf';
  if (rawName === '--suffix') return '.wsgi';
  if (rawName === '--document-root') return 'public';
  if (rawName === '--status-path') return '/lsnode-status';
  if (rawName === '--status-token-file') return 'token';
  if (rawName === '--config') return 'lsnode.config.json';
  return rawName === '-m' || rawName === '--module' ? 'app.js' : '127.0.0.1:8080';
}

function oneApp(module: string | undefined, positional: string | undefined): string | undefined {
  if (positional === '')
    throw optionError('The app is an empty argument. Name its start file, or leave it out.');
  if (module === undefined || positional === undefined) return module ?? positional;
  if (resolve(module) === resolve(positional)) return module;
  throw optionError(
    `Two apps are named, "${module}" by --module and "${positional}". Name one; arguments for the app go behind "--".`,
  );
}

function address(option: string, text: string, anyPort: boolean): Address {
  try {
    return parseAddress(text, { anyPort });
  } catch (error) {
    if (!(error instanceof LsapiError)) throw error;
    throw new LsapiError(error.code, `${option}: ${error.message}`, { cause: error });
  }
}

function optionError(message: string): LsapiError {
  return new LsapiError('LSAPI_ERR_OPTION', message);
}
