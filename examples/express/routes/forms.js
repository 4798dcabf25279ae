import express, { Router } from 'express';
import { answer, html, page } from '../html.js';

const router = Router();
const topics = ['Speed', 'Simplicity', 'Sleep'];

router.get('/form', (req, res) => {
  res.send(
    page(
      'A form',
      html`
        <form method="post" action="/form">
          <label>Name <input name="name" required autocomplete="name" /></label>
          <label>Message <textarea name="message" rows="4"></textarea></label>
          <fieldset>
            <legend>Topics</legend>
            ${topics.map(
              (topic) =>
                html`<label><input type="checkbox" name="topic" value="${topic}" /> ${topic}</label>`,
            )}
          </fieldset>
          <button>Send</button>
        </form>
      `,
    ),
  );
});

router.post('/form', express.urlencoded({ extended: false, limit: '1mb' }), (req, res) => {
  answer(res, 'Thank you', { form: req.body ?? {} });
});

export default router;
