import { AsyncLocalStorage } from 'node:async_hooks';
import { isUint8Array } from 'node:util/types';
import type { NativeConnectionSet, NativeRequestHandler } from '../native/binding.js';

/** The request that something is printed for. */
class PrintingRequest {
  /** The beginning of a line, which waits for the rest of it until the end of the turn. */
  partial: Buffer | undefined;

  constructor(
    readonly set: NativeConnectionSet,
    readonly slot: number,
    readonly serial: number,
  ) {}
}

const NEWLINE = 0x0a;

type Write = (chunk: Uint8Array) => boolean;

/**
 * LSNODE_STDERR=stream: what is printed while a request is served goes to the web server on the request's own connection
 * (STDERR_STREAM, protocol §2.5), which logs it with that request. What belongs to no request, or comes after the response
 * is complete, stays with the process's log.
 *
 * The server makes one entry of each packet, so lines are sent whole; the rest of one follows at the end of the turn.
 */
export class RequestLog {
  readonly #requests = new AsyncLocalStorage<PrintingRequest>();

  /** @param streams - whose text is taken; for the rest of the process's life */
  constructor(streams: readonly NodeJS.WriteStream[]) {
    for (const stream of streams) this.#divert(stream);
  }

  /** The handler with its requests begun here: what they, and everything that they begin, print is theirs. */
  handle(handler: NativeRequestHandler & { readonly set: NativeConnectionSet }): NativeRequestHandler {
    return {
      onRequest: (slot, serial, ...request) => {
        const printing = new PrintingRequest(handler.set, slot, serial);
        this.#requests.run(printing, () => handler.onRequest(slot, serial, ...request));
      },
      onBody: handler.onBody.bind(handler),
      onDrain: handler.onDrain.bind(handler),
      onAbort: handler.onAbort.bind(handler),
      onBodyTimeout: handler.onBodyTimeout.bind(handler),
      onDrained: handler.onDrained.bind(handler),
      onLog: handler.onLog.bind(handler),
      onRelax: handler.onRelax.bind(handler),
      onRetire: handler.onRetire.bind(handler),
    };
  }

  #divert(stream: NodeJS.WriteStream): void {
    const write = stream.write.bind(stream) as (...parameters: unknown[]) => boolean;
    const print: Write = (chunk) => write(chunk);
    const replacement = (...parameters: unknown[]): boolean => {
      const request = this.#requests.getStore();
      const [chunk, encoding] = parameters;
      const isText = typeof chunk === 'string';
      // Anything else is the stream's to refuse.
      if (request === undefined || (!isText && !isUint8Array(chunk))) return write(...parameters);
      const callback = parameters.findLast((parameter) => typeof parameter === 'function');
      const bytes = isText
        ? Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
        : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      add(request, bytes, print);
      if (callback !== undefined) process.nextTick(callback, null);
      return true;
    };
    Object.defineProperty(stream, 'write', { value: replacement, configurable: true, writable: true });
  }
}

/** Sends the lines of what has been printed, and keeps what is none yet. */
function add(request: PrintingRequest, bytes: Buffer, print: Write): void {
  const { partial } = request;
  const text = partial === undefined ? bytes : Buffer.concat([partial, bytes]);
  const end = text.lastIndexOf(NEWLINE) + 1;
  if (end > 0) send(request, text.subarray(0, end), print);
  // A copy: whoever printed it may use the memory again.
  request.partial = end < text.length ? Buffer.from(text.subarray(end)) : undefined;
  if (partial === undefined && request.partial !== undefined) setImmediate(sendRest, request, print);
}

function sendRest(request: PrintingRequest, print: Write): void {
  const { partial } = request;
  request.partial = undefined;
  if (partial !== undefined) send(request, partial, print);
}

/** To the server as long as the request is in progress, else to the log. */
function send({ set, slot, serial }: PrintingRequest, bytes: Buffer, print: Write): void {
  if (!set.stderr(slot, serial, bytes)) print(bytes);
}
