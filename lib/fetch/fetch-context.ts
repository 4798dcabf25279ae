import { RequestEnvironment } from '../http/request-environment.js';
import type { LiteSpeedEnvironment } from '../litespeed/environment.js';
import type { RawRequest } from '../raw/raw-request.js';
import type { BackgroundWork } from './background-work.js';

/** The client's end of the connection to the web server. */
export interface ClientEnd {
  /** IP address; empty where the server did not tell it. */
  readonly address: string;
  /** 0 where the server did not tell it. */
  readonly port: number;
}

/** The web server's end. */
export interface ServerEnd {
  /** Host name that the client asked for, without the port. */
  readonly name: string;
  /** IP address on which the server listens. */
  readonly address: string;
  readonly port: number;
  /** For example `HTTP/1.1`: what the client speaks. */
  readonly protocol: string;
  /** For example `LiteSpeed/1.9.1 Open`. */
  readonly software: string;
}

/** What a fetch handler learns besides the Request. All of it stays readable after the response has ended. */
export class FetchContext {
  readonly #request: RawRequest;
  readonly #work: BackgroundWork;
  #lsapi: RequestEnvironment | undefined = undefined;
  #waitUntil: ((promise: PromiseLike<unknown>) => void) | undefined = undefined;

  /** @internal */
  constructor(request: RawRequest, work: BackgroundWork) {
    this.#request = request;
    this.#work = work;
  }

  /** The same as `req.lsapi` in the node style. */
  get lsapi(): RequestEnvironment {
    this.#lsapi ??= new RequestEnvironment(this.#request.envText ?? '');
    return this.#lsapi;
  }

  /** The LSAPI environment: CGI-like variables as the server sent them (REMOTE_ADDR, HTTPS, GEOIP_…). */
  get env(): LiteSpeedEnvironment {
    return this.lsapi.env;
  }

  /** Address and port of the client, as the server tells them. */
  get client(): ClientEnd {
    const { REMOTE_ADDR = '', REMOTE_PORT = '' } = this.env;
    return { address: REMOTE_ADDR, port: toPort(REMOTE_PORT) };
  }

  /** Name and port under which the client reached the server. */
  get server(): ServerEnd {
    const {
      SERVER_NAME = '',
      SERVER_ADDR = '',
      SERVER_PORT = '',
      SERVER_PROTOCOL = '',
      SERVER_SOFTWARE = '',
    } = this.env;
    return {
      name: SERVER_NAME,
      address: SERVER_ADDR,
      port: toPort(SERVER_PORT),
      protocol: SERVER_PROTOCOL,
      software: SERVER_SOFTWARE,
    };
  }

  /**
   * Keeps the process for a promise that outlives the response: when it is told to stop, it waits for the promise,
   * for LSNODE_GRACE seconds at most. A rejection is written to the log. May be taken off the context, as in
   * `const { waitUntil } = context`.
   */
  get waitUntil(): (promise: PromiseLike<unknown>) => void {
    this.#waitUntil ??= (promise) => this.#work.add(promise, `${this.#request.method} ${this.#request.url}`);
    return this.#waitUntil;
  }
}

function toPort(text: string): number {
  return /^\d{1,5}$/.test(text) ? Number(text) : 0;
}
