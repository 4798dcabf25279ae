import { Router } from 'express';
import { integer } from '../http-error.js';
import { html, page } from '../html.js';

const router = Router();
let open = 0;

router.get('/events', (req, res) => {
  const interval = integer(req, 'interval', { fallback: 1000, max: 60_000 });
  const count = integer(req, 'count', { fallback: Infinity, max: 1_000_000 });
  // A browser that reconnects says which event it saw last.
  let id = Number.parseInt(req.get('Last-Event-ID') ?? '', 10) || 0;
  const last = id + count;

  res.set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
  if (req.method === 'HEAD') return void res.end();

  open++;
  res.write('retry: 2000\n\n');
  const timer = setInterval(() => {
    if (id === last) return void res.end();
    id++;
    res.write(`id: ${id}\nevent: tick\ndata: ${JSON.stringify({ id, time: new Date() })}\n\n`);
  }, interval);
  // Comes at the end of the response, and as well when the client leaves.
  res.on('close', () => {
    clearInterval(timer);
    open--;
  });
});

router.get('/events/open', (req, res) => {
  res.json({ open });
});

router.get('/events/live', (req, res) => {
  res.send(
    page(
      'Server-sent events',
      html`
        <p>State: <strong id="state">connecting</strong></p>
        <ol id="events" reversed></ol>
        <script type="module" src="/static/live.js"></script>
      `,
    ),
  );
});

export default router;
