// The WSGI style: Python's PEP 3333 carried over.
import { setTimeout as delay } from 'node:timers/promises';
import { wsgi } from 'lsapi';

const plain = [['Content-Type', 'text/plain; charset=utf-8']];

function hello(environ, startResponse) {
  startResponse('200 OK', plain);
  return [`Hello ${environ.REMOTE_ADDR}\n`];
}

/** Sends the request's body back while it arrives. */
async function* echo(environ, startResponse) {
  startResponse('200 OK', [['Content-Type', environ.CONTENT_TYPE ?? 'application/octet-stream']]);
  const input = environ['wsgi.input'];
  for (let part = await input.read(65536); part.length > 0; part = await input.read(65536)) yield part;
}

/** Five lines over time. */
async function* stream(environ, startResponse) {
  startResponse('200 OK', plain);
  for (let number = 1; number <= 5; number++) {
    await delay(100);
    yield `line ${number}\n`;
  }
}

/** Numbers the lines of what it is sent. */
async function lines(environ, startResponse) {
  const write = startResponse('200 OK', plain);
  let number = 0;
  for await (const line of environ['wsgi.input']) await write(`${++number} ${line}`);
  return [];
}

function whoami(environ, startResponse) {
  environ['wsgi.errors'].write('somebody asks who they are\n');
  startResponse('200 OK', [['Content-Type', 'application/json']]);
  const strings = Object.entries(environ).filter(([, value]) => typeof value === 'string');
  return [JSON.stringify(Object.fromEntries(strings))];
}

const routes = {
  'GET /': hello,
  'POST /echo': echo,
  'GET /stream': stream,
  'POST /lines': lines,
  'GET /whoami': whoami,
};

export default wsgi((environ, startResponse) => {
  const path = environ.SCRIPT_NAME + environ.PATH_INFO;
  const route = routes[`${environ.REQUEST_METHOD} ${path}`];
  if (route) return route(environ, startResponse);
  startResponse('404 Not Found', plain);
  return [`There is nothing at ${path}\n`];
});
