import type { ConnectionOptions } from '../connections/connections.js';
import type { PlainAnswer } from '../connections/plain-answer.js';
import { RawConnections } from '../raw/raw-connections.js';
import type { RawRequest } from '../raw/raw-request.js';
import type { RawResponse } from '../raw/raw-response.js';
import { BackgroundWork } from './background-work.js';
import type { FetchHandler } from './fetch.js';
import { FetchContext } from './fetch-context.js';
import { createRequest } from './fetch-request.js';
import { installResponse } from './fetch-response.js';
import { sendResult } from './send-response.js';

/** Methods that a Request cannot have (Fetch Standard §2.2.1). */
const FORBIDDEN_METHOD = /^(?:CONNECT|TRACE|TRACK)$/i;

const notImplemented: PlainAnswer = {
  status: 501,
  headers: { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' },
  body: 'Not Implemented\n\nThis method cannot be served.\n',
};

/** Serves the LSAPI connections of a process with a fetch handler. */
export class FetchConnections extends RawConnections {
  readonly #work: BackgroundWork;
  readonly #grace: number;

  constructor(handler: FetchHandler, options: ConnectionOptions) {
    installResponse();
    const work = new BackgroundWork(options.log);
    // With their texts, since requests and contexts outlive the response.
    super((request, response) => serve(handler, work, request, response), {
      ...options,
      limits: { ...options.limits, eagerText: true },
    });
    this.#work = work;
    this.#grace = options.grace ?? 0;
  }

  protected override get refusesWebSockets(): boolean {
    return true;
  }

  override onDrained(): void {
    if (this.#work.pending === 0) super.onDrained();
    else void this.#work.finish(this.#grace).then(() => super.onDrained());
  }
}

function serve(
  handler: FetchHandler,
  work: BackgroundWork,
  request: RawRequest,
  response: RawResponse,
): void | Promise<void> {
  const { method } = request;
  if (method !== 'GET' && method !== 'POST' && FORBIDDEN_METHOD.test(method)) {
    response.send(notImplemented.status, notImplemented.headers, notImplemented.body);
    return;
  }
  const context = new FetchContext(request, work);
  return sendResult(handler.fetch(createRequest(request, context), context, context), request, response);
}
