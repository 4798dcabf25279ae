import type { BodyDraft, HostDraft } from '../draft.js';
import type { Place, ProblemList } from '../problem.js';
import {
  groupName,
  readFlag,
  readScriptAlias,
  type ArgumentError,
  type ScriptAliasDirective,
} from '../script-alias.js';
import { takeWord } from './lexer.js';
import { BODY_READERS } from './body-directives.js';
import { HOST_READERS } from './host-directives.js';

/** Where a directive takes effect, and what it is read with. */
export interface DirectiveTarget {
  readonly host: HostDraft;
  /** The body of the innermost section, else the host's. */
  readonly body: BodyDraft;
  readonly place: Place;
  readonly problems: ProblemList;
  readonly processGroups: Set<string>;
  /** The environment of the process: for PassEnv. */
  readonly environ: NodeJS.ProcessEnv;
  /** Makes a path absolute: relative ones are taken from ServerRoot. */
  absolute(path: string): string;
}

/** Override types of AllowOverride. */
export type Override = 'authconfig' | 'fileinfo' | 'indexes' | 'limit' | 'options';

/** A directive that is read. */
export interface DirectiveKind {
  /** As it is written in the documentation. */
  readonly name: string;
  /** `host`: the server level and virtual hosts only; `body`: sections, too. */
  readonly scope: 'host' | 'body';
  /** The AllowOverride type that permits it in `.htaccess`; `undefined`: it is not allowed there. */
  readonly override?: Override;
  /** Whether its context is checked and its misuse an error: for the five and what belongs to them. */
  readonly own: boolean;
  /** Carries it out. */
  read(args: string, target: DirectiveTarget): ArgumentError | undefined;
}

function alias(name: ScriptAliasDirective): DirectiveKind {
  return {
    name,
    scope: 'host',
    own: true,
    read(args, { host, place, processGroups }) {
      const read = readScriptAlias(name, args, place, processGroups);
      if ('message' in read) return read;
      host.scriptAliases.push(read);
      return undefined;
    },
  };
}

/** A directive with one argument that may not be empty. */
function single(
  name: string,
  help: string,
  sample: string,
  override: Override | undefined,
  set: (value: string, target: DirectiveTarget) => ArgumentError | undefined,
): DirectiveKind {
  return {
    name,
    scope: 'body',
    ...(override === undefined ? {} : { override }),
    own: true,
    read(args, target) {
      const { word, rest } = takeWord(args);
      if (word !== '' && rest === '') return set(word, target);
      const comment = rest.startsWith('#') ? ' A comment stands on a line of its own.' : '';
      return {
        code: 'LSAPI_ERR_DIRECTIVE_ARGUMENT',
        message: `${name} takes one argument, ${help}`,
        remedy: `Write ${name} ${sample}; quote an argument with blanks.${comment}`,
      };
    },
  };
}

/** The five directives, and two more of the same module that bear on them. */
const OWN: readonly DirectiveKind[] = [
  alias('WSGIScriptAlias'),
  alias('WSGIScriptAliasMatch'),
  single(
    'WSGIApplicationGroup',
    'Application interpreter group.',
    '%{GLOBAL}',
    undefined,
    (value, { body }) => {
      body.settings.applicationGroup = groupName(value);
      return undefined;
    },
  ),
  single(
    'WSGICallableObject',
    'Name of entry point in WSGI script file.',
    'application',
    'fileinfo',
    (value, target) => {
      target.body.settings.callableObject = value;
      return undefined;
    },
  ),
  single(
    'WSGIScriptReloading',
    'Enable/Disable script reloading mechanism.',
    'On',
    'fileinfo',
    (value, { body }) => {
      const flag = readFlag(value);
      if (flag === undefined) return notOnOff('WSGIScriptReloading', value);
      body.settings.scriptReloading = flag;
      return undefined;
    },
  ),
  single('WSGIProcessGroup', 'Name of the WSGI process group.', '%{GLOBAL}', undefined, (value, { body }) => {
    body.settings.processGroup = groupName(value);
    return undefined;
  }),
  {
    name: 'WSGIDaemonProcess',
    scope: 'host',
    own: true,
    read(args, { processGroups }) {
      processGroups.add(takeWord(args).word);
      return undefined;
    },
  },
];

function notOnOff(name: string, value: string): ArgumentError {
  return {
    code: 'LSAPI_ERR_DIRECTIVE_ARGUMENT',
    message: `${name} must be one of: Off | On`,
    remedy: `Write ${name} On or ${name} Off instead of "${value}".`,
  };
}

/** All directives that are read, by their names in lower case. */
export const DIRECTIVE_TABLE: ReadonlyMap<string, DirectiveKind> = new Map(
  [...OWN, ...HOST_READERS, ...BODY_READERS].map((kind) => [kind.name.toLowerCase(), kind]),
);
