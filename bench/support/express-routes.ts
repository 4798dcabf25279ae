import type { NameValue } from '#lib/codec/types.js';
import type { Answer } from './lsapi-connection.js';

/** A request to the Express example, and what it has to answer. */
export interface Route {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly NameValue[];
  readonly body: Buffer;
  readonly status: number;
  /** Part of the body, or its length. */
  readonly expected: string | number;
}

const DOWNLOAD_BYTES = 100_000;

function get(target: string, status: number, expected: string | number, headers: NameValue[] = []): Route {
  return { method: 'GET', target, headers, body: Buffer.alloc(0), status, expected };
}

function post(target: string, type: string, body: string, expected: string): Route {
  const headers: NameValue[] = [['Content-Type', type]];
  return { method: 'POST', target, headers, body: Buffer.from(body), status: 200, expected };
}

const FILE = 'A line of a file that is uploaded.\n'.repeat(200);

/** What users of an ordinary site do: pages, data, forms, files, an upload, something that is not there. */
export const ROUTES: readonly Route[] = [
  get('/', 200, 'What a web application does'),
  get('/json?answer=42', 200, '"answer":"42"'),
  post('/json', 'application/json', '{"text":"Grüße","numbers":[1,2,3]}', '"text":"Grüße"'),
  get('/form', 200, '<textarea name="message"'),
  post(
    '/form',
    'application/x-www-form-urlencoded',
    'name=Ada&message=Hello+there&topic=Speed',
    'Hello there',
  ),
  get('/cookies', 200, '<strong>8</strong>', [['Cookie', 'visits=7; theme=dark']]),
  get('/whoami', 200, '/whoami'),
  get('/redirect', 302, '/redirect/landed'),
  get('/redirect/landed?from=302', 200, '302'),
  get('/static/style.css', 200, 1740),
  get('/static/gradient.png', 200, 11305),
  get('/stream?chunks=5&interval=0', 200, 'line 5 of 5'),
  get(`/download?bytes=${DOWNLOAD_BYTES}`, 200, DOWNLOAD_BYTES),
  post(
    '/upload',
    'multipart/form-data; boundary=frontier',
    `--frontier\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\n${FILE}\r\n--frontier--\r\n`,
    String(FILE.length),
  ),
  get('/nowhere', 404, 'nowhere'),
];

/** @throws Error that says what is wrong with an answer */
export function checkAnswer(route: Route, { status, body }: Answer): void {
  const isExpected =
    typeof route.expected === 'number' ? body.length === route.expected : body.includes(route.expected);
  if (status === route.status && isExpected) return;
  throw new Error(
    `${route.method} ${route.target}: status ${status}, ${body.length} bytes: ${body.toString('utf8', 0, 300)}`,
  );
}
