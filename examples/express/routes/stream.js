import { setTimeout as delay } from 'node:timers/promises';
import { Router } from 'express';
import { integer } from '../http-error.js';
import { sendStream } from '../send-stream.js';

const router = Router();

async function* lines(count, interval) {
  for (let number = 1; number <= count; number++) {
    if (number > 1) await delay(interval);
    yield `line ${number} of ${count}\n`;
  }
}

router.get('/stream', async (req, res) => {
  const count = integer(req, 'chunks', { fallback: 10, max: 10_000 });
  const interval = integer(req, 'interval', { fallback: 500, max: 60_000 });
  res.type('text/plain');
  await sendStream(req, res, lines(count, interval));
});

export default router;
