// The bytes that GET /download of the Express example consists of, computed a second time.
const CHUNK = 48 * 1024;

const pattern = Buffer.alloc(1_000_003);
for (let at = 0, state = 2463534242; at < pattern.length; at++) {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  pattern[at] = state & 0xff;
}

/** `total` bytes as windows on one buffer, so that sending them allocates nothing. */
export function* patternBytes(total: number): Generator<Buffer> {
  for (let sent = 0; sent < total;) {
    const start = sent % pattern.length;
    const chunk = pattern.subarray(start, start + Math.min(CHUNK, total - sent));
    yield chunk;
    sent += chunk.length;
  }
}
