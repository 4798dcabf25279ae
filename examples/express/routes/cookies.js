import express, { Router } from 'express';
import { HttpError } from '../http-error.js';
import { answer, html } from '../html.js';

const router = Router();
const form = express.urlencoded({ extended: false });
const options = { httpOnly: true, sameSite: 'lax' };

router.get('/cookies', (req, res) => {
  const visits = (Number.parseInt(req.cookies.visits, 10) || 0) + 1;
  const cookies = { ...req.cookies };
  res.cookie('visits', String(visits), { ...options, maxAge: 24 * 60 * 60 * 1000 });
  answer(
    res,
    'Cookies',
    { visits, cookies },
    html`
      <p>Visit number <strong>${visits}</strong>. The request carried:</p>
      <pre>${JSON.stringify(cookies, null, 2)}</pre>
      <form method="post" action="/cookies/set">
        <label>Name <input name="name" required pattern="[A-Za-z0-9_\\-]+" /></label>
        <label>Value <input name="value" /></label>
        <button>Set</button>
      </form>
      <form method="post" action="/cookies/clear"><button>Clear all</button></form>
    `,
  );
});

router.post('/cookies/set', form, (req, res) => {
  const { name, value = '' } = req.body ?? {};
  if (typeof name !== 'string' || !/^[\w-]+$/.test(name) || typeof value !== 'string') {
    throw new HttpError(400, 'A cookie needs a name of letters, digits, "_" and "-", and one value.');
  }
  // Two cookies in one answer: each needs a Set-Cookie line of its own.
  res.cookie(name, value, options);
  res.cookie('last', name, options);
  res.redirect(303, '/cookies');
});

router.post('/cookies/clear', (req, res) => {
  for (const name of Object.keys(req.cookies)) res.clearCookie(name, options);
  res.redirect(303, '/cookies');
});

export default router;
