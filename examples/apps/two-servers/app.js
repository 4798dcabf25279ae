// The app, and beside it a server for its figures that only this machine reaches.
import { createServer } from 'node:http';

let requests = 0;

const app = createServer((request, response) => {
  requests++;
  if (request.url === '/') response.end('<h1>Two servers</h1>');
  else if (request.url.startsWith('/request')) response.end(JSON.stringify({ url: request.url }));
  else response.writeHead(404).end('not found');
});
const figures = createServer((request, response) => response.end(`requests ${requests}\n`));

app.listen(process.env.PORT || 3000);
figures.listen(process.env.FIGURES_PORT || 9090, '127.0.0.1');
