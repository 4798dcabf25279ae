import { inspect } from 'node:util';
import type { NativeConnectionSet } from '../native/binding.js';
import { RespondFlag } from '../native/binding.js';
import { respond } from '../native/exchange.js';

/** An answer that the package gives in place of the app. */
export interface PlainAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const TEXT = { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' };

/** Bodies of unknown length have no end on the wire (protocol §1.10), so they cannot be read. */
export const lengthRequired: PlainAnswer = {
  status: 411,
  headers: TEXT,
  body:
    'Length Required\n\nThe web server passed this upload on before it knew its length. ' +
    'Send it with a Content-Length.\n',
};

export const requestTimeout: PlainAnswer = {
  status: 408,
  headers: TEXT,
  body: 'Request Timeout\n\nThe request body stopped arriving.\n',
};

/** LSAPI carries requests and responses only: what follows an upgrade has no way through it. */
export const webSocketRefused: PlainAnswer = {
  status: 501,
  headers: TEXT,
  body:
    'Not Implemented\n\nWebSocket connections cannot be passed on over LSAPI. Let the app listen on a port of its own ' +
    'for them, and the web server pass them on to that (OpenLiteSpeed: a WebSocket proxy).\n',
};

/** 500; with an error, what it says (for development only). */
export function serverError(error?: unknown): PlainAnswer {
  const detail =
    error === undefined
      ? ''
      : `\n${error instanceof Error ? (error.stack ?? error.message) : inspect(error)}\n`;
  return { status: 500, headers: TEXT, body: `Internal Server Error\n${detail}` };
}

/** Sends an answer and ends the request; with `close` its connection too. */
export function answerPlainly(
  set: NativeConnectionSet,
  slot: number,
  serial: number,
  answer: PlainAnswer,
  close = true,
): void {
  const lines = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}\n`);
  const flags = RespondFlag.End | RespondFlag.ContentLength | (close ? RespondFlag.Close : 0);
  respond(set, slot, serial, flags, answer.status, lines.join(''), lines.length, answer.body);
}
