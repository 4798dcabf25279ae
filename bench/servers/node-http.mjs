// What lsnode.js is today: plain HTTP on a Unix socket. `node node-http.mjs SOCKET`
import http from 'node:http';

const server = http.createServer((request, response) => {
  response.setHeader('Content-Type', 'text/plain');
  response.end('Hello, World!');
});
server.listen(process.argv[2]);
