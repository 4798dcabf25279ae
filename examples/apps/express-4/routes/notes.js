var express = require('express');
var router = express.Router();

router.get('/', function (req, res) {
  res.send('<!doctype html><title>Notes</title><img src="/logo.svg" alt=""><h1>Grüße aus Express 4</h1>');
});

router.get('/hello/:name', function (req, res) {
  res.json({ hello: req.params.name, tags: req.query.tag });
});

router.post('/notes', function (req, res) {
  res.status(201).location('/notes/1').json({ note: req.body });
});

router.delete('/notes/:id', function (req, res) {
  res.sendStatus(204);
});

router.post('/form', function (req, res) {
  res.redirect(303, '/hello/' + encodeURIComponent(req.body.name));
});

router.put('/upload', function (req, res, next) {
  var bytes = 0;
  req.on('data', function (chunk) {
    bytes += chunk.length;
  });
  req.on('error', next);
  req.on('end', function () {
    res.json({ bytes: bytes });
  });
});

module.exports = router;
