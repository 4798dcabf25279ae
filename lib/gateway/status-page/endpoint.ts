import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIPv6 } from 'node:net';
import { LsapiError } from '../../errors.js';
import { isLoopback, presentsToken } from '../../metrics/authorize.js';
import { CONTENT_TYPE, formatMetrics } from '../../metrics/index.js';
import type { GroupStatus } from '../../status/group-status.js';
import { CONTENT_SECURITY_POLICY, statusPage } from './page.js';

/** What the gateway's status page shows, and to whom. */
export interface StatusPageOptions {
  /** Where it is: `/lsnode-status`. The status is at `PATH/status.json`, the metrics at `PATH/metrics`. */
  readonly path: string;
  /** Lets in clients of other machines that present it; without it only this machine may look. */
  readonly token?: string | undefined;
  /** What is shown. */
  readonly groups: () => readonly GroupStatus[];
}

/** Headers that a proxy adds: the client is somebody else than who has connected. */
const FORWARDED = ['forwarded', 'via', 'x-forwarded-for', 'x-real-ip'];
const FRESH_MS = 500;

/** Answers requests for the status page in place of the app. */
export class StatusEndpoint {
  readonly #options: StatusPageOptions;
  readonly #page: string;
  #groups: readonly GroupStatus[] = [];
  #takenAt = Number.NEGATIVE_INFINITY;

  /** @throws LsapiError `LSAPI_ERR_OPTION` for paths that cannot be one */
  constructor(options: StatusPageOptions) {
    const path = options.path.replace(/\/+$/, '');
    if (!/^(?:\/[\w.~-]+)+$/.test(path)) {
      throw new LsapiError(
        'LSAPI_ERR_OPTION',
        `The path of the status page must begin with a slash and consist of letters, digits and -._~, but is "${options.path}". Choose one such as /lsnode-status.`,
      );
    }
    this.#options = { ...options, path };
    this.#page = statusPage(`${path}/status.json`);
  }

  /** Answers, if the request is for the page or what belongs to it. */
  answers(request: IncomingMessage, response: ServerResponse): boolean {
    const { path } = this.#options;
    const target = (request.url ?? '').replace(/\?.*/s, '');
    if (target !== path && !target.startsWith(`${path}/`)) return false;
    if (!this.#admits(request)) {
      // With a token configured a browser may ask for it.
      const hasToken = this.#options.token !== undefined;
      send(request, response, hasToken ? 401 : 403, 'text/plain; charset=utf-8', REFUSALS[hasToken ? 1 : 0], {
        ...(hasToken && { 'WWW-Authenticate': 'Basic realm="lsnode status", charset="UTF-8"' }),
      });
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      send(request, response, 405, 'text/plain; charset=utf-8', 'The status is read with GET.\n', {
        Allow: 'GET, HEAD',
      });
    } else {
      this.#answer(target.slice(path.length), request, response);
    }
    return true;
  }

  #answer(what: string, request: IncomingMessage, response: ServerResponse): void {
    switch (what) {
      case '':
      case '/':
        send(request, response, 200, 'text/html; charset=utf-8', this.#page, {
          'Content-Security-Policy': CONTENT_SECURITY_POLICY,
          'Referrer-Policy': 'no-referrer',
          'X-Frame-Options': 'DENY',
        });
        break;
      case '/status.json':
        send(request, response, 200, 'application/json', JSON.stringify(this.#now()));
        break;
      case '/metrics':
        send(request, response, 200, CONTENT_TYPE, formatMetrics(this.#now()));
        break;
      default:
        send(
          request,
          response,
          404,
          'text/plain; charset=utf-8',
          'There is no such part of the status page.\n',
        );
    }
  }

  /** Several windows share one look. */
  #now(): readonly GroupStatus[] {
    const now = performance.now();
    if (now - this.#takenAt >= FRESH_MS) {
      this.#groups = this.#options.groups();
      this.#takenAt = now;
    }
    return this.#groups;
  }

  #admits(request: IncomingMessage): boolean {
    const { token } = this.#options;
    if (token !== undefined && presentsToken(request, token)) return true;
    const { headers, socket } = request;
    return (
      isLoopback(socket.remoteAddress) &&
      FORWARDED.every((name) => headers[name] === undefined) &&
      // A name that leads here is anybody's to make (DNS rebinding), and so then is what scripts of theirs may read.
      isLocalHost(headers.host)
    );
  }
}

const REFUSALS = [
  'Only this machine may see the status page, by its own address (http://127.0.0.1 or http://localhost). For others, --status-token-file names a file with a token.\n',
  'The token of --status-token-file is missing or wrong: send it as Authorization: Bearer TOKEN, or as the password.\n',
] as const;

function isLocalHost(host: string | undefined): boolean {
  const name = (host ?? '').replace(/:\d+$/, '').toLowerCase();
  const bare = name.replace(/^\[(.*)\]$/, '$1');
  return name === 'localhost' || (isIPv6(bare) === name.startsWith('[') && isLoopback(bare));
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  type: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  request.resume();
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}
