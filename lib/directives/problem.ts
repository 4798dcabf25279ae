import { LsapiError, type LsapiErrorCode } from '../errors.js';

/** What is wrong with a directive; the codes that {@link LsapiErrorCode} has for directives. */
export type DirectiveErrorCode = Extract<LsapiErrorCode, `LSAPI_ERR_DIRECTIVE_${string}`>;

/** Where something is written: a line of an Apache configuration, or a path into a configuration object. */
export interface Place {
  readonly file: string;
  /** Line number from 1: the last line of a directive that is continued over several. */
  readonly line?: number;
  /** Path into the object of a configuration file, as in `scriptAliases[0].target`; of JSON together with its line. */
  readonly path?: string;
}

/** One thing that is wrong with a configuration, or (`warning`) that will probably not do what was meant. */
export interface DirectiveProblem {
  readonly severity: 'error' | 'warning';
  readonly code: DirectiveErrorCode;
  readonly place: Place;
  /** For Apache configurations word for word what `apache2 -t` says. */
  readonly message: string;
  /** What to write instead, in a sentence. */
  readonly remedy: string;
}

/** Collects what is wrong, so that all of it can be reported at once. */
export class ProblemList {
  readonly all: DirectiveProblem[] = [];

  error(place: Place, code: DirectiveErrorCode, message: string, remedy: string): void {
    this.all.push({ severity: 'error', code, place, message, remedy });
  }

  warning(place: Place, code: DirectiveErrorCode, message: string, remedy: string): void {
    this.all.push({ severity: 'warning', code, place, message, remedy });
  }
}

/** All errors of a configuration as one to throw. */
export class DirectivesError extends LsapiError {
  readonly problems: readonly DirectiveProblem[];

  constructor(problems: readonly DirectiveProblem[]) {
    super('LSAPI_ERR_DIRECTIVES', problems.map(formatProblem).join('\n'));
    this.problems = problems;
  }
}

/** Whether any of the problems is an error, so that a server may not start with the configuration. */
export function hasErrors(problems: readonly DirectiveProblem[]): boolean {
  return problems.some(({ severity }) => severity === 'error');
}

/** A problem in two or three lines: the place, what is wrong, the remedy. */
export function formatProblem({ severity, place, message, remedy, code }: DirectiveProblem): string {
  const { file, line, path } = place;
  const what = severity === 'warning' ? 'Warning for' : line === undefined ? 'Error at' : 'Syntax error on';
  const where = line !== undefined ? `line ${line} of ` : path !== undefined ? `${path} in ` : '';
  const entry = line !== undefined && path !== undefined ? `, at ${path}` : '';
  return `${what} ${where}${file}${entry}:\n  ${message} [${code}]\n  ${remedy}`;
}
