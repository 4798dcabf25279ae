import { pipeline } from 'node:stream/promises';

/**
 * Sends what an iterable yields, no faster than the client reads. A client that leaves is no error: the
 * iterable is ended (its `finally` runs) and that is all.
 */
export async function sendStream(req, res, chunks) {
  if (req.method === 'HEAD') return void res.end();
  try {
    await pipeline(chunks, res);
  } catch (error) {
    if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}
