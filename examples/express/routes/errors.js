import { STATUS_CODES } from 'node:http';
import { Router } from 'express';
import { html, page } from '../html.js';

const router = Router();

router.all('/error', () => {
  throw new Error('The handler threw this.');
});

router.all('/error/async', async () => {
  await new Promise((resolve) => setImmediate(resolve));
  throw new Error('The handler rejected with this.');
});

function sendError(res, status, message, stack) {
  res.status(status).format({
    html: () => {
      const title = `${status} ${STATUS_CODES[status] ?? 'Error'}`;
      res.send(
        page(
          title,
          html`<p>${message}</p>
            ${stack && html`<pre>${stack}</pre>`}`,
        ),
      );
    },
    json: () => res.json({ error: { status, message, stack } }),
  });
}

export function notFoundPage(req, res) {
  sendError(res, 404, `There is nothing at ${req.originalUrl}.`);
}

/** The last handler: every error that a route throws, rejects with or passes on arrives here. */
export function errorPage(error, req, res, next) {
  // Too late for a page; Express closes the connection, so that the client sees the answer is not complete.
  if (res.headersSent) return next(error);
  const status = error?.status >= 400 && error.status < 600 ? error.status : 500;
  if (status < 500) return sendError(res, status, error.message);
  console.error(error);
  if (process.env.NODE_ENV === 'production') return sendError(res, status, 'Something went wrong here.');
  sendError(res, status, error?.message ?? String(error), error?.stack);
}

export default router;
