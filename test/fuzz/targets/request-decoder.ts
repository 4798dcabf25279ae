// Two decoders that were written without knowledge of each other see the same in any packet: the request, or an error
// with the same code.
import { agreedVerdict } from '../../native/support/verdicts.js';
import { requestVectors } from '../../support/vectors.js';
import type { FuzzTarget } from '../engine/target.js';

/** Layout of BEGIN_REQUEST's fixed part (protocol §1.3), as far as lengths depend on it. */
const FIXED_SIZE = 44;
const HEADER_LENGTH_AT = 8;
const COUNTS_AT = 32;
const INDEX_SIZE = 150;
const RECORD_SIZE = 16;

/** First byte behind an environment list; `undefined` where it is broken. */
function skipList(packet: Buffer, start: number, count: number): number | undefined {
  let at = start;
  for (let n = 0; n < count && at + 4 <= packet.length; n++)
    at += 4 + packet.readUInt16BE(at) + packet.readUInt16BE(at + 2);
  return at + 4 <= packet.length ? at + 4 : undefined;
}

export const target: FuzzTarget = {
  maxLength: 1 << 15,
  words: [
    'LS\x01\0',
    'Host',
    'Content-Length',
    'chunked',
    'GET / HTTP/1.1\r\n',
    '\r\n\r\n',
    'REQUEST_URI\0',
    '\0\0\0\0',
  ],

  seeds: () => requestVectors().flatMap(({ requests }) => requests.map(({ packet }) => packet)),

  repair(packet) {
    if (packet.length < FIXED_SIZE) return;
    const little = (packet.readUInt8(3) & 1) === 0;
    const write = (value: number, at: number) =>
      little ? packet.writeInt32LE(value, at) : packet.writeInt32BE(value, at);
    const count = (n: number) =>
      little ? packet.readUInt32LE(COUNTS_AT + 4 * n) : packet.readUInt32BE(COUNTS_AT + 4 * n);
    write(packet.length, 4);
    const [unknown, env, special] = [count(0), count(1), count(2)];
    if (Math.max(unknown, env, special) > 8192) return;
    const behindSpecial = skipList(packet, FIXED_SIZE, special);
    const behindEnv = behindSpecial === undefined ? undefined : skipList(packet, behindSpecial, env);
    if (behindEnv === undefined) return;
    const block = Math.ceil(behindEnv / 8) * 8 + INDEX_SIZE + unknown * RECORD_SIZE;
    if (block <= packet.length) write(packet.length - block, HEADER_LENGTH_AT);
  },

  run(input) {
    agreedVerdict(input);
    agreedVerdict(input, 512);
  },
};
