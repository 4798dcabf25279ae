import assert from 'node:assert/strict';
import { isLsapiError, type LsapiErrorCode } from '#lib/errors.js';

/** Fails unless `action` throws an LsapiError with that code and message. */
export function assertRefused(action: () => unknown, code: LsapiErrorCode, message: RegExp): void {
  assert.throws(action, (error: unknown) => {
    assert.ok(isLsapiError(error), String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  });
}
