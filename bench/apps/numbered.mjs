// Node style: answers with its pid and the number in the query, so that every answer can be told from every other.
import http from 'node:http';

const server = http.createServer((request, response) => {
  response.setHeader('Content-Type', 'text/plain');
  response.end(`${process.pid} ${request.url.slice(request.url.indexOf('=') + 1)}`);
});
server.listen(3000);
