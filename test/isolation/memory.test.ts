import assert from 'node:assert/strict';
import { join } from 'node:path';
import { lsnodes, root, type Lsnode } from '../cli/support/lsnode.js';
import { buildRequest, type RequestOptions } from '../support/lsapi-request.js';

const library = JSON.stringify(join(root, 'dist/index.js'));

/** What an app tells of a request: see {@link OBSERVER}. */
interface Observation {
  /** The secret that it believes to be its own. */
  own: string;
  /** Secrets of others in anything that it was given. */
  foreign: string[];
  /** ArrayBuffers behind the body's chunks that hold anything but a part of that body. */
  alien: number;
  /** Bytes that a debug build of the addon leaves where nobody wrote. */
  poison: number;
  bodyLength: number;
  /** Bytes of the body that are not what was sent. */
  wrong: number;
}

/** Looks at everything that an app gets with a request: texts, chunks, and the memory behind the chunks. */
const OBSERVER = `
export function observe(texts, chunks) {
  const own = /secret-\\d+-/.exec(texts['x-secret'] ?? '')?.[0] ?? 'none';
  const memories = [...new Set(chunks.map((chunk) => chunk.buffer))];
  const size = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  const body = Buffer.concat(chunks).toString('latin1');
  const all = JSON.stringify(texts) + memories.map((memory) => Buffer.from(memory).toString('latin1')).join('\\n');
  const pattern = own.repeat(Math.ceil(body.length / own.length));
  let wrong = 0;
  for (let at = 0; at < body.length; at++) if (body[at] !== pattern[at]) wrong++;
  return JSON.stringify({
    own,
    foreign: [...new Set(all.match(/secret-\\d+-/g))].filter((secret) => secret !== own),
    alien: memories.filter((memory) => !pattern.includes(Buffer.from(memory).toString('latin1'))).length,
    poison: all.split('\\xdb').length - 1,
    bodyLength: size,
    wrong,
  });
}
`;

/** Apps that answer with what they observe. */
const STYLES: Readonly<Record<string, string>> = {
  node: `import http from 'node:http';
import { observe } from './observer.mjs';
http.createServer((req, res) => {
  const chunks = [];
  req.on('data', (chunk) => chunks.push(chunk));
  req.on('end', () => {
    const { method, url, rawHeaders, headers, lsapi } = req;
    res.end(observe({ ...headers, ...lsapi.env, method, url, rawHeaders }, chunks));
  });
  req.on('error', () => undefined);
}).listen(3000);
`,
  raw: `import { raw } from ${library};
import { observe } from './observer.mjs';
export default raw(async (request, response) => {
  const { method, url, headers, environment } = request;
  const chunks = [];
  for await (const chunk of request.body) chunks.push(chunk);
  response.send(200, null, observe({ ...headers, ...environment, method, url }, chunks));
});
`,
  fetch: `import { observe } from './observer.mjs';
export default {
  async fetch(request, context) {
    const { method, url } = request;
    const chunks = [];
    if (request.body !== null) for await (const chunk of request.body) chunks.push(chunk);
    const headers = Object.fromEntries(request.headers);
    return new Response(observe({ ...headers, ...context.env, method, url }, chunks));
  },
};
`,
  wsgi: `import { wsgi } from ${library};
import { observe } from './observer.mjs';
export default wsgi(async (environ, startResponse) => {
  const texts = Object.fromEntries(Object.entries(environ).filter(([, value]) => typeof value === 'string'));
  texts['x-secret'] = environ.HTTP_X_SECRET;
  const input = environ['wsgi.input'];
  // Of a size that neither chunks nor reads from the socket have.
  const chunks = [];
  for (let part = await input.read(9000); part.length > 0; part = await input.read(9000)) chunks.push(part);
  startResponse('200 OK', [['Content-Type', 'application/json']]);
  return [observe(texts, chunks)];
});
`,
};

const ROUNDS = 4;
const CONNECTIONS = 8;
/** Of bodies: none, one that comes with its packet, one that does not, one in several reads, more than the socket takes. */
const SIZES = [0, 300, 3000, 20_000, 66_000, 300_000];
/** What the server gives with each request beside the secret ones. */
const LARGEST_PACKET = 65_536;

let lastSecret = 0;

/** A request that has its own secret everywhere, and a body of nothing else. */
function secretRequest(size: number): RequestOptions & { secret: string } {
  const secret = `secret-${++lastSecret}-`;
  return {
    secret,
    method: 'POST',
    url: `/${secret}?${secret.repeat(1 + (lastSecret % 20))}`,
    headers: {
      'X-Secret': secret,
      Cookie: secret.repeat(1 + (lastSecret % 50)),
      [`X-${secret}`]: secret,
      Authorization: secret,
    },
    env: { DOCUMENT_ROOT: `/${secret}`, [`ENV_${secret}`]: secret.repeat(1 + (lastSecret % 9)) },
    body: secret.repeat(Math.ceil(size / secret.length)).slice(0, size),
  };
}

describe('Isolation: what an app gets of a request', () => {
  const start = lsnodes();

  for (const [style, app] of Object.entries(STYLES)) {
    it(`has nothing of any other request: ${style} style`, async () => {
      const lsnode = start({
        files: { 'app.mjs': app, 'observer.mjs': OBSERVER, 'package.json': '{"type":"module"}' },
        args: ['-m', 'app.mjs'],
        env: { LSAPI_CHILDREN: '0', LSNODE_MAX_PACKET: String(LARGEST_PACKET), NODE_ENV: 'production' },
      });
      for (let round = 0; round < ROUNDS; round++) {
        await Promise.all([
          ...Array.from({ length: CONNECTIONS }, (_, index) =>
            askSeveral(lsnode, round * CONNECTIONS + index),
          ),
          ...spoiled(lsnode, round),
        ]);
      }
    });
  }
});

/** Several requests on one connection, in pieces of a size of their own so that those of all connections mix. */
async function askSeveral(lsnode: Lsnode, seed: number): Promise<void> {
  const client = await lsnode.connect();
  for (let count = 0; count < 3; count++) {
    const size = SIZES[(seed + count) % SIZES.length]!;
    const { secret, ...request } = secretRequest(size);
    const fragment = [undefined, 700, 5000, 17_000][(seed + count) % 4];
    const response = await client.request({
      ...request,
      ...(fragment !== undefined && { fragment: Math.max(fragment, size / 20) }),
    });
    assert.deepEqual(JSON.parse(response.text), {
      own: secret,
      foreign: [],
      alien: 0,
      poison: 0,
      bodyLength: size,
      wrong: 0,
    } satisfies Observation);
  }
  client.close();
}

/** Requests that leave something behind: given up, cut off, too long, followed by what does not belong to them. */
function spoiled(lsnode: Lsnode, round: number): Promise<void>[] {
  const connect = () => lsnode.connect();
  return [
    (async () => {
      const client = await connect();
      const { body, ...request } = secretRequest(5000);
      await client.send({ ...request, body: (body as string).slice(0, 2000 + round), bodyLength: 5000 });
      await client.abort();
    })(),
    (async () => {
      const client = await connect();
      const { packet } = buildRequest(secretRequest(0));
      await client.write(packet.subarray(0, packet.length - 1 - round));
      client.close();
    })(),
    (async () => {
      const client = await connect();
      const { env, ...request } = secretRequest(0);
      const tooLong = secretRequest(LARGEST_PACKET).body as string;
      await client.send({
        ...request,
        env: { ...env, LONG: tooLong.slice(0, 40_000), LONGER: tooLong.slice(0, 40_000) },
      });
      await client.closed();
    })(),
    (async () => {
      const client = await connect();
      const { secret, ...request } = secretRequest(100);
      const { packet, body } = buildRequest(request);
      // Behind the request in the same block: neither its body nor a request.
      await client.write(Buffer.concat([packet, body, Buffer.from(secretRequest(900).body as string)]));
      const response = await client.completed();
      assert.deepEqual(JSON.parse(response.text), {
        own: secret,
        foreign: [],
        alien: 0,
        poison: 0,
        bodyLength: 100,
        wrong: 0,
      } satisfies Observation);
      client.close();
    })(),
  ];
}
