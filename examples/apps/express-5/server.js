import cookieParser from 'cookie-parser';
import express from 'express';
import { setTimeout as delay } from 'node:timers/promises';

const app = express();
app.use(cookieParser());
app.use('/static', express.static(new URL('public', import.meta.url).pathname, { maxAge: '1h' }));

app.get('/', (req, res) => res.send('<h1>Express 5</h1>'));
app.post('/echo', express.json(), (req, res) => res.status(201).json({ echoed: req.body }));
app.get('/redirect', (req, res) => res.redirect('/'));
app.get('/cookies', (req, res) => {
  res.cookie('theme', 'dark', { httpOnly: true });
  res.cookie('language', 'en');
  res.json(req.cookies);
});
app.get('/stream', async (req, res) => {
  res.type('text');
  for (const part of [1, 2, 3]) {
    res.write(`part ${part}\n`);
    await delay(5);
  }
  res.end('end\n');
});
app.get('/request', (req, res) => {
  res.json({ method: req.method, path: req.path, query: req.query, host: req.hostname, ip: req.ip });
});
app.get('/error', async () => {
  await delay(1);
  throw new Error('as intended');
});
app.use((error, req, res, next) => {
  if (res.headersSent) next(error);
  else res.status(500).json({ error: error.message });
});

app.listen(process.env.PORT || 3000, () => console.log('Express 5 is listening'));
