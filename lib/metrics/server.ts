import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { formatAddress, type Address } from '../config/address.js';
import { LsapiError } from '../errors.js';
import { presentsToken } from './authorize.js';
import { CONTENT_TYPE } from './exposition.js';

/** Serves the metrics over HTTP. */
export interface MetricsServerOptions {
  /** A Unix socket, which its owner alone can connect to, or with a token a TCP address. */
  readonly address: Address;
  /** What clients must present. */
  readonly token?: string | undefined;
  /** The text of now. */
  readonly metrics: () => string;
}

/** Reading them takes some time for each process: who asks in a row gets the same answer again. */
const FRESH_MS = 500;
const NOBODY = 0o177;

/**
 * Listens for those who read metrics: GET / or /metrics.
 *
 * @throws LsapiError `LSAPI_ERR_LISTEN`; `LSAPI_ERR_OPTION` for a TCP address without a token
 */
export async function serveMetrics(options: MetricsServerOptions): Promise<Server> {
  const { address, token } = options;
  if (address.kind === 'tcp' && token === undefined) {
    throw new LsapiError(
      'LSAPI_ERR_OPTION',
      `Whoever reaches ${formatAddress(address)} could read the metrics: name a file with a token (--token-file), or listen on a Unix socket (--listen unix:/run/user/${process.getuid?.() ?? 0}/lsnode-metrics.sock).`,
    );
  }
  let text = '';
  let takenAt = Number.NEGATIVE_INFINITY;
  const server = createServer((request, response) => {
    const now = performance.now();
    answer(request, response, token, () => {
      if (now - takenAt >= FRESH_MS) {
        text = options.metrics();
        takenAt = now;
      }
      return text;
    });
  });
  if (address.kind === 'unix') await removeStaleSocket(address.path);
  // The file must not be there for others even for a moment.
  const umask = process.umask(NOBODY);
  try {
    await listen(server, address);
  } finally {
    process.umask(umask);
  }
  if (address.kind === 'unix') chmodSync(address.path, 0o600);
  return server;
}

/** Answers one request for metrics; what is none, or of somebody who may not know, gets an error. */
export function answer(
  request: IncomingMessage,
  response: ServerResponse,
  token: string | undefined,
  metrics: () => string,
): void {
  const path = (request.url ?? '').replace(/\?.*/s, '');
  const send = (status: number, body: string, headers: Record<string, string> = {}): void => {
    response.writeHead(status, {
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': Buffer.byteLength(body),
      ...headers,
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
  if (token !== undefined && !presentsToken(request, token)) {
    send(401, 'The token is missing or wrong: send it as Authorization: Bearer TOKEN.\n', {
      'WWW-Authenticate': 'Bearer',
    });
  } else if (request.method !== 'GET' && request.method !== 'HEAD') {
    send(405, 'Metrics are read with GET.\n', { Allow: 'GET, HEAD' });
  } else if (path !== '/' && path !== '/metrics') {
    send(404, 'The metrics are at /metrics.\n');
  } else {
    send(200, metrics(), { 'Content-Type': CONTENT_TYPE });
  }
}

function listen(server: Server, address: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new LsapiError('LSAPI_ERR_LISTEN', `Cannot listen on ${formatAddress(address)}: ${cause.message}.`, {
          cause,
        }),
      ),
    );
    server.listen(
      address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port },
      resolve,
    );
  });
}

/** A socket that nobody listens on any more is in the way; anything else that is there is left alone. */
async function removeStaleSocket(path: string): Promise<void> {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return;
  const isStale = await new Promise<boolean>((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(false);
    });
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
  if (isStale) unlinkSync(path);
}
