// The raw style: no Node request and response objects in between, for the handlers where every microsecond counts.
import { setTimeout as delay } from 'node:timers/promises';
import { raw } from 'lsapi';

const plain = { 'Content-Type': 'text/plain; charset=utf-8' };

function hello(request, response) {
  response.send(200, plain, `Hello ${request.env('REMOTE_ADDR')}\n`);
}

/** Sends the request's body back while it arrives; only what is on its way is in memory. */
async function echo(request, response) {
  response.writeHead(200, { 'Content-Type': request.header('content-type') ?? 'application/octet-stream' });
  for await (const chunk of request.body) await response.write(chunk);
  response.end();
}

/** Five lines over time. `signal` aborts the pause when the client leaves. */
async function stream(request, response) {
  response.writeHead(200, plain);
  for (let number = 1; number <= 5; number++) {
    await delay(100, undefined, { signal: request.signal });
    await response.write(`line ${number}\n`);
  }
  response.end();
}

function whoami(request, response) {
  const { method, url, headers } = request;
  const body = JSON.stringify({ method, url, headers, remoteAddress: request.env('REMOTE_ADDR') });
  response.send(200, { 'Content-Type': 'application/json' }, body);
}

const routes = { 'GET /': hello, 'POST /echo': echo, 'GET /stream': stream, 'GET /whoami': whoami };

export default raw((request, response) => {
  const [path] = request.url.split('?');
  const route = routes[`${request.method} ${path}`];
  if (route) return route(request, response);
  response.send(404, plain, `There is nothing at ${path}\n`);
});
