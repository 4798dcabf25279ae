import assert from 'node:assert/strict';
import { describeCases, type Case } from './cases.js';
import { textOf } from './client.js';

const cases: Case[] = [
  {
    title: 'GET / says hello',
    call: { path: '/' },
    status: 200,
    check: (reply) => {
      assert.equal(textOf(reply), 'Hello from Node.js\n');
      assert.equal(reply.headers['content-type'], 'text/plain; charset=utf-8');
    },
  },
  { title: 'HEAD / has no body', call: { method: 'HEAD', path: '/' }, status: 200 },
  { title: 'any other path answers as well', call: { path: '/any/where?q=1' }, status: 200 },
  {
    title: 'a body that nobody reads does no harm',
    call: { method: 'POST', path: '/', body: Buffer.alloc(300_000, 'x') },
    status: 200,
  },
  { title: 'the next request is answered after that', call: { path: '/' }, status: 200 },
];

describeCases('hello-http example', 'hello-http', cases);
