import { AsyncResource } from 'node:async_hooks';
import type { ConnectionOptions, Connections } from '../connections/connections.js';
import { answerPlainly, lengthRequired, requestTimeout, serverError } from '../connections/plain-answer.js';
import type { NativeConnectionSet, NativeRequestHandler } from '../native/binding.js';
import { native } from '../native/binding.js';
import type { RawHandler } from './raw.js';
import { RawRequest } from './raw-request.js';
import { RawResponse } from './raw-response.js';

const RESOURCE_OPTIONS = { requireManualDestroy: true };

/** Serves the LSAPI connections of a process with a raw handler. */
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
    this.set = new native.ConnectionSet(options.limits, this);
  }

  onRequest(slot: number, serial: number, bodyLength: number, method: number | string, url: string): void {
    if (bodyLength < 0) {
      answerPlainly(this.set, slot, serial, lengthRequired);
      return;
    }
    const request = new RawRequest(this, slot, serial, bodyLength, method, url);
    const response = new RawResponse(this, request);
    this.#requests[slot] = request;
    this.#responses[slot] = response;
    // A resource of its own keeps what the handler puts into the asynchronous context with its request.
    new AsyncResource('LSAPIREQUEST', RESOURCE_OPTIONS).runInAsyncScope(
      callHandler,
      this,
      this.#handler,
      request,
      response,
    );
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
    if (!response.headersSent) answerPlainly(this.set, slot, serial, requestTimeout);
    else response.end();
    this.requestGone(request);
  }

  onDrained(): void {
    this.#options.onDrained?.();
  }

  onLog(line: string): void {
    this.#options.log(line);
  }

  isLive(request: RawRequest): boolean {
    return this.#requests[request.slot] === request;
  }

  /** The response is complete. */
  forget(request: RawRequest): void {
    if (!this.isLive(request)) return;
    this.#requests[request.slot] = undefined;
    this.#responses[request.slot] = undefined;
  }

  /** The client has left. */
  requestGone(request: RawRequest): void {
    const response = this.#responses[request.slot];
    this.forget(request);
    request.abort();
    response?.drain();
  }

  failRequest(error: unknown, request: RawRequest, response: RawResponse): void {
    if (request.aborted) return; // what was thrown is most likely the abort itself
    const shown = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#options.log(`error in the handler of ${request.method} ${request.url}: ${shown}`);
    if (response.ended) return;
    if (response.headersSent) {
      response.end();
      return;
    }
    answerPlainly(
      this.set,
      request.slot,
      request.serial,
      serverError(this.#options.development ? error : undefined),
      false,
    );
    response.ended = true;
    this.forget(request);
  }

  failRequests(error: unknown): void {
    this.#requests.forEach((request, slot) => {
      const response = this.#responses[slot];
      if (request !== undefined && response !== undefined) this.failRequest(error, request, response);
    });
  }
}

function callHandler(
  this: RawConnections,
  handler: RawHandler,
  request: RawRequest,
  response: RawResponse,
): void {
  try {
    const result: unknown = handler(request, response);
    if (result instanceof Promise) {
      result.catch((error: unknown) => this.failRequest(error, request, response));
    }
  } catch (error) {
    this.failRequest(error, request, response);
  }
}
