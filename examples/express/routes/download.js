import { Router } from 'express';
import { integer } from '../http-error.js';
import { sendStream } from '../send-stream.js';

const router = Router();
const GIBIBYTE = 1024 ** 3;
const CHUNK = 64 * 1024;

// The same pseudo-random bytes in every run (xorshift32), so that a client can check what arrived. The odd
// length makes a lost or repeated chunk show, whatever its size.
const pattern = Buffer.alloc(1_000_003);
for (let at = 0, state = 2463534242; at < pattern.length; at++) {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  pattern[at] = state;
}

/** `total` bytes of the pattern over and over. The chunks are windows on it: nothing is allocated for them. */
function* repeatPattern(total) {
  for (let sent = 0; sent < total;) {
    const start = sent % pattern.length;
    const chunk = pattern.subarray(start, start + Math.min(CHUNK, total - sent));
    yield chunk;
    sent += chunk.length;
  }
}

router.get('/download', async (req, res) => {
  const bytes = integer(req, 'bytes', { fallback: GIBIBYTE, max: 1024 * GIBIBYTE });
  res.attachment('download.bin');
  if (req.query.chunked !== '1') res.set('Content-Length', String(bytes));
  await sendStream(req, res, repeatPattern(bytes));
});

export default router;
