import type { NativeConnectionSet, NativeConnectionSetOptions, NativeRequestHandler } from './binding.js';
import { METHODS, RespondFlag, native } from './binding.js';
import { WatchedHandler, onFirstSubscriber } from './request-watch.js';

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
  // Who wants to know of requests stands in between, from the first subscriber on: nobody else pays for that.
  const link = { receiver: handler };
  // Not bound methods: the native side calls with receivers of its own.
  const set: NativeConnectionSet = new native.ConnectionSet(options, {
    onRequest(url, texts, method) {
      const { exchange } = set;
      const headerLength = exchange[HeaderTextLength]!;
      link.receiver.onRequest(
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
    onAbort: (slot, serial) => link.receiver.onAbort(slot, serial),
    onBodyTimeout: (slot, serial) => handler.onBodyTimeout(slot, serial),
    onDrained: () => handler.onDrained(),
    onLog: (line) => handler.onLog(line),
    onRelax: () => handler.onRelax(),
    onRetire: (orphaned) => handler.onRetire(orphaned),
  });
  set.lastHeader = undefined;
  set.style = '';
  onFirstSubscriber(link, () => (link.receiver = watch(set, handler)));
  return set;
}

/** A handler that tells subscribers of the requests of `set` before and after `handler` has them. */
function watch(set: NativeConnectionSet, handler: NativeRequestHandler): NativeRequestHandler {
  const watched = new WatchedHandler(set, handler);
  const { exchange } = set;
  const transmit = set.transmit.bind(set);
  set.transmit = (header, body) => {
    // They hold for this call, and subscribers may make others.
    const slot = exchange[Slot]!;
    const serial = exchange[Serial]!;
    const kinds = exchange[Flags]!;
    const status = exchange[Status]!;
    transmit(header, body);
    const result = exchange[Result]!;
    // Below Gone nothing has been sent, and the answer goes on.
    if (result === Gone) watched.abort(slot, serial);
    else if (result > Gone) {
      const isHead = (kinds & HasHeader) !== 0;
      watched.respond(slot, serial, isHead ? status : undefined, (kinds & RespondFlag.End) !== 0);
    }
    exchange[Result] = result;
  };
  return watched;
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
  return result;
}
