// The site, and beside it a server for the monitoring on a port of its own.
const http = require('node:http');

let requests = 0;

const site = http.createServer((req, res) => {
  requests++;
  if (req.url === '/') {
    res.setHeader('Content-Type', 'text/html; charset=utf-8');
    res.end('<!doctype html><title>Notes</title><h1>Grüße von zwei Servern</h1>');
  } else if (req.url === '/metrics') {
    res.writeHead(403).end('The numbers are not for everybody.');
  } else {
    res.writeHead(404).end('There is nothing.');
  }
});

const metrics = http.createServer((req, res) => {
  if (req.url !== '/metrics') return res.writeHead(404).end();
  res.setHeader('Content-Type', 'text/plain; version=0.0.4');
  res.end(`# TYPE site_requests_total counter\nsite_requests_total ${requests}\n`);
});

site.listen(process.env.PORT || 3000, () => {
  console.log(`The site is on port ${site.address().port}`);
});
metrics.listen(process.env.METRICS_PORT || 9464, '127.0.0.1', () => {
  console.log(`The metrics are on port ${metrics.address().port}`);
});
