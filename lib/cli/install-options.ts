import { parseArgs, type ParseArgsConfig } from 'node:util';
import { definitionList } from '../config/help-summary.js';
import { MODES, type InstallMode } from '../install/app-blocks.js';
import { optionError, unknownOption, unknownOptionIn } from './command-options.js';

/** Where OpenLiteSpeed and LiteSpeed Web Server are unless somebody chose another place. */
export const DEFAULT_SERVER_ROOT = '/usr/local/lsws';

/** What `lsnode install` was asked for. */
export interface InstallCommandLine {
  readonly action: 'help' | 'install' | 'undo' | 'form';
  /** Whether files are changed. */
  readonly write: boolean;
  /** File or directory as written. */
  readonly app: string | undefined;
  readonly serverRoot: string;
  readonly host: string | undefined;
  /** `undefined`: taken from the app's directory. */
  readonly name: string | undefined;
  readonly mode: InstallMode;
  readonly uri: string;
  readonly children: number;
  readonly suffixes: readonly string[];
  readonly user: string | undefined;
  readonly replace: boolean;
}

const OPTIONS = {
  'server-root': { type: 'string' },
  vhost: { type: 'string' },
  name: { type: 'string' },
  mode: { type: 'string' },
  uri: { type: 'string' },
  children: { type: 'string' },
  suffix: { type: 'string', multiple: true },
  user: { type: 'string' },
  replace: { type: 'boolean' },
  write: { type: 'boolean' },
  undo: { type: 'boolean' },
  form: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const satisfies NonNullable<ParseArgsConfig['options']>;

/**
 * Reads the arguments behind `lsnode install`, in any order.
 *
 * @throws LsapiError `LSAPI_ERR_OPTION`
 */
export function parseInstallCommandLine(argv: readonly string[]): InstallCommandLine {
  const { values, positionals } = parsed(argv);
  const [app, second] = positionals;
  if (second !== undefined) throw optionError(`Two apps are named, "${app}" and "${second}". Name one.`);
  const mode = MODES.find((one) => one === (values.mode ?? 'group'));
  if (mode === undefined) throw optionError(`--mode is "${values.mode}". Give ${MODES.join(', ')}.`);
  if (values.undo === true && values.form === true)
    throw optionError('--form writes nothing that --undo could take back.');
  if (mode === 'scripts' && app !== undefined && values.undo !== true) {
    throw optionError('--mode scripts serves what the server finds by its suffix: name no app.');
  }
  if (mode !== 'scripts' && values.suffix !== undefined) throw optionError('--suffix is for --mode scripts.');
  const uri = values.uri ?? '/';
  if (!/^\/[^\s{}]*$/.test(uri))
    throw optionError(`--uri is "${uri}". Give a path that begins with a slash, such as /shop/.`);
  const name = values.name;
  if (name !== undefined && !/^[\w.-]{1,60}$/.test(name)) {
    throw optionError(`--name is "${name}". Use letters, digits, dots, dashes and underscores, 60 at most.`);
  }
  return {
    action:
      values.help === true
        ? 'help'
        : values.undo === true
          ? 'undo'
          : values.form === true
            ? 'form'
            : 'install',
    write: values.write === true,
    app,
    serverRoot: values['server-root'] ?? DEFAULT_SERVER_ROOT,
    host: values.vhost,
    name,
    mode,
    uri,
    children: childrenOf(values.children),
    suffixes: suffixesOf(values.suffix),
    user: values.user,
    replace: values.replace === true,
  };
}

/** The text of `lsnode install --help`: at most 80 columns. */
export function installHelpText(): string {
  return `Usage: lsnode install [APP] --vhost NAME [options] [--write]
       lsnode install --undo [APP] [options] [--write]

Sets an app up behind OpenLiteSpeed: a command in fcgi-bin, an external app and
a context, or for scripts a handler. Without --write nothing is changed: the
changes are printed as a patch. APP is a start file or its directory, by default
the current one.

Options:
${definitionList([
  ['    --vhost NAME', 'the virtual host; may be left out where there is one only'],
  [
    '    --mode MODE',
    'group: children forked on demand [default]; worker: one process for all connections; scripts: files by their suffix',
  ],
  ['    --children N', 'connections served at once: Max Connections and LSAPI_CHILDREN [20]'],
  ['    --uri URI', 'what goes to the app [/]'],
  ['    --suffix SUFFIX', 'with --mode scripts: what is a script [mjs, cjs]; may be repeated'],
  ['    --user USER', 'whom it runs as, with its primary group [as the server says]'],
  ['    --name NAME', "the external app's name [that of the directory]"],
  ['    --replace', 'make a context of the same URI, or handlers of the same suffixes, a comment'],
  ['    --server-root DIR', `where the server is [${DEFAULT_SERVER_ROOT}]`],
  ['    --write', 'change the files; each is kept beside as FILE.TIME.before-lsnode'],
  ['    --undo', 'take back what was installed; other changes made since then stay'],
  ['    --form', 'print what to enter in WebAdmin instead, as for LiteSpeed Enterprise'],
  ['-h, --help', 'print this help'],
])}

Afterwards: lsnode doctor APP, and restart the server (bin/lswsctrl restart).
Exit status: 0, or 1 if it cannot be done.
`;
}

function parsed(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true, strict: true });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const unknown = unknownOptionIn(message);
    throw unknown === undefined
      ? optionError(`${message}.`.replace(/\.\.$/, '.'))
      : unknownOption('install', unknown, OPTIONS);
  }
}

function childrenOf(text: string | undefined): number {
  if (text === undefined) return 20;
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  // What the server takes for maxConns in its file; its forms take 2000 at most.
  if (number >= 2 && number <= 10_000) return number;
  throw optionError(
    `--children is "${text}". Give a number from 2 to 10000; for one process, --mode worker.`,
  );
}

function suffixesOf(given: readonly string[] | undefined): string[] {
  const suffixes = (given ?? ['mjs', 'cjs']).map((suffix) => suffix.replace(/^\./, '').toLowerCase());
  const bad = suffixes.find((suffix) => !/^[a-z0-9_-]+$/.test(suffix));
  if (bad !== undefined) throw optionError(`--suffix "${bad}" is no suffix. Give one such as mjs.`);
  return [...new Set(suffixes)];
}
