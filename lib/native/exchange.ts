import type { NativeConnectionSet, NativeConnectionSetOptions, NativeRequestHandler } from './binding.js';
import { METHODS, RespondFlag, native } from './binding.js';
import { RequestWatch, isWatched } from './request-watch.js';

/**
 * Places of the numbers that accompany calls between the native side and this one, in `NativeConnectionSet.exchange`:
 * `ExchangeField` of native/binding/exchange.h. They hold for one call.
 */
const Slot = 0;
const Serial = 1;
const BodyLengthLow = 2;
const BodyLengthHigh = 3;
const Method = 4;
const Traits = 5;
const HeaderTextLength = 6;
const Flags = 7;
const Status = 8;
const HeaderCount = 9;
const HeaderLength = 10;
const BodyLength = 11;
const Result = 12;

/** What transmit() is given; `ComposeFlags` of native/binding/response_composer.h. */
const HasHeader = 32;
const HasText = 64;
const HasBytes = 128;
const SameHeader = 256;

/** A set whose requests go to `handler`. */
export function openConnectionSet(
  options: NativeConnectionSetOptions,
  handler: NativeRequestHandler,
): NativeConnectionSet {
  // Not bound methods: the native side calls with receivers of its own.
  const set: NativeConnectionSet = new native.ConnectionSet(options, {
    onRequest(url, texts, method) {
      if (isWatched()) {
        announceWatched(set, handler, url, texts, method);
        return;
      }
      const { exchange } = set;
      const headerLength = exchange[HeaderTextLength]!;
      handler.onRequest(
        exchange[Slot]!,
        exchange[Serial]!,
        exchange[BodyLengthHigh]! * 0x1_0000_0000 + (exchange[BodyLengthLow]! >>> 0),
        method ?? METHODS[exchange[Method]!]!,
        url,
        texts,
        texts === undefined ? undefined : texts.slice(headerLength),
        exchange[Traits],
      );
    },
    onBody: (slot, serial) => handler.onBody(slot, serial),
    onDrain: (slot, serial) => handler.onDrain(slot, serial),
    onAbort(slot, serial) {
      set.watch?.abort(slot, serial);
      handler.onAbort(slot, serial);
    },
    onBodyTimeout: (slot, serial) => handler.onBodyTimeout(slot, serial),
    onDrained: () => handler.onDrained(),
    onLog: (line) => handler.onLog(line),
    onRelax: () => handler.onRelax(),
    onRetire: (orphaned) => handler.onRetire(orphaned),
  });
  set.lastHeader = undefined;
  set.watch = undefined;
  set.style = '';
  return set;
}

/** The same for a request that somebody wants to know of (node:diagnostics_channel). */
function announceWatched(
  set: NativeConnectionSet,
  handler: NativeRequestHandler,
  url: string,
  texts: string | undefined,
  methodText: string | undefined,
): void {
  const { exchange } = set;
  const slot = exchange[Slot]!;
  const serial = exchange[Serial]!;
  const bodyLength = exchange[BodyLengthHigh]! * 0x1_0000_0000 + (exchange[BodyLengthLow]! >>> 0);
  const method = methodText ?? METHODS[exchange[Method]!]!;
  const envText = texts?.slice(exchange[HeaderTextLength]);
  // Subscribers may do anything: the numbers hold for now only.
  const traits = exchange[Traits];
  set.watch ??= new RequestWatch(set);
  set.watch.begin(slot, serial, method, url, () =>
    handler.onRequest(slot, serial, bodyLength, method, url, texts, envText, traits),
  );
}

/** The request is over. */
const Gone = -1;

/**
 * Sends a part of a response: `header` (once; `headerCount` lines `Name: value` ended by LF, code points up to U+00FF)
 * and/or `body`. `flags` are `RespondFlag`s. Returns the bytes that the server has not taken yet; -1 where the request
 * is over; below that a header error (see `header-error.ts`), with nothing sent.
 */
export function respond(
  set: NativeConnectionSet,
  slot: number,
  serial: number,
  flags: number,
  status: number,
  header: string | undefined,
  headerCount: number,
  body: string | Uint8Array | undefined,
): number {
  const { exchange } = set;
  let kinds = flags;
  exchange[Slot] = slot;
  exchange[Serial] = serial;
  exchange[Status] = status;
  if (header !== undefined) {
    kinds |= header === set.lastHeader ? HasHeader | SameHeader : HasHeader;
    exchange[HeaderCount] = headerCount;
    exchange[HeaderLength] = header.length;
  }
  if (typeof body === 'string') {
    kinds |= HasText;
    exchange[BodyLength] = body.length;
  } else if (body !== undefined) {
    kinds |= HasBytes;
  }
  exchange[Flags] = kinds;
  set.transmit(header, body);
  const result = exchange[Result]!;
  // Of a request that is over nothing has been read.
  if (header !== undefined && result !== Gone) set.lastHeader = header;
  if (set.watch !== undefined)
    tellWatch(set.watch, slot, serial, flags, header === undefined ? undefined : status, result);
  return result;
}

function tellWatch(
  watch: RequestWatch,
  slot: number,
  serial: number,
  flags: number,
  status: number | undefined,
  result: number,
): void {
  if (result === Gone) watch.abort(slot, serial);
  // Below that nothing has been sent, and the answer goes on.
  else if (result > Gone) watch.respond(slot, serial, status, (flags & RespondFlag.End) !== 0);
}
