import { takeWord } from './apache/lexer.js';
import { Pattern, PatternError } from './pcre/pattern.js';
import type { DirectiveErrorCode, Place } from './problem.js';
import type { ScriptAlias, ScriptAliasOptions } from './settings.js';

/** What is wrong with a directive's arguments: what Apache says, and the remedy. */
export interface ArgumentError {
  readonly code: DirectiveErrorCode;
  readonly message: string;
  readonly remedy: string;
}

const HELP = {
  WSGIScriptAlias: 'Map location to target WSGI script file.',
  WSGIScriptAliasMatch: 'Map location pattern to target WSGI script file.',
} as const;

export type ScriptAliasDirective = keyof typeof HELP;

/** Reads the arguments of WSGIScriptAlias or WSGIScriptAliasMatch. */
export function readScriptAlias(
  name: ScriptAliasDirective,
  args: string,
  place: Place,
  processGroups: ReadonlySet<string>,
): ScriptAlias | ArgumentError {
  const url = takeWord(args);
  const target = takeWord(url.rest);
  if (url.word === '' || target.word === '') {
    return {
      code: 'LSAPI_ERR_DIRECTIVE_ARGUMENT',
      message: `${name} requires at least two arguments, ${HELP[name]}`,
      remedy: `Write ${name} ${name === 'WSGIScriptAlias' ? '/URL' : 'PATTERN'} /PATH/TO/SCRIPT.`,
    };
  }
  const options = readOptions(target.rest);
  if ('message' in options) return options;
  return scriptAlias(name === 'WSGIScriptAliasMatch', url.word, target.word, options, place, processGroups);
}

/** An alias of what was read, by whichever syntax. */
export function scriptAlias(
  isPattern: boolean,
  url: string,
  target: string,
  options: ScriptAliasOptions,
  place: Place,
  processGroups: ReadonlySet<string>,
): ScriptAlias | ArgumentError {
  let matches: ScriptAlias['matches'];
  try {
    matches = isPattern ? { kind: 'pattern', pattern: new Pattern(url) } : { kind: 'prefix', prefix: url };
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    return patternProblem('Regular expression could not be compiled.', url, error);
  }
  const alias: ScriptAlias = { matches, target, options, place };
  const group = options.processGroup;
  if (isPreloaded(alias) && group !== undefined && group !== '' && !processGroups.has(group)) {
    return {
      code: 'LSAPI_ERR_DIRECTIVE_ARGUMENT',
      message: 'WSGI process group not yet configured.',
      remedy: `Write WSGIDaemonProcess ${group} before it, or leave out process-group.`,
    };
  }
  return alias;
}

/** Says why an expression cannot be compiled. */
export function patternProblem(message: string, pattern: string, error: PatternError): ArgumentError {
  return {
    code: 'LSAPI_ERR_DIRECTIVE_PATTERN',
    message,
    remedy: `Correct the expression "${pattern}": ${error.message}.`,
  };
}

/**
 * Whether the script is loaded before any request: both groups are given and the same for every request, and so is
 * the script.
 */
export function isPreloaded({ matches, target, options }: ScriptAlias): boolean {
  const { processGroup, applicationGroup } = options;
  if (processGroup === undefined || applicationGroup === undefined) return false;
  const varies = /%\{(?:ENV:|RESOURCE\}|SERVER\}|HOST\})/;
  return (
    !varies.test(processGroup) &&
    !varies.test(applicationGroup) &&
    (matches.kind === 'prefix' || !target.includes('$'))
  );
}

function readOptions(text: string): ScriptAliasOptions | ArgumentError {
  const options: { -readonly [K in keyof ScriptAliasOptions]: ScriptAliasOptions[K] } = {};
  let rest = text;
  while (rest !== '') {
    // The value may be quoted, the whole option may not; blanks are allowed behind the equals sign only.
    const name = /^[^=\s]+(?==)/.exec(rest)?.[0];
    if (name === undefined) return invalidOption(rest);
    const taken = takeWord(rest.slice(name.length + 1));
    rest = taken.rest;
    const problem = setOption(options, name, taken.word);
    if (problem !== undefined) return problem;
  }
  return options;
}

function setOption(
  options: { -readonly [K in keyof ScriptAliasOptions]: ScriptAliasOptions[K] },
  name: string,
  value: string,
): ArgumentError | undefined {
  switch (name) {
    case 'application-group':
      if (value === '') return invalidName('application group', name);
      options.applicationGroup = groupName(value);
      return undefined;
    case 'process-group':
      if (value === '') return invalidName('process group', name);
      options.processGroup = groupName(value);
      return undefined;
    case 'callable-object':
      if (value === '') return invalidName('callable object', name);
      options.callableObject = value;
      return undefined;
    case 'pass-authorization': {
      const flag = readFlag(value);
      if (flag === undefined) {
        return {
          code: 'LSAPI_ERR_DIRECTIVE_ARGUMENT',
          message: 'Invalid value for authorization flag.',
          remedy: 'Write pass-authorization=On or pass-authorization=Off.',
        };
      }
      options.passAuthorization = flag;
      return undefined;
    }
    default:
      return invalidOption(name);
  }
}

/** A group as it is kept: `%{GLOBAL}` is the one without a name. */
export function groupName(written: string): string {
  return written === '%{GLOBAL}' ? '' : written;
}

/** `On` or `Off` in any case. */
export function readFlag(value: string): boolean | undefined {
  const lower = value.toLowerCase();
  return lower === 'on' ? true : lower === 'off' ? false : undefined;
}

function invalidName(what: string, option: string): ArgumentError {
  return {
    code: 'LSAPI_ERR_DIRECTIVE_ARGUMENT',
    message: `Invalid name for WSGI ${what}.`,
    remedy: `Write a name behind ${option}=, or leave the option out.`,
  };
}

function invalidOption(text: string): ArgumentError {
  const comment = text.startsWith('#') ? ' A comment stands on a line of its own.' : '';
  return {
    code: 'LSAPI_ERR_DIRECTIVE_ARGUMENT',
    message: 'Invalid option to WSGI script alias definition.',
    remedy:
      `"${text}" is none of application-group=, process-group=, callable-object=, pass-authorization=. ` +
      `Quote a path that has blanks.${comment}`,
  };
}
