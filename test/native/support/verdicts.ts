import assert from 'node:assert/strict';
import { decodeRequest, type DecodedRequest } from '#lib/codec/index.js';
import { LsapiError } from '#lib/errors.js';
import { native } from '#lib/native/binding.js';

/** What a decoder makes of a packet: the request, or the code of the error. */
export type Verdict = DecodedRequest | string;

/** The TypeScript codec's verdict: the oracle, written without knowledge of the native one. */
export function codecVerdict(packet: Uint8Array, limit?: number): Verdict {
  try {
    return decodeRequest(packet, limit === undefined ? {} : { limit });
  } catch (error) {
    assert.ok(error instanceof LsapiError, String(error));
    return error.code;
  }
}

/** Checks that the native parser sees in a packet what the codec sees, and returns it. */
export function agreedVerdict(packet: Uint8Array, limit?: number): Verdict {
  const expected = codecVerdict(packet, limit);
  assert.deepEqual(native.decodeRequest(packet, limit), expected);
  return expected;
}
