import { LsapiError } from '../errors.js';

/** `HeaderError` of native/protocol/response_writer.h. */
const HeaderError = {
  InvalidCharacter: 1,
  InvalidName: 2,
  LineTooLong: 3,
  TooLarge: 4,
  ContentLength: 5,
  ContentLengthMismatch: 6,
  BeyondLatin1: 7,
} as const;

/** Turns a header failure of `respond()` (below -1) into an error that names the line. */
export function headerError(result: number, headerText: string): LsapiError {
  const kind = -result >> 16;
  const lines = headerText.split('\n');
  const line = lines[findLine(kind, -result & 0xffff, lines)] ?? '';
  const name = /^[^:]*/.exec(line)?.[0] ?? '';
  const shown = JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}…` : name);
  switch (kind) {
    case HeaderError.LineTooLong:
      return new LsapiError(
        'LSAPI_ERR_HEADER_TOO_LARGE',
        `Response header ${shown} has ${line.length} bytes with its name; the server takes at most 16380. ` +
          'Send a shorter value, or split it over several headers.',
      );
    case HeaderError.TooLarge:
      return new LsapiError(
        'LSAPI_ERR_HEADER_TOO_LARGE',
        'The response header has more than 1000 lines or 65535 bytes, which the server refuses. Send fewer headers.',
      );
    case HeaderError.ContentLength:
      return new LsapiError(
        'LSAPI_ERR_CONTENT_LENGTH',
        `Content-Length must be digits only, not ${JSON.stringify(line.slice(name.length + 1).trim())}.`,
      );
    case HeaderError.ContentLengthMismatch:
      return new LsapiError(
        'LSAPI_ERR_CONTENT_LENGTH',
        'Content-Length is not the length of the body that was given. Leave it out: it is added.',
      );
    case HeaderError.InvalidName:
      return new LsapiError(
        'LSAPI_ERR_HEADER_INVALID',
        `${shown} is not a valid response header name: letters, digits and !#$%&'*+-.^_\`|~ only.`,
      );
    case HeaderError.BeyondLatin1:
      return new LsapiError(
        'LSAPI_ERR_HEADER_INVALID',
        `Response header ${shown} holds characters beyond latin1 (U+00FF). Encode them, for example with ` +
          'encodeURIComponent().',
      );
    default:
      return new LsapiError(
        'LSAPI_ERR_HEADER_INVALID',
        `Response header ${shown} holds a line break, NUL or another control character. Encode or remove it.`,
      );
  }
}

/**
 * The line that an error is about. The native side cannot tell it for a line break in a value, which makes two lines
 * of one: there it is the one before the first that is none.
 */
function findLine(kind: number, index: number, lines: readonly string[]): number {
  if (kind !== HeaderError.InvalidCharacter || index < lines.length - 1) return index;
  const rest = lines.findIndex((line) => !/^[^\s:]+:/.test(line));
  return Math.max(rest - 1, 0);
}
