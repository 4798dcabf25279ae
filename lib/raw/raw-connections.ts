import type { ConnectionOptions, Connections } from '../connections/connections.js';
import {
  answerPlainly,
  lengthRequired,
  requestTimeout,
  serverError,
  webSocketRefused,
} from '../connections/plain-answer.js';
import { isLsapiError } from '../errors.js';
import type { NativeConnectionSet, NativeRequestHandler } from '../native/binding.js';
import { RequestTrait } from '../native/binding.js';
import { openConnectionSet } from '../native/exchange.js';
import type { RawHandler } from './raw.js';
import { RawRequest } from './raw-request.js';
import { RawResponse } from './raw-response.js';

/** Serves the LSAPI connections of a process with a raw handler, and the styles that are built on it. */
export class RawConnections implements Connections, NativeRequestHandler {
  readonly set: NativeConnectionSet;
  readonly #handler: RawHandler;
  readonly #options: ConnectionOptions;
  /** Requests in progress and their responses, by slot of the native set. */
  readonly #requests: (RawRequest | undefined)[] = [];
  readonly #responses: (RawResponse | undefined)[] = [];

  constructor(handler: RawHandler, options: ConnectionOptions) {
    this.#handler = handler;
    this.#options = options;
    this.set = options.set ?? openConnectionSet(options.limits, options.requestLog?.handle(this) ?? this);
  }

  onRequest(
    slot: number,
    serial: number,
    bodyLength: number,
    method: string,
    url: string,
    headerText?: string,
    envText?: string,
    traits = 0,
  ): void {
    if (bodyLength < 0) {
      answerPlainly(this.set, slot, serial, lengthRequired);
      return;
    }
    if ((traits & RequestTrait.WebSocket) !== 0 && this.refusesWebSockets) {
      answerPlainly(this.set, slot, serial, webSocketRefused, false);
      return;
    }
    const request = new RawRequest(this, slot, serial, bodyLength, method, url, headerText, envText);
    const response = new RawResponse(this, request);
    this.#requests[slot] = request;
    this.#responses[slot] = response;
    // This call has an asynchronous scope of its own (see Call() in connection_set_binding.cc).
    try {
      const result = this.#handler(request, response);
      // Any thenable: libraries have promises of their own.
      if (typeof result?.then === 'function') {
        result.then(undefined, (error: unknown) => this.failRequest(error, request, response));
      }
    } catch (error) {
      this.failRequest(error, request, response);
    }
  }

  onBody(slot: number): void {
    this.#requests[slot]?.wakeBody();
  }

  onDrain(slot: number): void {
    this.#responses[slot]?.drain();
  }

  onAbort(slot: number): void {
    const request = this.#requests[slot];
    if (request !== undefined) this.requestGone(request);
  }

  onBodyTimeout(slot: number, serial: number): void {
    const request = this.#requests[slot];
    const response = this.#responses[slot];
    if (request === undefined || response === undefined) return;
    if (response.headersSent) response.end();
    else answerPlainly(this.set, slot, serial, requestTimeout);
    this.#giveUp(request, response, 'timeout');
  }

  onDrained(): void {
    this.#options.onDrained?.();
  }

  onLog(line: string): void {
    this.#options.log(line);
  }

  onRelax(): void {
    this.#options.onRelax?.();
  }

  onRetire(orphaned: boolean): void {
    this.#options.onRetire?.(orphaned);
  }

  /** Whether handshakes for WebSockets are answered in the handler's place. A raw handler sees all there is. */
  protected get refusesWebSockets(): boolean {
    return false;
  }

  isLive(request: RawRequest): boolean {
    return this.#requests[request.slot] === request;
  }

  /** The response is complete. */
  forget(request: RawRequest): void {
    if (!this.isLive(request)) return;
    this.#requests[request.slot] = undefined;
    this.#responses[request.slot] = undefined;
    request.wakeBody(); // whoever waits for more of it is told that it is over
  }

  /** The client has left. */
  requestGone(request: RawRequest): void {
    const response = this.#responses[request.slot];
    if (response !== undefined) this.#giveUp(request, response, 'aborted');
  }

  #giveUp(request: RawRequest, response: RawResponse, cause: 'aborted' | 'timeout'): void {
    this.forget(request);
    response.ended = true;
    request.giveUp(cause);
    response.drain();
  }

  /** The handler threw or rejected: 500 where nothing was sent yet. */
  failRequest(error: unknown, request: RawRequest, response: RawResponse): void {
    // What is thrown then is most likely that the request was given up.
    if (request.gone !== undefined && isAbortError(error)) return;
    const shown = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#options.log(`error in the handler of ${request.method} ${request.url}: ${shown}`);
    if (!response.ended) this.#answerWithError(error, request, response);
  }

  failRequests(error: unknown): void {
    for (const [slot, request] of this.#requests.entries()) {
      const response = this.#responses[slot];
      if (request === undefined || response === undefined) continue;
      const shown = error instanceof Error ? error.message : String(error);
      this.#options.log(`${request.method} ${request.url} could not be finished: ${shown}`);
      this.#answerWithError(error, request, response);
    }
  }

  #answerWithError(error: unknown, request: RawRequest, response: RawResponse): void {
    if (response.headersSent) {
      // What has been sent cannot be taken back; complete is the least harmful (protocol §2.9).
      response.end();
      return;
    }
    const answer = serverError(this.#options.development ? error : undefined);
    answerPlainly(this.set, request.slot, request.serial, answer, false);
    response.headersSent = true;
    response.ended = true;
    this.forget(request);
  }
}

/** Whether an error says no more than that the request was given up. */
function isAbortError(error: unknown): boolean {
  return (
    isLsapiError(error, 'LSAPI_ERR_REQUEST_ABORTED') ||
    isLsapiError(error, 'LSAPI_ERR_BODY_TIMEOUT') ||
    (error instanceof Error && error.name === 'AbortError')
  );
}
