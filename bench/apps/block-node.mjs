// Hello, or with /block?ms=N after N milliseconds in which nothing else runs.
import http from 'node:http';

const server = http.createServer((request, response) => {
  if (request.url.startsWith('/block?ms=')) {
    const until = performance.now() + Number(request.url.slice('/block?ms='.length));
    while (performance.now() < until);
  }
  response.setHeader('Content-Type', 'text/plain');
  response.end('Hello, World!');
});
server.listen(process.env.BENCH_ADDRESS ?? 3000);
