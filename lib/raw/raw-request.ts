import { readBodyChunk } from '../connections/body-memory.js';
import { LsapiError } from '../errors.js';
import type { LiteSpeedEnvironment, LiteSpeedVariable } from '../litespeed/environment.js';
import { parseEnvironment, splitPairs } from '../http/request-environment.js';
import { BodyRead } from '../native/binding.js';
import type { RawConnections } from './raw-connections.js';

/**
 * A request in the raw style: nothing is parsed or copied until it is asked for. Header and environment are
 * read from the request's packet, which is gone once the response has ended.
 */
export class RawRequest {
  /** HTTP method as the client wrote it. */
  readonly method: string;
  /** Undecoded request target: path and query. */
  readonly url: string;
  /** Bytes of the body. */
  readonly bodyLength: number;

  /** @internal */ readonly slot: number;
  /** @internal */ readonly serial: number;
  /** @internal Why the request was given up before its answer was complete. */
  gone: 'aborted' | 'timeout' | undefined = undefined;
  /** @internal */ bodyWaiter: (() => void) | undefined = undefined;
  /** @internal Present where the connections announce requests with their texts: these outlive the response. */
  readonly headerText: string | undefined;
  /** @internal */ readonly envText: string | undefined;
  readonly #connections: RawConnections;
  #abortController: AbortController | undefined = undefined;
  #variables: Record<string, string> | undefined = undefined;
  #bodyUsed = false;

  /** @internal */
  constructor(
    connections: RawConnections,
    slot: number,
    serial: number,
    bodyLength: number,
    method: string,
    url: string,
    headerText: string | undefined,
    envText: string | undefined,
  ) {
    this.#connections = connections;
    this.slot = slot;
    this.serial = serial;
    this.bodyLength = bodyLength;
    this.method = method;
    this.url = url;
    this.headerText = headerText;
    this.envText = envText;
  }

  /**
   * A header's value, repetitions joined by `, ` (Cookie by `; `); undefined where the client did not send it.
   * @throws LsapiError LSAPI_ERR_REQUEST_ENDED after the response has ended.
   */
  header(name: string): string | undefined {
    this.#requireLive('header');
    return this.#connections.set.header(this.slot, this.serial, name.toLowerCase());
  }

  /** All headers, names in lower case, repetitions joined. A new object at each call. */
  get headers(): Record<string, string> {
    const pairs = splitPairs(this.headerText ?? this.#readHeaderText());
    const headers = Object.create(null) as Record<string, string>;
    for (let index = 0; index < pairs.length; index += 2) {
      const name = pairs[index]!.toLowerCase();
      const value = pairs[index + 1]!;
      const before = headers[name];
      headers[name] = before === undefined ? value : before + (name === 'cookie' ? '; ' : ', ') + value;
    }
    return headers;
  }

  /** One variable of the LSAPI environment, for example REMOTE_ADDR. */
  env(name: LiteSpeedVariable | (string & Record<never, never>)): string | undefined {
    this.#requireLive('env');
    // Who passes requests on may have changed the text.
    if (this.envText !== undefined) return (this.#variables ??= parseEnvironment(this.envText))[name];
    return this.#connections.set.env(this.slot, this.serial, name);
  }

  /** The whole LSAPI environment. A new object at each call. */
  get environment(): LiteSpeedEnvironment {
    return parseEnvironment(this.envText ?? this.#readEnvText());
  }

  /**
   * The body's bytes as they arrive; can be iterated once.
   * Iterating throws LSAPI_ERR_REQUEST_ABORTED when the client leaves before the end, and LSAPI_ERR_BODY_TIMEOUT
   * when it stalls.
   */
  get body(): AsyncIterableIterator<Buffer> {
    if (this.#bodyUsed) {
      throw new LsapiError('LSAPI_ERR_BODY_USED', 'The body of this request has been read already.');
    }
    this.#bodyUsed = true;
    return this.#readBody();
  }

  /** Aborted when the client leaves, or its body stalls for too long. */
  get signal(): AbortSignal {
    if (this.#abortController === undefined) {
      this.#abortController = new AbortController();
      if (this.gone !== undefined) this.#abortController.abort();
    }
    return this.#abortController.signal;
  }

  /** @internal */
  giveUp(cause: 'aborted' | 'timeout'): void {
    this.gone = cause;
    this.#abortController?.abort();
    this.wakeBody();
  }

  /** @internal */
  wakeBody(): void {
    const waiter = this.bodyWaiter;
    this.bodyWaiter = undefined;
    waiter?.();
  }

  #readHeaderText(): string {
    this.#requireLive('headers');
    return this.#connections.set.headerText(this.slot, this.serial) ?? '';
  }

  #readEnvText(): string {
    this.#requireLive('environment');
    return this.#connections.set.envText(this.slot, this.serial) ?? '';
  }

  async *#readBody(): AsyncIterableIterator<Buffer> {
    const { set } = this.#connections;
    let left = this.bodyLength;
    while (left > 0) {
      const chunk = readBodyChunk(set, this.slot, this.serial);
      if (typeof chunk !== 'number') {
        left -= chunk.length;
        yield chunk;
      } else if (chunk === BodyRead.WouldBlock) {
        await new Promise<void>((resolve) => (this.bodyWaiter = resolve));
      } else if (this.#connections.isLive(this)) {
        this.#connections.requestGone(this);
      }
      if (left > 0) this.#requireLive('body');
    }
  }

  #requireLive(what: string): void {
    if (this.#connections.isLive(this)) return;
    switch (this.gone) {
      case 'aborted':
        throw new LsapiError('LSAPI_ERR_REQUEST_ABORTED', `request.${what}: the client has left.`);
      case 'timeout':
        throw new LsapiError(
          'LSAPI_ERR_BODY_TIMEOUT',
          `request.${what}: the body stalled for too long (LSNODE_BODY_TIMEOUT).`,
        );
      case undefined:
        throw new LsapiError(
          'LSAPI_ERR_REQUEST_ENDED',
          `request.${what} cannot be read after the response has ended; read it before.`,
        );
    }
  }
}
