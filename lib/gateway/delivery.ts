import type { RespHeaderPacket } from '../codec/index.js';
import type { LsapiError } from '../errors.js';
import { CgiHeaderParser } from './cgi-headers.js';
import type { ClientResponse } from './client-response.js';
import { violation, type AppConnection, type ConnectionUser } from './connection.js';
import type { ErrorReport } from './error-page.js';
import type { ResolvedOptions } from './options.js';
import type { ConnectionSource, ConnectionWaiter } from './pool.js';
import { REPLAY_LIMIT, type RequestBody } from './request-body.js';
import { treatHead, type InternalRedirect } from './response-policy.js';

/** Who wants a request delivered. Exactly one of these is called, unless the delivery is aborted. */
export interface DeliveryOwner {
  /** The response is complete. */
  onDelivered(): void;
  onRedirect(redirect: InternalRedirect): void;
  /** There is no response, and nothing was sent to the client. */
  onFailed(report: ErrorReport): void;
  /** The client is to be cut off: it got a part of a response that does not go on, or is to get nothing at all. */
  onCut(reason: string): void;
}

/** What a delivery needs of the gateway. */
export interface DeliveryContext {
  readonly options: Pick<ResolvedOptions, 'maxDeliveries' | 'connTimeout' | 'errorLog'>;
  readonly pool: ConnectionSource;
}

/** A pause before the next attempt after connect() failed: the application may be starting. */
const CONNECT_RETRY_MS = 100;

/**
 * Brings one request to the application and its response to the client. A connection that fails before the end of the
 * response makes for another delivery of the whole request, up to `maxDeliveries` in total, even after a part of the
 * response has left (lsapi-protocol §2.9).
 */
export class Delivery implements ConnectionUser, ConnectionWaiter {
  readonly #context: DeliveryContext;
  readonly #packet: Buffer;
  readonly #body: RequestBody | undefined;
  readonly #client: ClientResponse;
  readonly #owner: DeliveryOwner;
  #connection: AppConnection | undefined;
  #withdraw: (() => void) | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #deliveries = 0;
  #done = false;

  // State of the current response
  #headerPacketSeen = false;
  #headComplete = false;
  #numericStatus = 0;
  #packetLines: readonly string[] = [];
  #cgi: CgiHeaderParser | undefined;

  constructor(
    context: DeliveryContext,
    packet: Buffer,
    body: RequestBody | undefined,
    client: ClientResponse,
    owner: DeliveryOwner,
  ) {
    this.#context = context;
    this.#packet = packet;
    this.#body = body;
    this.#client = client;
    this.#owner = owner;
  }

  /** How often the request was delivered, failed attempts to connect included. */
  get deliveries(): number {
    return this.#deliveries;
  }

  start(): void {
    this.#withdraw = this.#context.pool.acquire(this, this.#deliveries > 0);
  }

  /** The client has left. */
  abort(): void {
    if (this.#done) return;
    this.#done = true;
    this.#withdraw?.();
    clearTimeout(this.#retryTimer);
    this.#connection?.abort();
  }

  onConnection(connection: AppConnection): void {
    this.#connection = connection;
    this.#deliveries++;
    this.#headerPacketSeen = false;
    this.#headComplete = false;
    this.#numericStatus = 0;
    this.#packetLines = [];
    this.#cgi = undefined;
    this.#client.onWritable = () => connection.resume();
    const body = this.#body;
    connection.begin(this, this.#packet, body !== undefined);
    body?.attach(connection);
  }

  onConnectFailure(error: LsapiError): void {
    this.#deliveries++;
    this.#retry(error, CONNECT_RETRY_MS);
  }

  onHeader(packet: RespHeaderPacket): void {
    if (this.#done) return;
    if (this.#headerPacketSeen || this.#headComplete) {
      this.#connection?.fail(violation('a second RESP_HEADER'));
      return;
    }
    this.#headerPacketSeen = true;
    this.#numericStatus = packet.status;
    this.#packetLines = packet.lines;
    // Without lines, or cut short, the header goes on in RESP_STREAM (lsapi-protocol §2.1).
    if (packet.lines.length > 0 && !packet.truncated) this.#completeHead(packet.lines, true);
  }

  onStream(payload: Buffer): void {
    if (this.#done) return;
    let body: Buffer | undefined = payload;
    if (!this.#headComplete) {
      const cgi = (this.#cgi ??= new CgiHeaderParser());
      body = cgi.push(payload);
      if (body !== undefined) this.#completeHead([...this.#packetLines, ...cgi.lines], false);
      else if (cgi.overflown) this.#failHead(500, 'The header section in the body has no end.');
      if (this.#done || body === undefined) return;
    }
    if (!this.#client.write(body)) this.#connection?.pause();
  }

  onEnd(): boolean {
    const sentWhole = this.#bodySent();
    if (this.#done) return sentWhole;
    if (!this.#headComplete) {
      this.#failHead(
        500,
        'The response ended before its header was complete: RESP_HEADER with at least one header line is missing.',
      );
      return false;
    }
    this.#done = true;
    this.#connection = undefined;
    this.#body?.discard();
    const missing = this.#client.end();
    if (missing > 0) this.#owner.onCut(`${missing} bytes of the announced Content-Length are missing`);
    else this.#owner.onDelivered();
    return sentWhole;
  }

  onDry(): void {
    if (!this.#done && this.#headComplete) this.#client.flush();
  }

  onConnClose(): void {
    this.onDry();
  }

  onWritable(): void {
    this.#body?.resume();
  }

  onFailure(error: LsapiError): void {
    this.#connection = undefined;
    if (this.#done) return;
    this.#body?.detach();
    this.#client.endDelivery();
    this.#retry(error, 0);
  }

  onTimeout(): void {
    if (this.#done || this.#client.blocked) return;
    this.#finish();
    const reason = `Nothing happened for ${this.#context.options.connTimeout} ms, so the request was given up.`;
    if (this.#client.started) this.#owner.onCut(reason);
    else this.#owner.onFailed({ status: 504, reason, code: 'LSAPI_ERR_GATEWAY_TIMEOUT' });
  }

  #retry(error: LsapiError, delayMs: number): void {
    const { options } = this.#context;
    options.errorLog(`delivery ${this.#deliveries} of ${options.maxDeliveries}: ${error.message}`);
    if (this.#deliveries >= options.maxDeliveries) {
      this.#giveUp(503, `${error.message}. That was attempt ${this.#deliveries}.${hintFor(error)}`, error);
    } else if (this.#body?.replayable === false) {
      const reason = `${error.message}. The upload is longer than ${REPLAY_LIMIT} bytes, so it was not kept to be sent again.`;
      this.#giveUp(502, reason, error);
    } else if (delayMs === 0) {
      this.start();
    } else {
      this.#retryTimer = setTimeout(() => this.start(), delayMs);
    }
  }

  #giveUp(status: number, reason: string, error: LsapiError): void {
    this.#done = true;
    if (this.#client.started) this.#owner.onCut(reason);
    else this.#owner.onFailed({ status, reason, code: error.code });
  }

  #completeHead(lines: readonly string[], inPacket: boolean): void {
    this.#headComplete = true;
    // After a failed delivery in mid-response the client has the first one's header already.
    if (this.#client.started) return;
    const treatment = treatHead(this.#numericStatus, lines);
    switch (treatment.kind) {
      case 'respond':
        for (const message of treatment.dropped) this.#context.options.errorLog(message);
        this.#client.setHead(treatment);
        return;
      case 'redirect':
        this.#redirect(treatment, inPacket);
        return;
      case 'drop':
        this.#finish();
        this.#owner.onCut('the response asked for it with status 444');
        return;
      case 'invalid':
        this.#failHead(502, `Response refused: ${treatment.reason}`);
    }
  }

  /** In RESP_HEADER an internal redirect costs the connection, in a header section of the body it does not (§2.10). */
  #redirect(treatment: InternalRedirect, inPacket: boolean): void {
    this.#done = true;
    this.#body?.detach();
    if (inPacket) this.#connection?.destroy();
    this.#connection = undefined;
    this.#owner.onRedirect(treatment);
  }

  #failHead(status: number, reason: string): void {
    this.#finish();
    // After a failed delivery in mid-response the client has the first one's header already.
    if (this.#client.started) this.#owner.onCut(reason);
    else this.#owner.onFailed({ status, reason, code: 'LSAPI_ERR_GATEWAY_RESPONSE' });
  }

  #finish(): void {
    this.#done = true;
    this.#body?.discard();
    this.#connection?.abort();
    this.#connection = undefined;
  }

  /** Whether the application has, or will get, exactly the declared body. */
  #bodySent(): boolean {
    if (this.#body === undefined) return true;
    return this.#body.ended && !this.#body.endless && this.#connection?.drained === true;
  }
}

function hintFor(error: LsapiError): string {
  switch (error.code) {
    case 'LSAPI_ERR_GATEWAY_CONNECT':
      return ' Is the application running, and does it listen there?';
    case 'LSAPI_ERR_GATEWAY_TIMEOUT':
      return ' Look whether the application is blocked while it starts.';
    default:
      return ' Look into its error output: it may have crashed while it handled the request.';
  }
}
