import http from 'node:http';

/**
 * Symbols under which Node's http keeps state that our response must share with it. They are private names of
 * Node (20 to 26 alike); where one is missing the code falls back to slower public means.
 */
function findSymbol(target: object, description: string): symbol | undefined {
  return Object.getOwnPropertySymbols(target).find((symbol) => symbol.description === description);
}

const sample = new http.OutgoingMessage();

/** Headers set so far: `{lower-case name: [name, value]}` or null. */
export const kOutHeaders = findSymbol(sample, 'kOutHeaders');
/** Whether a 'drain' is owed. */
export const kNeedDrain = findSymbol(sample, 'kNeedDrain');
/** EventEmitter's switch that routes rejections of async listeners to the emitter. */
export const kCapture = findSymbol(new http.Server(), 'kCapture');

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
}

/** Fields of IncomingMessage that its typings leave out. */
export interface IncomingInternals {
  _consuming: boolean;
  _dumped: boolean;
  _eventsCount: number;
  _readableState: {
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
