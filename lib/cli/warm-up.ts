import { Console } from 'node:console';
import { createHash } from 'node:crypto';
import { closeSync, writeSync } from 'node:fs';
import http from 'node:http';
import querystring from 'node:querystring';
import { Writable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { encodeRequest } from '../codec/index.js';
import type { Settings } from '../config/setting-types.js';
import { native } from '../native/binding.js';
import { Worker } from '../worker/worker.js';

/** After so many V8 has noted what the code on the way of a request needs; it is not worth optimizing yet. */
const ROUNDS = 20;
const MOST_TURNS = 100;

const REQUEST = encodeRequest({
  env: [
    ['REQUEST_METHOD', 'GET'],
    ['REQUEST_URI', '/?a=b'],
    ['QUERY_STRING', 'a=b'],
    ['SCRIPT_NAME', '/'],
    ['SERVER_PROTOCOL', 'HTTP/1.1'],
    ['REMOTE_ADDR', '127.0.0.1'],
    ['REMOTE_PORT', '1024'],
  ],
  header: {
    requestLine: 'GET /?a=b HTTP/1.1',
    headers: [
      ['Host', 'localhost'],
      ['Accept', '*/*'],
      ['Cookie', 'a=b'],
    ],
  },
});

/**
 * Lets the parent of a group do once what else the first request of every forked child does: compile Node's and our
 * own functions on the way of a request, which Node keeps uncompiled until they are called. For a parent that has not
 * loaded the app yet, so that nothing of the app sees it. Takes some 30 ms, and leaves nothing open.
 */
export async function warmUp(settings: Settings): Promise<void> {
  warmCommonModules();
  const [served = -1, client = -1] = native.socketPair();
  if (served < 0) return;
  let answered = 0;
  const server = http.createServer((request, response) => {
    response.on('finish', () => answered++);
    response.setHeader('Content-Type', request.headers.accept ?? '');
    response.setHeader('Content-Length', 4);
    response.writeHead(200);
    response.end('warm');
  });
  const ended = new Promise<void>((resolve) => {
    new Worker(
      { style: 'node', server, parameters: undefined },
      { kind: 'connected', fd: served },
      {
        settings: { ...settings, maxRequests: 0, slowRequest: 0 },
        log: () => undefined,
        development: false,
        address: null,
        ended: () => resolve(),
      },
    );
  });
  for (let round = 0; round < ROUNDS; round++) {
    writeSync(client, REQUEST);
    // It takes two or three turns.
    for (let turn = 0; answered <= round && turn < MOST_TURNS; turn++) await nextTurn();
  }
  closeSync(client);
  await ended;
}

/** What nearly every app uses at its first request: a line of the log, a query, the hash of an ETag. */
function warmCommonModules(): void {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const console = new Console({ stdout: nowhere, stderr: nowhere });
  for (let round = 0; round < ROUNDS; round++) {
    console.log('%s', round);
    console.log('A line.');
    querystring.parse('a=b&c=%20');
    createHash('sha1').update('warm', 'utf8').digest('base64').substring(0, 27);
  }
}
