import { channel } from 'node:diagnostics_channel';
import type { NativeConnectionSet } from './binding.js';

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

/** Whether anybody wants to know of the next request. */
export function isWatched(): boolean {
  return start.hasSubscribers || end.hasSubscribers;
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

/** Requests of a set that somebody wants to know of. */
export class RequestWatch {
  readonly #set: NativeConnectionSet;
  /** In progress, by slot of the native set. */
  readonly #requests: (WatchedRequest | undefined)[] = [];

  constructor(set: NativeConnectionSet) {
    this.#set = set;
  }

  /** Announces a request, and calls `announce` in the asynchronous context that subscribers have bound to it. */
  begin(slot: number, serial: number, method: string, url: string, announce: () => void): void {
    // One that the server gave up while its body was being read ends without a call.
    this.#end(slot, true);
    const request = new WatchedRequest(this.#set, slot, serial, this.#set.style, method, url);
    this.#requests[slot] = request;
    start.runStores(request, announce);
  }

  /** A part of an answer has been sent. */
  respond(slot: number, serial: number, status: number | undefined, isEnd: boolean): void {
    const request = this.#requests[slot];
    if (request === undefined || !request.isOf(serial)) return;
    if (status !== undefined) request.status = status;
    if (isEnd) this.#end(slot, false);
  }

  abort(slot: number, serial: number): void {
    if (this.#requests[slot]?.isOf(serial) === true) this.#end(slot, true);
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
