import { channel, type Channel } from 'node:diagnostics_channel';
import type { NativeConnectionSet, NativeRequestHandler } from './binding.js';

/**
 * A request on the channels `lsapi.request.start` and `lsapi.request.end` of `node:diagnostics_channel`. Both get the
 * same object, so that a subscriber can keep what belongs to it in a WeakMap.
 */
export interface RequestMessage {
  /** How the app is served: `node`, `raw`, `fetch`, `wsgi` or `scripts`. */
  readonly style: string;
  readonly method: string;
  /** As the client sent it: path and query. */
  readonly url: string;
  /** When it was announced to the app, by `performance.now()`. */
  readonly startTime: number;
  /** Of the answer as the app gave it; `undefined` as long as there is none. */
  readonly status: number | undefined;
  /** At its end: milliseconds since `startTime`, until the app ended the answer or the server gave it up. */
  readonly duration: number | undefined;
  /** At its end: whether the server gave the request up before the answer was complete. */
  readonly aborted: boolean;
  /** A request header by its name in lower case; `undefined` where there is none, and once the request has ended. */
  header(lowerCaseName: string): string | undefined;
  /** A variable of the request's environment, such as `REMOTE_ADDR`, likewise. */
  env(name: string): string | undefined;
}

const start = channel('lsapi.request.start');
const end = channel('lsapi.request.end');

/** What waits for the first subscriber; it may be gone by then. */
const waiting: WeakRef<() => void>[] = [];
/** Keeps what waits alive as long as its owner. */
const begins = new WeakMap<object, () => void>();

/** Calls `begin` once somebody subscribes to one of the channels, unless `owner` is gone by then. */
export function onFirstSubscriber(owner: object, begin: () => void): void {
  if (isWatched()) {
    begin();
    return;
  }
  begins.set(owner, begin);
  if (waiting.length === 0) for (const one of [start, end]) noticeFirst(one);
  const alive = waiting.filter((reference) => reference.deref() !== undefined);
  waiting.splice(0, Infinity, ...alive, new WeakRef(begin));
}

function isWatched(): boolean {
  return start.hasSubscribers || end.hasSubscribers;
}

/** Channels tell nobody of their first subscriber, and asking them for each request would cost it more than that. */
function noticeFirst(one: Channel): void {
  for (const name of ['subscribe', 'bindStore'] as const) {
    Object.defineProperty(one, name, {
      configurable: true,
      value(...parameters: unknown[]) {
        for (const ours of [start, end]) {
          Reflect.deleteProperty(ours, 'subscribe');
          Reflect.deleteProperty(ours, 'bindStore');
        }
        for (const reference of waiting.splice(0)) reference.deref()?.();
        const method = Reflect.get(one, name) as (...all: unknown[]) => unknown;
        return Reflect.apply(method, one, parameters);
      },
    });
  }
}

class WatchedRequest implements RequestMessage {
  readonly startTime = performance.now();
  status: number | undefined;
  duration: number | undefined;
  aborted = false;
  readonly #set: NativeConnectionSet;
  readonly #slot: number;
  readonly #serial: number;

  constructor(
    set: NativeConnectionSet,
    slot: number,
    serial: number,
    readonly style: string,
    readonly method: string,
    readonly url: string,
  ) {
    this.#set = set;
    this.#slot = slot;
    this.#serial = serial;
  }

  isOf(serial: number): boolean {
    return this.#serial === serial;
  }

  header(lowerCaseName: string): string | undefined {
    return this.#set.header(this.#slot, this.#serial, lowerCaseName);
  }

  env(name: string): string | undefined {
    return this.#set.env(this.#slot, this.#serial, name);
  }
}

type Rest = [headerText?: string, envText?: string, traits?: number];

/** Tells subscribers of requests, and another handler of everything. */
export class WatchedHandler implements NativeRequestHandler {
  readonly #set: NativeConnectionSet;
  readonly #handler: NativeRequestHandler;
  /** In progress, by slot of the native set. */
  readonly #requests: (WatchedRequest | undefined)[] = [];

  constructor(set: NativeConnectionSet, handler: NativeRequestHandler) {
    this.#set = set;
    this.#handler = handler;
  }

  /** Announces a request, and passes it on in the asynchronous context that subscribers have bound to it. */
  onRequest(slot: number, serial: number, length: number, method: string, url: string, ...rest: Rest): void {
    // One that the server gave up while its body was being read ends without a call.
    this.#end(slot, true);
    if (!isWatched()) {
      this.#handler.onRequest(slot, serial, length, method, url, ...rest);
      return;
    }
    const request = new WatchedRequest(this.#set, slot, serial, this.#set.style, method, url);
    this.#requests[slot] = request;
    start.runStores(request, () => this.#handler.onRequest(slot, serial, length, method, url, ...rest));
  }

  /** A part of an answer has been sent. */
  respond(slot: number, serial: number, status: number | undefined, isEnd: boolean): void {
    const request = this.#requests[slot];
    if (request?.isOf(serial) !== true) return;
    if (status !== undefined) request.status = status;
    if (isEnd) this.#end(slot, false);
  }

  /** The server has given the request up. */
  abort(slot: number, serial: number): void {
    if (this.#requests[slot]?.isOf(serial) === true) this.#end(slot, true);
  }

  onAbort(slot: number, serial: number): void {
    this.abort(slot, serial);
    this.#handler.onAbort(slot, serial);
  }

  onBody(slot: number, serial: number): void {
    this.#handler.onBody(slot, serial);
  }

  onDrain(slot: number, serial: number): void {
    this.#handler.onDrain(slot, serial);
  }

  onBodyTimeout(slot: number, serial: number): void {
    this.#handler.onBodyTimeout(slot, serial);
  }

  onDrained(): void {
    this.#handler.onDrained();
  }

  onLog(line: string): void {
    this.#handler.onLog(line);
  }

  onRelax(): void {
    this.#handler.onRelax();
  }

  onRetire(orphaned: boolean): void {
    this.#handler.onRetire(orphaned);
  }

  #end(slot: number, aborted: boolean): void {
    const request = this.#requests[slot];
    if (request === undefined) return;
    this.#requests[slot] = undefined;
    request.duration = performance.now() - request.startTime;
    request.aborted = aborted;
    if (end.hasSubscribers) end.publish(request);
  }
}
