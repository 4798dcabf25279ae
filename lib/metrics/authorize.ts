import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { isIPv4 } from 'node:net';
import { LsapiError } from '../errors.js';

const SHORTEST_TOKEN = 16;

/**
 * Reads a secret that clients must present.
 *
 * @throws LsapiError `LSAPI_ERR_OPTION` where the file cannot be read, or holds less than 16 characters
 */
export function readToken(option: string, file: string): string {
  let token: string;
  try {
    token = readFileSync(file, 'utf8').trim();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LsapiError('LSAPI_ERR_OPTION', `${option}: the token cannot be read: ${reason}.`, { cause });
  }
  if (token.length >= SHORTEST_TOKEN && !/\s/.test(token)) return token;
  throw new LsapiError(
    'LSAPI_ERR_OPTION',
    `${option}: "${file}" must hold one word of at least ${SHORTEST_TOKEN} characters, for example of "openssl rand -hex 32".`,
  );
}

/** Whether a request presents the token: as `Authorization: Bearer TOKEN`, or as the password of `Basic`. */
export function presentsToken({ headers }: IncomingMessage, token: string): boolean {
  const [, scheme = '', credentials = ''] = /^(\w+) +(\S+)$/.exec(headers.authorization ?? '') ?? [];
  switch (scheme.toLowerCase()) {
    case 'bearer':
      return isSame(credentials, token);
    case 'basic':
      return isSame(
        Buffer.from(credentials, 'base64')
          .toString('utf8')
          .replace(/^[^:]*:/, ''),
        token,
      );
    default:
      return false;
  }
}

/** Whether an address of a socket is this machine's own, and out of reach for others. */
export function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return false;
  const bare = address.replace(/^::ffff:/i, '');
  return bare === '::1' || (isIPv4(bare) && bare.startsWith('127.'));
}

/** In a time that tells nothing of where they differ. */
function isSame(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
