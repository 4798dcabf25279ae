/** Why some files of a suite are not run. */
export interface LeftOut {
  readonly reason: string;
  readonly matches: (name: string, text: string) => boolean;
}

/**
 * Files of Node's own `test/parallel/test-http-*`: what they are about cannot exist behind a web server that speaks
 * HTTP itself, or has nothing to do with a server.
 */
export const NODE_LEFT_OUT: readonly LeftOut[] = [
  {
    reason: 'no server of http in it',
    matches: (_, text) =>
      !/http\.(?:createServer|Server)\b|createServer\(|new Server\(/.test(
        text.replaceAll('net.createServer', ''),
      ),
  },
  {
    reason: 'about the client or its agent',
    matches: (name) =>
      /^test-http-(?:client|agent|outgoing-first|localaddress|unix-socket-keep|request-agent|url\.parse|globalagent|default-port|max-sockets)/.test(
        name,
      ),
  },
  {
    reason: 'writes or reads HTTP on a socket itself, mostly malformed',
    matches: (_, text) =>
      /\bnet\.(?:connect|createConnection|createServer|Socket|Server)\b|require\('net'\)/.test(text),
  },
  {
    reason: "about Node's parser",
    matches: (name, text) =>
      name.includes('parser') ||
      /internalBinding\('http_parser'\)|require\('_http_common'\)|HTTPParser/.test(text),
  },
  { reason: 'about Upgrade or CONNECT', matches: (name) => /upgrade|connect/.test(name) },
  {
    reason: 'about TLS, HTTP/2, cluster or workers',
    matches: (_, text) => /require\('(?:https|tls|http2|cluster|worker_threads)'\)/.test(text),
  },
  { reason: "needs Node's internals", matches: (_, text) => /--expose[-_]internals/.test(text) },
];

/** Files of Fastify's tests whose every test waits for what was written on a client's socket, or sent without a Host. */
export const FASTIFY_LEFT_OUT: readonly LeftOut[] = [
  {
    reason: 'writes or reads HTTP on a socket itself, mostly malformed',
    matches: (name) => /^(?:client-timeout|request-header-host|skip-reply-send)\.test\.js$/.test(name),
  },
];
