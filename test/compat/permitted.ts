/** Differences that are no defect, with the reason: what LSAPI cannot carry, or a LiteSpeed server does otherwise. */
export interface Permission {
  /** Each of them needs the permission. */
  readonly suites: readonly string[];
  /** Matches the full titles of the tests. */
  readonly title: RegExp;
  readonly reason: string;
  /** Depends on time, so that not every run needs it. */
  readonly sometimes?: true;
}

const METHODS = 'LiteSpeed forwards only the methods it knows and answers others with 400.';
const TRAVERSAL =
  'Dot segments that lead above the root, encoded ones included, are answered by the server with 400; the app never sees them.';
const ABSOLUTE = 'A request target in absolute form reaches the app without its scheme and host.';
const FORWARDED_PROTO =
  'The server sets HTTPS=on for X-Forwarded-Proto: https, so the connection counts as encrypted.';
const LOCATION =
  'A Location with status 200 is CGI’s redirect: a path is an internal one, anything else becomes a 302. Set a 3xx status.';
const HEAD_LENGTH = 'The server leaves Content-Length out of the answer to HEAD.';
const STATUS = 'A status that the server does not know, or one below 200, cannot be sent; it becomes a 500.';
const ADDRESS = 'REMOTE_ADDR has an IPv4 address as such, not in its IPv6 form.';
const SERVER = 'The Server header is the server’s own.';
const DECOMPRESSED = 'The server decompresses for clients that do not accept the encoding.';
const COUNTED =
  'A response that is complete before its header left gets the real Content-Length in place of chunks or of what the app announced.';
const NO_LENGTH =
  'LSAPI carries an upload with its length only: a chunked one reaches the app once it is complete, or as 411.';
const PIPELINED = 'The server gives requests of one client connection to the app one after the other.';
const UPGRADE = 'LSAPI carries neither upgrades nor CONNECT; WebSockets are proxied by the server.';
const ABORTED =
  'An app cannot drop the client’s connection: a request that is destroyed is answered with 500, a response in progress is completed.';
const REASON_PHRASE = 'LSAPI carries the status without its phrase.';
const NO_CONTENT = 'The server frames a 205 with Content-Length: 0.';
const UNREAD =
  'Of a body nothing is taken from the server before somebody reads it, so it is not complete until then.';
const HALF_CLOSED = 'A client that closes its end before it has the response gets none.';

const FRAMES =
  'LSAPI carries bodies without chunk framing, so that nothing of it is counted or written to the socket.';
const SOCKETS =
  'Each request has a socket of its own: connections of clients, their events, their reuse and their timeouts are the server’s.';
const INTERIM =
  'LSAPI carries no 1xx answers; the server asks for the body of a request with Expect: 100-continue itself.';
const CASE = 'The server writes names of headers in lower case.';
const REPEATED = 'Of a header that makes sense once the server keeps one line.';
const HOST =
  'Whether a request without Host is answered is the server’s decision, and how many headers it may have.';
const GATEWAY_IN_PROCESS =
  'The gateway of this comparison is a server of the same process, and counted as well.';
const TRAILERS = 'LSAPI carries no trailers.';

/** Files of Node's tests by the part of their name behind `test-http-`. */
function nodeTests(...names: string[]): RegExp {
  return new RegExp(`/test-http-(?:${names.join('|')})\\.js$`);
}

export const PERMITTED: readonly Permission[] = [
  {
    suites: ['compression'],
    title: /^compression\(\) should transfer (?:chunked|large bodies)$/,
    reason: COUNTED,
    sometimes: true,
  },
  {
    suites: ['node'],
    title: nodeTests(
      'abort-client',
      'destroyed-socket-write2',
      'outgoing-message-capture-rejection',
      'response-close',
      'server-capture-rejections',
      'server-incomingmessage-destroy',
      'writable-true-after-close',
    ),
    reason: ABORTED,
  },
  {
    suites: ['node'],
    title: nodeTests('content-length', 'outgoing-destroyed', 'server-consumed-timeout'),
    reason: NO_LENGTH,
  },
  {
    suites: ['node'],
    title: nodeTests(
      'dump-req-when-res-ends',
      'keep-alive-close-on-header',
      'keep-alive-timeout-custom',
      'keepalive-client',
      'keepalive-request',
      'outgoing-end-cork',
      'req-res-close',
      'socket-encoding-error',
    ),
    reason: SOCKETS,
  },
  { suites: ['node'], title: nodeTests('outgoing-properties', 'response-cork'), reason: FRAMES },
  {
    suites: ['node'],
    title: nodeTests(
      'early-hints',
      'expect-continue',
      'information-headers',
      'information-processing',
      'write-callbacks',
    ),
    reason: INTERIM,
  },
  { suites: ['node'], title: nodeTests('allow-content-length-304', 'mutable-headers'), reason: COUNTED },
  { suites: ['node'], title: nodeTests('raw-headers'), reason: TRAILERS },
  { suites: ['node'], title: nodeTests('max-headers-count', 'remove-header-stays-removed'), reason: SERVER },
  { suites: ['node'], title: nodeTests('write-head'), reason: CASE },
  {
    suites: ['node'],
    title: nodeTests('double-content-length', 'response-multi-content-length', 'response-multiheaders'),
    reason: REPEATED,
  },
  {
    suites: ['node'],
    title: nodeTests('request-host-header', 'request-method-delete-payload'),
    reason: HOST,
  },
  { suites: ['node'], title: nodeTests('perf_hooks'), reason: GATEWAY_IN_PROCESS },
  { suites: ['node'], title: nodeTests('server-unconsume-consume'), reason: UPGRADE },
  {
    suites: ['fastify'],
    title:
      /^test\/404s\.test\.js: Unknown method|mkcalendar|missing method from http client|route-shorthand - (?:query|all)$/,
    reason: METHODS,
  },
  {
    suites: ['fastify'],
    title:
      /^test\/(?:client-timeout|close-pipelining|skip-reply-send)\.|^test\/close\.test\.js: (?:Current opened connection|rejected incoming)|reply-error\.test\.js: Should (?:reply 400 on client error|set the response from client)|default clientError replies|non-numeric content-length/,
    reason: SOCKETS,
  },
  {
    suites: ['fastify'],
    title:
      /hooks\.test\.js: onTimeout|customErrorHandler should not call handler for in-stream error|url-rewriting\.test\.js: Should throw/,
    reason: ABORTED,
  },
  { suites: ['fastify'], title: /header-overflow|request-header-host/, reason: HOST },
  { suites: ['fastify'], title: /reply\.raw\.writeHead should return customize headers/, reason: LOCATION },
  { suites: ['fastify'], title: /for HEAD method, no body should be sent/, reason: HEAD_LENGTH },
  {
    suites: ['fastify'],
    title: /trust proxy ignores forwarded headers from untrusted/,
    reason: FORWARDED_PROTO,
  },
  { suites: ['fastify'], title: /early hints/, reason: INTERIM },
  { suites: ['fastify'], title: /^test\/upgrade\.test\.js/, reason: UPGRADE },
  {
    suites: ['express-4', 'express-5'],
    title: /^app\.router methods should include [A-Z-]+$|should send ETag in response to [A-Z-]+ request$/,
    reason: METHODS,
  },
  { suites: ['express-4', 'express-5', 'serve-static'], title: /travers/, reason: TRAVERSAL },
  {
    suites: ['send'],
    title: /root when (given should (restrict|allow \.\.|not allow root)|missing should consider \.\.)/,
    reason: TRAVERSAL,
  },
  { suites: ['node-server'], title: /path traversal attacks with multiple levels$/, reason: TRAVERSAL },
  { suites: ['connect'], title: /FQDN/, reason: ABSOLUTE },
  {
    suites: ['express-4', 'express-5'],
    title: /^req \.(protocol|secure) when .*(should ignore X-Forwarded-Proto|should return false when http$)/,
    reason: FORWARDED_PROTO,
  },
  {
    suites: ['express-session'],
    title: /^session\(\) proxy option when (disabled|unspecified)|when "proxy" is "false" should set/,
    reason: FORWARDED_PROTO,
  },
  {
    suites: ['express-session'],
    title: /when "proxy" is "false" should not set secure/,
    reason: FORWARDED_PROTO,
  },
  { suites: ['express-4', 'express-5'], title: /^res (\.location|location header)/, reason: LOCATION },
  {
    suites: ['express-4', 'express-5'],
    title: /^HEAD should output the same headers as GET/,
    reason: HEAD_LENGTH,
  },
  { suites: ['send'], title: /should support HEAD$/, reason: HEAD_LENGTH },
  { suites: ['supertest'], title: /\.head should work$/, reason: HEAD_LENGTH },
  {
    suites: ['koa'],
    title: /when HEAD is used should (not respond|keep)|should keep (Blob|Response) headers$/,
    reason: HEAD_LENGTH,
  },
  { suites: ['node-server'], title: /200 response to HEAD request$/, reason: HEAD_LENGTH },
  {
    suites: ['express-4', 'express-5'],
    title: /^res \.sendStatus\(statusCode\) should work with unknown code$/,
    reason: STATUS,
  },
  { suites: ['express-5'], title: /should set the response status code to (101|[789]00)$/, reason: STATUS },
  { suites: ['koa'], title: /custom status(=700| without message) should respond/, reason: STATUS },
  { suites: ['morgan'], title: /dev should not color 1xx(?: \(2\))?$/, reason: STATUS },
  {
    suites: ['express-4', 'express-5'],
    title: /^req \.ip when .* should return the remote address$/,
    reason: ADDRESS,
  },
  { suites: ['finalhandler'], title: /should persist set headers$/, reason: SERVER },
  { suites: ['compression'], title: /should compress when enforceEncoding is/, reason: DECOMPRESSED },
  {
    suites: ['koa'],
    title:
      /Stream should (respond|strip content-length when overwriting)$|Content-Length when Transfer-Encoding/,
    reason: COUNTED,
  },
  {
    suites: ['koa'],
    title: /flushHeaders\(\) should catch stream error$/,
    reason: COUNTED,
    sometimes: true,
  },
  {
    suites: ['node-server'],
    title: /\/readable-stream|text-with-content-length|should return JSON body - stream/i,
    reason: COUNTED,
  },
  {
    suites: ['express-4', 'express-5', 'body-parser'],
    title: /\.text\(\) with limit option should not error when inflating$/,
    reason: NO_LENGTH,
    sometimes: true,
  },
  { suites: ['morgan'], title: /should not exist for aborted request$/, reason: NO_LENGTH },
  {
    suites: ['on-finished'],
    title: /when (response|request) errors|\(req, listener\) when using keep-alive/,
    reason: NO_LENGTH,
  },
  {
    suites: ['node-server'],
    title: /^test\/server-socket\.test\.ts: .* POST \//,
    reason: NO_LENGTH,
  },
  { suites: ['on-finished'], title: /when requests pipelined/, reason: PIPELINED },
  { suites: ['on-finished'], title: /when (CONNECT method|Upgrade request)/, reason: UPGRADE },
  { suites: ['node-server'], title: /^test\/websocket\.test\.ts: /, reason: UPGRADE },
  { suites: ['supertest'], title: /should handle socket errors$/, reason: ABORTED },
  { suites: ['node-server'], title: /should return error - stream without app crashing$/i, reason: ABORTED },
  { suites: ['koa'], title: /custom statusMessage=ok should respond/, reason: REASON_PHRASE },
  { suites: ['koa'], title: /when 205 should strip content related header fields/, reason: NO_CONTENT },
  {
    suites: ['node-server'],
    title: /^test\/request-client-disconnect\.test\.ts: /,
    reason: UNREAD,
  },
  {
    suites: ['koa'],
    title: /continuous requests in one persistent connection should always be writable/,
    reason: HALF_CLOSED,
  },
];
