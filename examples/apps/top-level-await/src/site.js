// A site with nothing but node:http: one function for requests.
import { STATUS_CODES } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

const LARGEST_BODY = 1_000_000;

export function makeSite({ title, logo }) {
  const page = `<!doctype html><title>Notes</title><img src="/logo.svg" alt=""><h1>${title}</h1>`;

  return async function site(req, res) {
    try {
      await route(req, res);
    } catch (error) {
      const status = error.status ?? 500;
      if (status === 500) console.error(error.message);
      sendError(res, status);
    }
  };

  async function route(req, res) {
    const url = new URL(req.url, `http://${req.headers.host}`);
    const [, first, second] = url.pathname.split('/').map(decodeURIComponent);
    switch (`${req.method === 'HEAD' ? 'GET' : req.method} /${first}`) {
      case 'GET /':
        return send(res, 200, 'text/html; charset=utf-8', page);
      case 'GET /logo.svg':
        return sendLogo(req, res);
      case 'GET /hello':
        return sendJson(res, 200, { hello: second, tags: url.searchParams.getAll('tag') });
      case 'POST /notes': {
        const note = parseJson(await readBody(req));
        res.setHeader('Location', '/notes/1');
        return sendJson(res, 201, { note });
      }
      case 'DELETE /notes':
        return res.writeHead(204).end();
      case 'POST /form': {
        const form = new URLSearchParams((await readBody(req)).toString());
        return res.writeHead(303, { Location: `/hello/${encodeURIComponent(form.get('name'))}` }).end();
      }
      case 'PUT /upload':
        return sendJson(res, 200, { bytes: (await readBody(req)).length });
      case 'GET /visit': {
        const visits = Number(/\bvisits=(\d+)/.exec(req.headers.cookie ?? '')?.[1] ?? 0) + 1;
        res.setHeader('Set-Cookie', [
          `visits=${visits}; Path=/; HttpOnly; SameSite=Lax`,
          'theme=dark; Path=/',
        ]);
        return send(res, 200, 'text/plain; charset=utf-8', `visit ${visits}`);
      }
      case 'GET /old':
        return res.writeHead(301, { Location: '/' }).end();
      case 'GET /whoami': {
        const { url: asked, headers, socket } = req;
        return sendJson(res, 200, {
          url: asked,
          host: headers.host,
          ip: socket.remoteAddress,
          agent: headers['user-agent'],
        });
      }
      case 'GET /stream':
        res.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' });
        for (let line = 1; line <= 5; line++) {
          await delay(10);
          res.write(`line ${line}\n`);
        }
        return res.end();
      case 'GET /broken':
        throw new Error('The database is gone.');
      default:
        return sendError(res, 404);
    }
  }

  function sendLogo(req, res) {
    const etag = `"${logo.length}"`;
    res.setHeader('ETag', etag);
    if (req.headers['if-none-match'] === etag) return res.writeHead(304).end();
    return send(res, 200, 'image/svg+xml', logo);
  }
}

function send(res, status, type, body) {
  res.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) });
  return res.end(body);
}

function sendJson(res, status, value) {
  return send(res, status, 'application/json', JSON.stringify(value));
}

function sendError(res, status) {
  return send(res, status, 'text/html; charset=utf-8', `<h1>${status} ${STATUS_CODES[status]}</h1>`);
}

function parseJson(body) {
  try {
    return JSON.parse(body.toString());
  } catch {
    throw Object.assign(new Error('This is no JSON.'), { status: 400 });
  }
}

async function readBody(req) {
  const chunks = [];
  let length = 0;
  for await (const chunk of req) {
    length += chunk.length;
    if (length > LARGEST_BODY) throw Object.assign(new Error('The body is too large.'), { status: 413 });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
