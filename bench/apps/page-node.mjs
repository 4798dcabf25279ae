import http from 'node:http';
import { headers, render } from './page.mjs';

const server = http.createServer((request, response) => {
  response.writeHead(200, headers);
  response.end(render(request.url));
});
server.listen(process.env.BENCH_ADDRESS ?? 3000);
