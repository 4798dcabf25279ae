import { createServer } from 'node:http';

createServer((req, res) => {
  res.setHeader('Content-Type', 'text/plain; charset=utf-8');
  res.end('Hello from Node.js\n');
}).listen(process.env.PORT ?? 3000);
