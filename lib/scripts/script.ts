import { statSync } from 'node:fs';
import type http from 'node:http';
import { addressForApp } from '../app/listen-parameters.js';
import type { SingleApp } from '../app/load.js';
import type { ConnectionOptions, Connections } from '../connections/connections.js';
import { NodeConnections } from '../http/node-connections.js';
import { takeOver } from '../http/take-over.js';
import type { NativeConnectionSet, NativeRequestHandler } from '../native/binding.js';
import { connectionsFor } from '../worker/connections-for.js';
import { mountOf } from './mount.js';

/** A script's part of the connections of its process. */
export type ScriptPart = Connections & NativeRequestHandler;

/** A request that waits for its script. */
export interface WaitingRequest {
  readonly slot: number;
  readonly serial: number;
  readonly what: string;
  /** Hands it over. */
  readonly go: (script: Script) => void;
}

/** One script of one group: being loaded, serving, or failed. */
export class Script {
  readonly path: string;
  /** Whether the process ends when the file has changed. */
  reloading = false;
  /** Once it serves. */
  part: ScriptPart | undefined = undefined;
  /** Whether requests get the part of the URL that follows the script, as listeners of node:http do. */
  isNodeStyle = false;
  /** Why it does not serve, and since when (milliseconds of performance.now()). */
  error: unknown = undefined;
  failedAt = -1;
  /** The script has closed its server. */
  closed = false;
  readonly waiting: WaitingRequest[] = [];
  readonly #stamp: string;

  constructor(path: string) {
    this.path = path;
    this.#stamp = stampOf(path);
  }

  get failed(): boolean {
    return this.failedAt >= 0;
  }

  /** Whether the file is another one than when it was loaded. A file that is gone is no change: it may come back. */
  hasChanged(): boolean {
    const now = stampOf(this.path);
    return now !== '' && now !== this.#stamp;
  }

  fail(error: unknown): void {
    this.error = error;
    this.failedAt = performance.now();
  }

  /** The script has been loaded: makes the part that serves it. */
  serve(app: SingleApp, options: ConnectionOptions & { readonly set: NativeConnectionSet }): void {
    if (app.style !== 'node') {
      this.part = connectionsFor(app, options) as ScriptPart;
      return;
    }
    this.isNodeStyle = true;
    const { server, parameters } = app;
    const part = new NodeConnections(server, options, prepare);
    this.part = part;
    if (parameters === undefined) return;
    takeOver(server, {
      connections: part,
      shared: true,
      address: addressForApp(parameters, undefined),
      close: (closed) => {
        this.closed = true;
        process.nextTick(closed);
      },
    });
    process.nextTick(() => server.emit('listening'));
  }
}

/** Tells a listener where it is mounted, by the names that Express and its like use. */
function prepare(request: http.IncomingMessage): void {
  const { REQUEST_URI = '', SCRIPT_NAME = '', PATH_INFO = '', QUERY_STRING = '' } = request.lsapi!.env;
  const mounted = request as http.IncomingMessage & { baseUrl: string; originalUrl: string };
  mounted.originalUrl = REQUEST_URI;
  mounted.baseUrl = mountOf(REQUEST_URI, SCRIPT_NAME, PATH_INFO, QUERY_STRING).baseUrl;
}

/** What changes with a file; empty if there is none. */
function stampOf(path: string): string {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? '' : `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}`;
}
