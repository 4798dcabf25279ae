import type http from 'node:http';
import type { ServerAddress } from '../http/take-over.js';
import type { CapturedServer } from './capture.js';
import { announce } from './capture.js';
import { listenBeside } from './listen-beside.js';
import { addressForApp, describeListen, isSameTarget } from './listen-parameters.js';

/** Makes a server one that listens together with the one that is served. */
export type Join = (server: http.Server, address: ServerAddress) => void;

/**
 * The servers that an app tells to listen besides the one that is served. One for the same port (Fastify has a server
 * for each address of localhost) listens in name only: who asks for that port asks the web server. All others listen
 * for real, in each process that serves and from then on: the parent of a process group could not answer.
 */
export class FurtherServers {
  readonly #log: (line: string) => void;
  readonly #waiting: CapturedServer[] = [];
  #first: CapturedServer | undefined;
  #isOpen = false;
  #join: Join | undefined;

  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  /** What they were told to listen with. */
  get waiting(): readonly CapturedServer[] {
    return this.#waiting;
  }

  /** Which server is served; they are told apart by it. */
  setFirst(first: CapturedServer): void {
    this.#first = first;
    for (const server of this.#waiting) this.#tell(server);
  }

  add(server: CapturedServer): void {
    announce(server);
    if (this.#first !== undefined) this.#tell(server);
    if (this.#isOpen) this.#listen(server);
    else this.#waiting.push(server);
  }

  /**
   * The app is served: they listen.
   *
   * @param join - undefined where the app is not served by a server, but by an export: then all listen for real
   */
  open(join: Join | undefined): void {
    this.#isOpen = true;
    this.#join = join;
    for (const server of this.#waiting.splice(0)) this.#listen(server);
  }

  #isJoined({ parameters }: CapturedServer): boolean {
    return this.#first !== undefined && isSameTarget(parameters, this.#first.parameters);
  }

  #tell(server: CapturedServer): void {
    const call = describeListen(server.parameters);
    if (!this.#isJoined(server)) {
      this.#log(`${call}: the app's second server listens for real, beside LiteSpeed`);
    } else if (!haveSameListeners(server.server, this.#first?.server)) {
      this.#log(`${call}: the app's second server has the port of its first, which gets the requests`);
    }
  }

  #listen(server: CapturedServer): void {
    if (this.#join !== undefined && this.#isJoined(server)) {
      this.#join(server.server, addressForApp(server.parameters, undefined));
    } else {
      void listenBeside(server, this.#log);
    }
  }
}

function haveSameListeners(one: http.Server, other: http.Server | undefined): boolean {
  const listeners = other?.listeners('request') ?? [];
  const own = one.listeners('request');
  return own.length === listeners.length && own.every((listener, n) => listener === listeners[n]);
}
