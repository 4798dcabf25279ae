import type { DecodedRequest } from '../codec/types.js';
import { packageDirectory } from '../package-directory.js';
import type { NativeGroupBinding } from './group-binding.js';
import { loadAddon } from './load-addon.js';

/** Methods that the addon announces by number, in the order of `kMethods` in native/binding/request_text.cc. */
export const METHODS = [
  'GET',
  'POST',
  'HEAD',
  'PUT',
  'DELETE',
  'PATCH',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
] as const;

/** Flags of respond() in `exchange.ts`; `RespondFlags` and `ComposeFlags` of the native side. */
export const RespondFlag = {
  /** The response ends with this call. */
  End: 1,
  /** And its connection too. */
  Close: 2,
  /** Announce the body's length unless the header does. */
  ContentLength: 4,
  /** HEAD: the body is measured, not sent. */
  NoBody: 8,
  /** A string body is latin1, not UTF-8. */
  Latin1: 16,
} as const;

/**
 * Rare properties of a request, told so that nobody has to parse every request's headers for them. `WebSocket`: the
 * client's part of a handshake (RFC 6455 §4.1), not just any Upgrade header.
 */
export const RequestTrait = { Http10: 1, Expect: 2, WebSocket: 4 } as const;

/** Results of {@link NativeConnectionSet.readBody} that are no number of bytes. */
export const BodyRead = { WouldBlock: 0, End: -1, Gone: -2 } as const;

/** What a set tells of its requests. Each call is an event of its own: ticks and microtasks run after it. */
export interface NativeRequestHandler {
  /**
   * A request has arrived; `slot` and `serial` name it in all calls about it. `bodyLength` is -1 where the
   * server did not tell it. The texts, present with `eagerText`, are latin1: headers as splitPairs() reads them
   * (what may follow them is none of theirs), the environment as it is on the wire. `traits` are
   * {@link RequestTrait} flags.
   */
  onRequest(
    slot: number,
    serial: number,
    bodyLength: number,
    method: string,
    url: string,
    headerText?: string,
    envText?: string,
    traits?: number,
  ): void;
  /** Body bytes may be read after {@link BodyRead.WouldBlock}. */
  onBody(slot: number, serial: number): void;
  /** What respond() reported as pending is sent; only after watchDrain(). */
  onDrain(slot: number, serial: number): void;
  /** The server gave the request up. Its names are void after this call. */
  onAbort(slot: number, serial: number): void;
  /** A body stalled for too long. */
  onBodyTimeout(slot: number, serial: number): void;
  /** After drain(): no connection is left. */
  onDrained(): void;
  /** One line for the log. */
  onLog(line: string): void;
  /** After joinGroup(): idle for a while. */
  onRelax(): void;
  /** After joinGroup(): the set drains, because the parent wants that or (`orphaned`) is gone. */
  onRetire(orphaned: boolean): void;
}

/** What the native set calls; openConnectionSet() passes it on. */
export interface NativeCallbacks extends Omit<NativeRequestHandler, 'onRequest'> {
  /**
   * A request has arrived. `texts`: header and environment texts in one, with `eagerText`. `method`: only where it is
   * none of {@link METHODS}. Everything else is in the set's `exchange`.
   */
  onRequest(url: string, texts: string | undefined, method: string | undefined): void;
}

export interface NativeConnectionSetOptions {
  /** Largest request packet in bytes; at most 1 MiB. */
  packetLimit?: number;
  /** Milliseconds that a packet may take once begun; 0: no limit. */
  packetTimeout?: number;
  /** Milliseconds that a body may stall while it is waited for; 0: no limit. */
  bodyTimeout?: number;
  /** Milliseconds that a TCP connection's server may give no sign of life; 0: no limit. 60,000 unless given. */
  tcpTimeout?: number;
  /** Requests after which the set drains by itself; 0: unlimited. */
  maxRequests?: number;
  /** Acknowledge connections when they are accepted, and no requests on them (LSAPI_ACCEPT_NOTIFY). */
  acknowledgeConnections?: boolean;
  /** Milliseconds above which a request is logged as slow (LSAPI_SLOW_REQ_MSECS); 0: none is. */
  slowRequest?: number;
  /**
   * Milliseconds that an idle connection which is to be closed gets for a request that may be on its way: so many
   * after its last request, and so many after CONN_CLOSE. 0: closed at once.
   */
  closePatience?: number;
  /** Before joinGroup(): busy children from which a response ends its connection; 0: off. */
  maxBusyChildren?: number;
  /** Announce requests with their header and environment texts. */
  eagerText?: boolean;
}

export interface ConnectionSetStatistics {
  requests: number;
  connections: number;
  rejected: number;
  aborted: number;
  /** Connections and requests at this moment. */
  open: number;
  active: number;
  /** Milliseconds since the last request began or ended; 0 while one is being served. */
  idleMilliseconds: number;
}

/**
 * All LSAPI connections of a process in one epoll set. The native side trusts its callers: arguments must be of
 * the declared types. Calls about a request that is over do nothing.
 */
export interface NativeConnectionSet {
  /** Takes a listening descriptor. 0 or an errno. */
  listen(fd: number): number;
  /**
   * Takes a connected descriptor. 0 or an errno.
   *
   * @param load - milliseconds that the connection has waited for this process to be ready
   */
  adopt(fd: number, load?: number): number;
  stopListening(): void;
  /** Stops taking work, finishes what runs, calls onDrained. */
  drain(): void;
  /** Closes everything at once and releases the event loop. */
  close(): void;
  ref(): void;
  unref(): void;
  statistics(): ConnectionSetStatistics;
  /** Takes this process's place in a process group: connections and orders come from the parent. 0 or an errno. */
  joinGroup(): number;
  /**
   * Keeps a scoreboard of its own, where no group does, which `lsnode status` finds: before the first connection. `root`
   * is the app's directory. 0 or an errno.
   */
  openBoard(root: string): number;
  /** Tells the parent, in one line, why this child cannot serve. */
  markFailed(reason: string): void;
  /** Whether the parent ends this child because a request took too long. */
  isOverdue(): boolean;
  /** Numbers that accompany calls: see `exchange.ts`. */
  readonly exchange: Int32Array;
  /** The header text that the native side has read last; kept by respond(). */
  lastHeader: string | undefined;
  /** How the requests are served, for subscribers of `node:diagnostics_channel`. */
  style: string;
  /** To be called by respond() of `exchange.ts` alone, which puts the numbers that belong to it in place. */
  transmit(header: string | undefined, body: string | Uint8Array | undefined): void;
  /** Reads body bytes into `into`; a number of bytes, or a {@link BodyRead}. */
  readBody(slot: number, serial: number, into: Uint8Array): number;
  watchDrain(slot: number, serial: number): void;
  /** Bytes of the response that the server has not taken yet. */
  pending(slot: number, serial: number): number;
  header(slot: number, serial: number, lowerCaseName: string): string | undefined;
  headerText(slot: number, serial: number): string | undefined;
  env(slot: number, serial: number, name: string): string | undefined;
  envText(slot: number, serial: number): string | undefined;
  /** Sends bytes to the server's stderr log on the request's connection; false where the request is over. */
  stderr(slot: number, serial: number, bytes: Uint8Array): boolean;
}

/** Outcome of a listen call: a descriptor, or an errno and its text. */
export interface ListenReport {
  fd: number;
  error: number;
  message: string;
  port: number;
}

export interface NativeBinding extends NativeGroupBinding {
  ConnectionSet: new (options: NativeConnectionSetOptions, callbacks: NativeCallbacks) => NativeConnectionSet;
  listenUnix(path: string, backlog: number, mode: number): ListenReport;
  /** @param shared - whether other processes of this user may do the same; then each gets some of the connections */
  listenTcp(ip: string, port: number, backlog: number, shared: boolean): ListenReport;
  descriptorKind(fd: number): 'listening' | 'connected' | 'other';
  takeStandardInput(): number;
  /** 0 or an errno. */
  redirect(from: number, to: number): number;
  /** No core files from now on, for this process and those that it starts. 0 or an errno. */
  limitCoreDumps(): number;
  /** From now on programs inherit none but the standard descriptors, whatever the server has left open. */
  hideDescriptors(): void;
  /** Whether this process's address space is limited (RLIMIT_AS). */
  hasAddressSpaceLimit(): boolean;
  socketPair(): number[];
  /**
   * fork(): 0 in the child, its pid in the parent, or -errno. Only for a Node that was started with
   * `--single-threaded --v8-pool-size=0`. The child must repair itself (lib/process-group/identity.ts, exit.ts).
   */
  forkOnce(): number;
  /** Ends the process at once with this status: no listener runs, nothing is torn down. */
  exitNow(code: number): never;
  /**
   * Keeps the event loop running for ever and calls `callback` whenever nothing else does: where Node would emit
   * `beforeExit`. `again`: it has been called before and nothing has come to life since. One per process, which then
   * ends by exitNow() alone.
   */
  watchIdleLoop(callback: (again: boolean) => void): void;
  /** Makes writes wait until they are done. The mode is that of all who share the file, pipe or socket. 0 or an errno. */
  setBlocking(fd: number): number;
  /** The pid of now; `process.pid` is that of the process which started this Node. */
  processId(): number;
  /** Requests of the event loop that have not ended: thread-pool work of any kind, name look-ups, writes, connects. */
  pendingRequests(): number;
  /** The packet decoded, or the error's code. */
  decodeRequest(packet: Uint8Array, limit?: number): DecodedRequest | string;
  encodeResponseHeader(
    text: string,
    count: number,
    status: number,
    flag: number,
    bigEndian: boolean,
    contentLength: number,
  ): Buffer | number;
  /** Status that the server will show; 0 for what can be no final status. */
  mapStatus(status: number): number;
}

/** The addon. Loading fails with LSAPI_ERR_NATIVE. */
export const native = loadAddon(packageDirectory) as NativeBinding;
