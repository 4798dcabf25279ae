import { Router } from 'express';
import { HttpError } from '../http-error.js';
import { answer } from '../html.js';

const router = Router();
const statuses = [301, 302, 303, 307, 308];

router.get('/redirect', (req, res) => {
  res.redirect('/redirect/landed?from=302');
});

// After a POST: the browser continues with GET, and a reload does not send the form again.
router.post('/redirect', (req, res) => {
  res.redirect(303, '/redirect/landed?from=303');
});

router.all('/redirect/landed', (req, res) => {
  answer(res, 'Landed', { method: req.method, from: req.query.from });
});

router.all('/redirect/:status', (req, res) => {
  const status = Number(req.params.status);
  if (!statuses.includes(status)) throw new HttpError(400, `Choose one of ${statuses.join(', ')}.`);
  res.redirect(status, `/redirect/landed?from=${status}`);
});

export default router;
