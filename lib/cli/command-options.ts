import { parseArgs, type ParseArgsConfig } from 'node:util';
import { closestMatch } from '../config/closest-match.js';
import { LsapiError } from '../errors.js';

type Options = NonNullable<ParseArgsConfig['options']>;
type Parsed<T extends Options> = ReturnType<
  typeof parseArgs<{ args: string[]; options: T; allowPositionals: true; strict: true }>
>;

/**
 * The arguments behind `lsnode COMMAND`, options and others in any order.
 *
 * @throws LsapiError LSAPI_ERR_OPTION
 */
export function parsedArguments<const T extends Options>(
  command: string,
  argv: readonly string[],
  options: T,
): Parsed<T> {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const unknown = unknownOptionIn(message);
    throw unknown === undefined ? optionError(message) : unknownOption(command, unknown, options);
  }
}

/** The option that a message of parseArgs() calls unknown. */
export function unknownOptionIn(message: string): string | undefined {
  return /^Unknown option '(-[^']*)'/.exec(message)?.[1];
}

/** Says that `lsnode COMMAND` has no such option, and which one may have been meant. */
export function unknownOption(command: string, rawName: string, options: Options): LsapiError {
  const meant = closestMatch(
    rawName,
    Object.keys(options).map((name) => `--${name}`),
  );
  const hint = meant === undefined ? `lsnode ${command} --help lists the options.` : `Did you mean ${meant}?`;
  return optionError(`Unknown option ${rawName}. ${hint}`);
}

/** LSAPI_ERR_OPTION with that message. */
export function optionError(message: string): LsapiError {
  return new LsapiError('LSAPI_ERR_OPTION', message);
}
