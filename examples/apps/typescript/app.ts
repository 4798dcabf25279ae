import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';

interface Echo {
  readonly echoed: unknown;
}

function sendJson(response: ServerResponse, status: number, value: Echo | object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(value));
}

const routes: Record<string, (request: IncomingMessage, response: ServerResponse) => void | Promise<void>> = {
  'GET /': (_request, response) => void response.end('<h1>TypeScript</h1>'),
  'POST /echo': async (request, response) => {
    try {
      sendJson(response, 201, { echoed: await json(request) });
    } catch (error) {
      sendJson(response, 400, { error: (error as Error).name });
    }
  },
  'GET /redirect': (_request, response) => void response.writeHead(302, { Location: '/' }).end(),
  'GET /request': (request, response) =>
    sendJson(response, 200, { method: request.method, url: request.url }),
  'GET /error': (_request, response) => sendJson(response, 500, { error: 'as intended' }),
};

const server = createServer(async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  const route = routes[`${request.method} ${pathname}`];
  if (route === undefined) response.writeHead(404).end('not found');
  else await route(request, response);
});
server.listen(Number(process.env.PORT ?? 3000));
