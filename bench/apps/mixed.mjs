// Node style: what sites do, for the endurance run. Each answer can be checked.
import { createHash } from 'node:crypto';
import http from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

const PAGE = Buffer.alloc(64 * 1024, 'page ');
const FILE = Buffer.alloc(2 * 1024 * 1024, 'file ');

const routes = {
  '/': (request, response) =>
    response.end(`${process.pid} ${request.url.slice(request.url.indexOf('=') + 1)}`),
  '/page': (_request, response) => response.setHeader('Content-Type', 'text/html').end(PAGE),
  '/download': (_request, response) => response.end(FILE),
  '/upload': async (request, response) => {
    const hash = createHash('sha1');
    for await (const chunk of request) hash.update(chunk);
    response.end(hash.digest('hex'));
  },
  '/slow': async (_request, response) => {
    response.write('slow');
    await delay(50);
    response.end(' answer');
  },
  '/error': () => {
    throw new Error('as the endurance run wants it');
  },
};

const server = http.createServer((request, response) =>
  routes[new URL(request.url, 'http://localhost').pathname](request, response),
);
server.listen(3000);
