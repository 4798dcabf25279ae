import http from 'node:http';

/**
 * Symbols under which Node's http keeps state that our response must share with it. They are private names of
 * Node (20 to 26 alike); where one is missing the code falls back to slower public means.
 */
export function findSymbol(target: object, description: string): symbol | undefined {
  return Object.getOwnPropertySymbols(target).find((symbol) => symbol.description === description);
}

const sample = new http.OutgoingMessage();

/** Headers set so far: `{lower-case name: [name, value]}` or null. */
export const kOutHeaders = findSymbol(sample, 'kOutHeaders');
/** Whether a 'drain' is owed. */
export const kNeedDrain = findSymbol(sample, 'kNeedDrain');
/** Callbacks of second and later calls of end(), since Node 24. */
export const kEndCallbacks = findSymbol(sample, 'kEndCallbacks');
/** Whether 'finish' has come; missing in Node 20 and 22, which compute it. */
export const kWritableFinished = findSymbol(sample, 'kWritableFinished');
/** On servers: header names whose values share a line (option `uniqueHeaders`). */
export const kUniqueHeaders = findSymbol(new http.Server({ uniqueHeaders: ['x'] }), 'kUniqueHeaders');
/** EventEmitter's switch that routes rejections of async listeners to the emitter. */
export const kCapture = findSymbol(new http.Server(), 'kCapture');

/** Node's own step between end() and the end of a response: 'prefinish', and traces where somebody observes them. */
export const nodeFinish = (http.ServerResponse.prototype as unknown as { _finish: (this: unknown) => void })
  ._finish;

/** Fields of OutgoingMessage that its typings leave out. */
export interface OutgoingInternals {
  _header: string | null;
  _headerSent: boolean;
  _hasBody: boolean;
  _contentLength: number | null;
  _removedContLen: boolean;
  _closed: boolean;
  finished: boolean;
  destroyed: boolean;
  chunkedEncoding: boolean;
  strictContentLength: boolean;
  /** Of EventEmitter. */
  _eventsCount: number;
  _implicitHeader(): void;
}

/** Fields of IncomingMessage that its typings leave out. */
export interface IncomingInternals {
  _consuming: boolean;
  _dumped: boolean;
  joinDuplicateHeaders: boolean;
  /** Of EventEmitter. */
  _eventsCount: number;
  _readableState: {
    pipes: unknown[];
    length: number;
    readingMore: boolean;
    resumeScheduled: boolean;
    ended: boolean;
    endEmitted: boolean;
    destroyed: boolean;
    closed: boolean;
    closeEmitted: boolean;
  };
  _addHeaderLines(headers: string[], count: number): void;
  _dump(): void;
  complete: boolean;
}
