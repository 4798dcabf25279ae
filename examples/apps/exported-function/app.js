// Exports its app, as serverless platforms want it, and never listens.
const express = require('express');

const app = express();
app.use(express.json());
app.get('/', (req, res) => {
  res.send('<!doctype html><title>Notes</title><h1>Grüße ohne listen()</h1>');
});
app.get('/hello/:name', (req, res) => {
  res.json({ hello: req.params.name, tags: req.query.tag });
});
app.post('/notes', (req, res) => {
  res.status(201).json({ note: req.body });
});
app.get('/broken', async () => {
  throw new Error('The database is gone.');
});

module.exports = app;
