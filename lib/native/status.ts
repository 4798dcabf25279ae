import { LsapiError } from '../errors.js';
import { native } from './binding.js';

/** What each status becomes, from 0 to 999; filled from the native table, which both sides share. */
const mapped = new Int16Array(1000);
for (let status = 0; status < mapped.length; status++) mapped[status] = native.mapStatus(status);

const reported = new Set<number>();

/**
 * The status to send for `status`. The server turns what it does not know into 200 (protocol §2.1), so such a
 * status is replaced by the nearest one it knows, and the log says so once.
 *
 * @throws LsapiError LSAPI_ERR_STATUS for what can never be a final status: 1xx, and outside 100 to 999.
 */
export function toServerStatus(status: number): number {
  const known = mapped[status];
  if (known === status) return known;
  if (known === undefined || known === 0 || typeof status !== 'number') {
    throw new LsapiError(
      'LSAPI_ERR_STATUS',
      `${status} cannot be the status of a response behind LiteSpeed: use 200 to 999 (1xx is never sent).`,
    );
  }
  if (!reported.has(status)) {
    reported.add(status);
    process.stderr.write(`lsapi: the server does not know status ${status}; sending ${known} in its place\n`);
  }
  return known;
}
