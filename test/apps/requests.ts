// What is asked of the example apps, over node:http and over LSAPI alike.
import type { Call } from '../examples/client.js';

export interface AppRequest {
  readonly title: string;
  readonly call: Call;
  /** Of both answers: proves that the app was asked. */
  readonly status: number;
  /** Takes out of a body what no two runs have in common. */
  readonly scrub?: (body: string) => string;
  /** Not of the site, but of the app's other server, which listens on METRICS_PORT by itself. */
  readonly server?: 'metrics';
}

const JSON_TYPE = { 'Content-Type': 'application/json' };
const FORM_TYPE = { 'Content-Type': 'application/x-www-form-urlencoded', Origin: 'http://example.test' };
const BYTES_TYPE = { 'Content-Type': 'application/octet-stream' };

/** A server on :: sees an IPv4 client in its IPv6 form; LiteSpeed tells the IPv4 address. */
const plainAddress = (body: string): string => body.replace('::ffff:127.0.0.1', '127.0.0.1');
const anyCount = (body: string): string => body.replace(/total \d+/, 'total N');

const page: AppRequest = { title: 'a page', call: { path: '/' }, status: 200 };
const hello: AppRequest = {
  title: 'JSON, from path and query in UTF-8',
  call: { path: '/hello/J%C3%BCrgen?tag=a&tag=%26%20b' },
  status: 200,
};
const note: AppRequest = {
  title: 'JSON that is sent back',
  call: { method: 'POST', path: '/notes', headers: JSON_TYPE, body: '{"text":"Grüße 👋"}' },
  status: 201,
};
const brokenNote: AppRequest = {
  title: 'broken JSON',
  call: { method: 'POST', path: '/notes', headers: JSON_TYPE, body: '{"text":' },
  status: 400,
};
const visit: AppRequest = { title: 'cookies are set', call: { path: '/visit' }, status: 200 };
const visitAgain: AppRequest = {
  title: 'a cookie is read',
  call: { path: '/visit', headers: { Cookie: 'a=b; visits=41' } },
  status: 200,
};
const old: AppRequest = { title: 'a redirect', call: { path: '/old' }, status: 301 };
const stream: AppRequest = { title: 'a stream', call: { path: '/stream' }, status: 200 };
const upload: AppRequest = {
  title: 'an upload of 300 kB',
  call: { method: 'PUT', path: '/upload', headers: BYTES_TYPE, body: Buffer.alloc(300_000, 'x') },
  status: 200,
};
const missing: AppRequest = { title: 'an unknown path', call: { path: '/missing' }, status: 404 };
const broken: AppRequest = { title: 'an error in the app', call: { path: '/broken' }, status: 500 };

const headOf = (path: string): AppRequest => ({
  title: `HEAD ${path}`,
  call: { method: 'HEAD', path },
  status: 200,
});

const core: readonly AppRequest[] = [
  page,
  headOf('/'),
  hello,
  note,
  brokenNote,
  {
    title: 'a form, answered with a redirect',
    call: { method: 'POST', path: '/form', headers: FORM_TYPE, body: 'name=J%C3%BCrgen+B&more=1' },
    status: 303,
  },
  { title: '204', call: { method: 'DELETE', path: '/notes/7' }, status: 204 },
  upload,
  visit,
  visitAgain,
  old,
  stream,
  {
    title: 'what the app knows of the request',
    call: { path: '/whoami?a=%20b', headers: { 'User-Agent': 'tests' } },
    status: 200,
    scrub: plainAddress,
  },
  { title: 'a file', call: { path: '/logo.svg' }, status: 200 },
  headOf('/logo.svg'),
  missing,
  broken,
];

/** The routes that every site of a framework has. */
export const SITE: readonly AppRequest[] = [
  ...core,
  {
    title: 'a part of a file',
    call: { path: '/logo.svg', headers: { Range: 'bytes=0-9' } },
    status: 206,
  },
];

/** Sites whose static files know no ranges. */
export const SITE_WITHOUT_RANGES: readonly AppRequest[] = core;

export const TWO_SERVERS: readonly AppRequest[] = [
  page,
  { title: 'a path that only the other server has', call: { path: '/metrics' }, status: 403 },
  missing,
  {
    title: 'the other server, on its own port',
    call: { path: '/metrics' },
    status: 200,
    scrub: anyCount,
    server: 'metrics',
  },
  {
    title: 'the other server does not have the site',
    call: { path: '/' },
    status: 404,
    server: 'metrics',
  },
];

export const TYPESCRIPT: readonly AppRequest[] = [page, note, brokenNote, missing];

export const LATE: readonly AppRequest[] = [
  { title: 'a text', call: { path: '/notes/1' }, status: 200 },
  headOf('/notes/1'),
  { title: 'an unknown note', call: { path: '/notes/2' }, status: 404 },
];

export const FUNCTION: readonly AppRequest[] = [page, headOf('/'), hello, note, brokenNote, missing, broken];

export const FETCH: readonly AppRequest[] = [
  page,
  headOf('/'),
  hello,
  note,
  upload,
  visit,
  visitAgain,
  old,
  stream,
  missing,
  broken,
];
