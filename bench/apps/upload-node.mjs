// Takes a body and answers how many bytes it had.
import http from 'node:http';

const server = http.createServer((request, response) => {
  let bytes = 0;
  request.on('data', (chunk) => (bytes += chunk.length));
  request.on('end', () => {
    response.setHeader('Content-Type', 'text/plain');
    response.end(String(bytes));
  });
});
server.listen(process.env.BENCH_ADDRESS ?? 3000);
