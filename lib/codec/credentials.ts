import { createHash, randomBytes } from 'node:crypto';
import { endianness } from 'node:os';
import type { NameValue } from './types.js';

/** Whom a server asks a suEXEC daemon to serve a request as. */
export interface CredentialFields {
  /** The first 16 bytes of the file that both sides know (LSAPI_SECRET). */
  readonly secret: Uint8Array;
  readonly uid: number;
  readonly gid: number;
  /** 16 bytes; random ones unless given. */
  readonly nonce?: Uint8Array;
}

/**
 * The two special entries that end the environment of a request to a suEXEC daemon (protocol §5.13): user and group in
 * this machine's byte order whatever the packet's is, then nonce and MD5(nonce ‖ secret ‖ user and group).
 */
export function encodeCredentials({
  secret,
  uid,
  gid,
  nonce = randomBytes(16),
}: CredentialFields): NameValue[] {
  const ids = Buffer.alloc(8);
  if (endianness() === 'LE') {
    ids.writeUInt32LE(uid, 0);
    ids.writeUInt32LE(gid, 4);
  } else {
    ids.writeUInt32BE(uid, 0);
    ids.writeUInt32BE(gid, 4);
  }
  const digest = createHash('md5').update(nonce).update(secret.subarray(0, 16)).update(ids).digest();
  return [
    ['\0SUEXEC_UGID', ids.toString('latin1')],
    ['\0SUEXEC_AUTH', Buffer.concat([nonce, digest]).toString('latin1')],
  ];
}
