import express, { Router } from 'express';
import { HttpError } from '../http-error.js';

const router = Router();

router.get('/json', (req, res) => {
  res.json({ hello: 'world', greeting: 'Grüße 👋', query: req.query });
});

router.post('/json', express.json({ limit: '1mb' }), (req, res) => {
  if (!req.is('json')) throw new HttpError(415, 'Send JSON, with Content-Type: application/json.');
  res.json({ received: req.body });
});

export default router;
