var express = require('express');
var router = express.Router();

router.get('/visit', function (req, res) {
  var visits = Number(req.cookies.visits || 0) + 1;
  res.cookie('visits', String(visits), { httpOnly: true, sameSite: 'lax' });
  res.cookie('theme', 'dark & light');
  res.type('text').send('visit ' + visits);
});

router.get('/old', function (req, res) {
  res.redirect(301, '/');
});

router.get('/whoami', function (req, res) {
  res.json({
    url: req.originalUrl,
    host: req.hostname,
    protocol: req.protocol,
    ip: req.ip,
    agent: req.get('user-agent'),
  });
});

router.get('/stream', function (req, res) {
  var line = 0;
  res.type('text');
  var timer = setInterval(function () {
    res.write('line ' + ++line + '\n');
    if (line < 5) return;
    clearInterval(timer);
    res.end();
  }, 10);
  res.on('close', function () {
    clearInterval(timer);
  });
});

router.get('/broken', function () {
  throw new Error('The database is gone.');
});

module.exports = router;
