// The fetch style: the web's own Request and Response, as in service workers and on the web platforms.
import { setTimeout as delay } from 'node:timers/promises';

function hello(request, { client }) {
  return new Response(`Hello ${client.address}\n`);
}

/** Sends the request's body back while it arrives; only what is on its way is in memory. */
function echo(request) {
  const type = request.headers.get('content-type') ?? 'application/octet-stream';
  return new Response(request.body, { headers: { 'Content-Type': type } });
}

/** Five lines over time. The stream is cancelled when the client leaves. */
function stream() {
  async function* lines() {
    const encoder = new TextEncoder();
    for (let number = 1; number <= 5; number++) {
      await delay(100);
      yield encoder.encode(`line ${number}\n`);
    }
  }
  return new Response(ReadableStream.from(lines()), {
    headers: { 'Content-Type': 'text/plain; charset=utf-8' },
  });
}

async function form(request) {
  const fields = await request.formData();
  return Response.json(Object.fromEntries([...fields].filter(([, value]) => typeof value === 'string')));
}

function whoami(request, { client, env }) {
  const { method, url } = request;
  const headers = Object.fromEntries(request.headers);
  return Response.json({ method, url, headers, client, software: env.SERVER_SOFTWARE });
}

/** Answers at once and writes to the log afterwards; the process does not end before that is done. */
function later(request, { waitUntil }) {
  waitUntil(delay(200).then(() => console.log('the work is done')));
  return new Response('The work goes on.\n', { status: 202 });
}

const routes = {
  'GET /': hello,
  'POST /echo': echo,
  'GET /stream': stream,
  'POST /form': form,
  'GET /whoami': whoami,
  'POST /later': later,
};

export default {
  fetch(request, context) {
    const { pathname } = new URL(request.url);
    const route = routes[`${request.method} ${pathname}`];
    return route
      ? route(request, context)
      : new Response(`There is nothing at ${pathname}\n`, { status: 404 });
  },
};
