// Node style, for lsnode.
import http from 'node:http';

const server = http.createServer((request, response) => {
  response.setHeader('Content-Type', 'text/plain');
  response.end('Hello, World!');
});
server.listen(3000);
