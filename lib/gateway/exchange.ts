import type { IncomingMessage, ServerResponse } from 'node:http';
import { encodeRequest, type NameValue } from '../codec/index.js';
import { isLsapiError } from '../errors.js';
import { ClientResponse } from './client-response.js';
import { Delivery, type DeliveryContext, type DeliveryOwner } from './delivery.js';
import { buildEnvironment, GATEWAY_NAME, type ClientAddresses } from './environ.js';
import { renderErrorPage, type ErrorReport } from './error-page.js';
import { mapRedirect, mapRequest, type AppMapping, type Mapping } from './mapping.js';
import type { ResolvedOptions } from './options.js';
import { refuseRequest } from './refusal.js';
import { RequestBody } from './request-body.js';
import { prepareHeaders, withKnownLength, type PreparedHeaders } from './request-headers.js';
import type { InternalRedirect } from './response-policy.js';
import { serveFile } from './static-file.js';
import { parseTarget, type RequestTarget } from './target.js';

/** What an exchange needs of the gateway. */
export interface ExchangeContext extends DeliveryContext {
  readonly options: ResolvedOptions;
}

/**
 * How long a chunked upload is waited for. If it is complete by then it is delivered with its length, else with
 * length -1, as OpenLiteSpeed does it (lsapi-protocol §1.10) and with the same consequences: nothing marks its end.
 */
const CHUNKED_PATIENCE_MS = 100;
const MAX_REDIRECTS = 10;
/** Largest body length that the packet's own field can hold; beyond it -2 refers to Content-Length (§1.10). */
const MAX_LENGTH_FIELD = 0x7fffffff;

/** One request of a client, from its header to its line in the access log. */
export class Exchange implements DeliveryOwner {
  readonly #context: ExchangeContext;
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #prepared: PreparedHeaders;
  readonly #method: string;
  readonly #client: ClientResponse;
  readonly #time = new Date();
  readonly #startedAt = performance.now();
  readonly #addresses: ClientAddresses;
  #original: RequestTarget | undefined;
  #body: RequestBody | undefined;
  #bodyLength = 0;
  #headers: NameValue[];
  #delivery: Delivery | undefined;
  #deliveries = 0;
  #redirects = 0;
  #carried: string[] = [];
  #closed = false;

  /** @param onDone Called when the response has been sent or the client has left. */
  constructor(context: ExchangeContext, req: IncomingMessage, res: ServerResponse, onDone: () => void) {
    this.#context = context;
    this.#req = req;
    this.#res = res;
    this.#method = req.method ?? '';
    this.#addresses = addressesOf(req);
    this.#prepared = prepareHeaders(req.rawHeaders);
    this.#headers = this.#prepared.headers;
    this.#client = new ClientResponse(res, this.#method, this.#prepared.acceptEncoding);
    res.on('error', () => undefined);
    res.once('close', () => {
      this.#closed = true;
      this.#delivery?.abort();
      this.#log();
      onDone();
    });
  }

  run(): void {
    const refusal = refuseRequest(this.#req, this.#prepared);
    if (refusal !== undefined) {
      this.onFailed(refusal);
      return;
    }
    const target = parseTarget(this.#req.url ?? '');
    if (target === undefined) {
      this.onFailed({ status: 400, reason: 'The request target is no path, or it leads above the root.' });
      return;
    }
    this.#original = target;
    this.#prepareBody(() => this.#follow(mapRequest(this.#context.options, target), target, target));
  }

  onDelivered(): void {
    this.#endDelivery();
  }

  onRedirect(redirect: InternalRedirect): void {
    this.#endDelivery();
    const original = this.#original;
    const target = parseTarget(redirect.location);
    if (target === undefined || original === undefined || ++this.#redirects > MAX_REDIRECTS) {
      const reason =
        this.#redirects > MAX_REDIRECTS
          ? `The application redirected internally more than ${MAX_REDIRECTS} times.`
          : `The application redirected internally to "${redirect.location}", which is no path.`;
      this.onFailed({ status: 500, reason, code: 'LSAPI_ERR_GATEWAY_RESPONSE' });
      return;
    }
    this.#carried.push(...redirect.carried);
    this.#client.carry(redirect.carried);
    this.#follow(mapRedirect(this.#context.options, target), target, original);
  }

  onFailed(report: ErrorReport): void {
    this.#endDelivery();
    this.#body?.discard();
    const { development, errorLog } = this.#context.options;
    if (report.status >= 500) errorLog(`${this.#method} ${this.#req.url} ${report.status}: ${report.reason}`);
    sendError(this.#res, report, development);
  }

  onCut(reason: string): void {
    this.#endDelivery();
    this.#context.options.errorLog(`${this.#method} ${this.#req.url}: response cut off: ${reason}`);
    this.#client.cut();
  }

  #endDelivery(): void {
    this.#deliveries += this.#delivery?.deliveries ?? 0;
    this.#delivery = undefined;
  }

  /** Finds out how long the body is; for chunked uploads that takes a while. */
  #prepareBody(ready: () => void): void {
    const { transferEncoding, contentLength } = this.#prepared;
    if (transferEncoding === undefined) {
      // Node's parser has made sure that this is a number.
      this.#bodyLength = Number(contentLength ?? 0);
      if (this.#bodyLength > 0) this.#body = new RequestBody(this.#req);
      ready();
      return;
    }
    const body = new RequestBody(this.#req);
    body.collect(CHUNKED_PATIENCE_MS, () => {
      if (this.#closed) return;
      if (body.ended) {
        this.#bodyLength = body.received;
        this.#headers = withKnownLength(this.#prepared, body.received);
      } else {
        this.#bodyLength = -1;
        body.endless = true;
        this.#context.options.errorLog(
          `${this.#method} ${this.#req.url}: chunked upload was not complete in time, so it is delivered without a ` +
            'length, as OpenLiteSpeed does: the application cannot tell where it ends',
        );
      }
      this.#body = body;
      ready();
    });
  }

  #follow(mapping: Mapping, current: RequestTarget, original: RequestTarget): void {
    switch (mapping.kind) {
      case 'app':
        this.#deliver(mapping, current, original);
        return;
      case 'file':
        this.#body?.discard();
        serveFile(this.#req, this.#res, mapping.path, this.#carried);
        return;
      case 'moved':
        this.#body?.discard();
        this.#res
          .writeHead(301, ['server', GATEWAY_NAME, 'location', mapping.location, 'content-length', '0'])
          .end();
        return;
      case 'missing':
        this.onFailed({ status: 404, reason: `Not found: ${mapping.reason}.` });
    }
  }

  #deliver(mapping: AppMapping, current: RequestTarget, original: RequestTarget): void {
    if (current !== original && this.#body?.replayable === false) {
      this.onFailed({
        status: 502,
        reason: 'The application redirected internally, but the upload is too long to be sent a second time.',
        code: 'LSAPI_ERR_GATEWAY_RESPONSE',
      });
      return;
    }
    const packet = this.#encode(mapping, current, original);
    if (packet === undefined) return;
    this.#delivery = new Delivery(this.#context, packet, this.#body, this.#client, this);
    this.#delivery.start();
  }

  #encode(mapping: AppMapping, current: RequestTarget, original: RequestTarget): Buffer | undefined {
    const { options } = this.#context;
    try {
      const packet = encodeRequest({
        reqBodyLen: this.#bodyLength > MAX_LENGTH_FIELD ? -2 : this.#bodyLength,
        env: buildEnvironment({
          options,
          addresses: this.#addresses,
          method: this.#method,
          httpVersion: this.#req.httpVersion,
          prepared: this.#prepared,
          original,
          current,
          mapping,
        }),
        header: {
          // HTTP/1.1 whatever the client said: SERVER_PROTOCOL has the truth (§1.9).
          requestLine: `${this.#method} ${this.#req.url} HTTP/1.1`,
          headers: this.#headers,
          wrapLengths: true,
        },
      });
      if (packet.length <= options.packetLimit) return packet;
      this.onFailed({
        status: 431,
        reason: `The request makes a packet of ${packet.length} bytes, the application takes ${options.packetLimit}.`,
      });
    } catch (error) {
      if (!isLsapiError(error)) throw error;
      this.onFailed({
        status: 431,
        reason: `The request does not fit the protocol: ${error.message}.`,
        code: error.code,
      });
    }
    return undefined;
  }

  #log(): void {
    this.#endDelivery();
    this.#context.options.accessLog?.({
      time: this.#time,
      remoteAddress: this.#addresses.remoteAddress,
      method: this.#method,
      url: this.#req.url ?? '',
      httpVersion: this.#req.httpVersion,
      status: this.#res.headersSent ? this.#res.statusCode : 0,
      bytes: this.#client.bytes,
      durationMs: performance.now() - this.#startedAt,
      referer: this.#prepared.referer,
      userAgent: this.#prepared.userAgent,
      deliveries: this.#deliveries,
    });
  }
}

/**
 * Sends a page that says what went wrong. The connection is closed behind it for 5xx and for requests that are not
 * well-formed, as OpenLiteSpeed does.
 */
export function sendError(res: ServerResponse, report: ErrorReport, development: boolean): void {
  const page = Buffer.from(renderErrorPage(report, development));
  const headers = [
    'server',
    GATEWAY_NAME,
    'content-type',
    'text/html',
    'content-length',
    String(page.length),
  ];
  headers.push('cache-control', 'private, no-cache, max-age=0', 'pragma', 'no-cache');
  if (report.status >= 500 || report.status === 400) headers.push('connection', 'close');
  res.writeHead(report.status, headers);
  res.end(page);
}

function addressesOf({ socket }: IncomingMessage): ClientAddresses {
  return {
    remoteAddress: plainAddress(socket.remoteAddress),
    remotePort: socket.remotePort ?? 0,
    localAddress: plainAddress(socket.localAddress),
    // A Unix socket has no port; 80 is what a URL without one means.
    localPort: socket.localPort ?? 80,
  };
}

/** IPv4 clients of an IPv6 listener as IPv4; clients of a Unix socket as the local host. */
function plainAddress(address: string | undefined): string {
  return address === undefined || address === '' ? '127.0.0.1' : address.replace(/^::ffff:(?=\d+\.)/, '');
}
