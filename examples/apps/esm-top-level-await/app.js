import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';

// As a database is connected to, or settings are fetched, before anything is served.
const settings = await delay(20, { greeting: '<h1>Top-level await</h1>' });
const { routes } = await import('./routes.js');

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, 'http://localhost');
  const route = routes[`${request.method} ${pathname}`];
  if (route === undefined) response.writeHead(404).end('not found');
  else await route(request, response, { settings, json });
});

await new Promise((resolve) => server.listen(process.env.PORT || 3000, resolve));
console.log(`listening on ${typeof server.address().port}`);
