const path = require('node:path');
const cookieParser = require('cookie-parser');
const express = require('express');

const app = express();
app.use(cookieParser());
app.use('/static', express.static(path.join(__dirname, 'public'), { maxAge: '1h' }));

app.get('/', (req, res) => res.send('<h1>Express 4</h1>'));
app.post('/echo', express.json(), (req, res) => res.status(201).json({ echoed: req.body }));
app.get('/redirect', (req, res) => res.redirect('/'));
app.get('/cookies', (req, res) => {
  res.cookie('theme', 'dark', { httpOnly: true });
  res.cookie('language', 'en');
  res.json(req.cookies);
});
app.get('/stream', (req, res) => {
  res.type('text');
  let left = 3;
  const timer = setInterval(() => {
    if (left > 0) res.write(`part ${left--}\n`);
    else {
      clearInterval(timer);
      res.end('end\n');
    }
  }, 5);
});
app.get('/request', (req, res) => {
  res.json({ method: req.method, path: req.path, query: req.query, host: req.hostname, ip: req.ip });
});
app.get('/error', () => {
  throw new Error('as intended');
});
// Four parameters: that is how Express knows it.
app.use((error, req, res, next) => {
  if (res.headersSent) next(error);
  else res.status(500).json({ error: error.message });
});

app.listen(process.env.PORT || 3000, () => console.log('Express 4 is listening'));
