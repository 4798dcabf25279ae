import { Console } from 'node:console';
import { closeSync, writeSync } from 'node:fs';
import http from 'node:http';
import { Writable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LoadedApp } from '../app/load.js';
import { encodeRequest } from '../codec/request-encoder.js';
import type { Settings } from '../config/setting-types.js';
import { native } from '../native/binding.js';
import { raw } from '../raw/raw.js';
import { Worker } from '../worker/worker.js';

/** After as many requests the functions on their way have been compiled and have seen their usual types. */
const REQUESTS = 8;
/** Turns of the event loop that a request may take; it takes two or three. */
const MOST_TURNS = 50;

/**
 * Serves some requests of our own with a handler of our own, in the parent, before it forks: what V8 compiles and learns
 * by that is shared by all children, which would have to do it each for themselves, in front of their first answer.
 * The app's code does not run.
 */
export async function warmServing(settings: Settings, style: LoadedApp['style'] = 'node'): Promise<void> {
  const [client, application] = native.socketPair();
  if (client === undefined || application === undefined) return;
  const console = new Console({ stdout: new Writable({ write: (_chunk, _encoding, done) => done() }) });
  let answered = 0;
  let ended = false;
  const app: LoadedApp =
    style === 'raw'
      ? {
          style,
          handler: raw((request, response) => (answered++, response.send(200, { 'X-A': '1' }, request.url))),
        }
      : {
          style: 'node',
          parameters: undefined,
          server: http
            .createServer((request, response) => {
              response.setHeader('Content-Type', 'text/plain; charset=utf-8');
              response.setHeader('Content-Length', 2);
              if (request.headers.host !== undefined && request.socket.remoteAddress !== undefined)
                response.end('ok');
              response.on('finish', () => answered++);
            })
            .on('listening', () => console.log('listening on %s', 0)),
        };
  new Worker(
    app,
    { kind: 'connected', fd: application },
    {
      // These requests are nobody's.
      settings: { ...settings, maxRequests: 0, slowRequest: 0 },
      log: () => undefined,
      development: false,
      address: { address: '::', family: 'IPv6', port: 0 },
      ended: () => (ended = true),
    },
  );
  const packet = encodeRequest({
    env: VARIABLES,
    header: { requestLine: 'GET /warm?up=1 HTTP/1.1', headers: HEADERS },
  });
  for (let request = 0; request < REQUESTS; request++) {
    writeSync(client, packet);
    for (let turn = 0; answered <= request && turn < MOST_TURNS; turn++) await nextTurn();
  }
  closeSync(client);
  for (let turn = 0; !ended && turn < MOST_TURNS; turn++) await nextTurn();
  await nextTurn();
}

const HEADERS: [string, string][] = [
  ['Host', 'localhost'],
  ['User-Agent', 'lsnode'],
  ['Accept', '*/*'],
  ['Accept-Encoding', 'gzip'],
  ['Cookie', 'warm=up'],
];

const VARIABLES: [string, string][] = [
  ['REMOTE_ADDR', '127.0.0.1'],
  ['REMOTE_PORT', '1'],
  ['SERVER_ADDR', '127.0.0.1'],
  ['SERVER_NAME', 'localhost'],
  ['SERVER_PORT', '80'],
  ['SERVER_PROTOCOL', 'HTTP/1.1'],
  ['REQUEST_URI', '/warm?up=1'],
  ['SCRIPT_FILENAME', '/warm'],
  ['SCRIPT_NAME', '/warm'],
  ['QUERY_STRING', 'up=1'],
  ['REQUEST_METHOD', 'GET'],
];
