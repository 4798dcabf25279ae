// JSON in, the same JSON out, by way of an object.
import http from 'node:http';

const server = http.createServer((request, response) => {
  let text = '';
  request.setEncoding('utf8');
  request.on('data', (chunk) => (text += chunk));
  request.on('end', () => {
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify(JSON.parse(text)));
  });
});
server.listen(process.env.BENCH_ADDRESS ?? 3000);
