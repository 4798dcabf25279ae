// Hello in node style: by `node` itself on BENCH_ADDRESS, or under lsnode.
import http from 'node:http';

const server = http.createServer((request, response) => {
  response.setHeader('Content-Type', 'text/plain');
  response.end('Hello, World!');
});
server.listen(process.env.BENCH_ADDRESS ?? 3000);
