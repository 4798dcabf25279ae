const { setTimeout: delay } = require('node:timers/promises');
const path = require('node:path');
const cookieParser = require('cookie-parser');
const express = require('express');

const app = express();
app.use(express.static(path.join(__dirname, 'public')));
app.use(express.json(), express.urlencoded(), cookieParser());

app.get('/', (req, res) => {
  res.send('<!doctype html><title>Notes</title><img src="/logo.svg" alt=""><h1>Grüße aus Express 5</h1>');
});
app.get('/hello/:name', (req, res) => {
  res.json({ hello: req.params.name, tags: req.query.tag });
});
app.post('/notes', (req, res) => {
  res.status(201).location('/notes/1').json({ note: req.body });
});
app.delete('/notes/:id', (req, res) => {
  res.sendStatus(204);
});
app.post('/form', (req, res) => {
  res.redirect(303, `/hello/${encodeURIComponent(req.body.name)}`);
});
app.put('/upload', async (req, res) => {
  let bytes = 0;
  for await (const chunk of req) bytes += chunk.length;
  res.json({ bytes });
});
app.get('/visit', (req, res) => {
  const visits = Number(req.cookies.visits ?? 0) + 1;
  res.cookie('visits', String(visits), { httpOnly: true, sameSite: 'lax' });
  res.cookie('theme', 'dark & light');
  res.type('text').send(`visit ${visits}`);
});
app.get('/old', (req, res) => res.redirect(301, '/'));
app.get('/whoami', (req, res) => {
  const { originalUrl: url, hostname: host, protocol, ip } = req;
  res.json({ url, host, protocol, ip, agent: req.get('user-agent') });
});
app.get('/stream', async (req, res) => {
  res.type('text');
  for (let line = 1; line <= 5; line++) {
    await delay(10);
    res.write(`line ${line}\n`);
  }
  res.end();
});
app.get('/broken', async () => {
  throw new Error('The database is gone.');
});

module.exports = app;

if (require.main === module) {
  const server = app.listen(process.env.PORT || 3000);
  console.log(`Listening on port ${server.address().port}`);
}
