import { LsapiError, type LsapiErrorCode } from '../errors.js';

/**
 * The bytes of a latin1 string.
 *
 * @throws LsapiError with the given code if a character does not fit a byte; cutting it down would send other bytes
 * than the caller meant.
 */
export function latin1Bytes(text: string, code: LsapiErrorCode, what: string): Buffer {
  for (let n = 0; n < text.length; n++) {
    if (text.charCodeAt(n) > 0xff) {
      throw new LsapiError(
        code,
        `${what} has a character above U+00FF: encode it as UTF-8 bytes in latin1 first`,
      );
    }
  }
  return Buffer.from(text, 'latin1');
}
