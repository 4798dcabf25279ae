import type { AvoidFork } from './avoid-fork.js';

/**
 * Everything that environment variables decide, typed and with defaults filled in. Which variable feeds which
 * setting, and what it accepts, is in the table of `variable-table.ts`; `§` are sections of the LSAPI
 * protocol description.
 */
export interface Settings {
  /** LSAPI_CHILDREN. Connections served at once, 0 to 10,000. Up to 1: Worker; above: ProcessGroup (§4.1). */
  readonly children: number;
  /** LSAPI_AVOID_FORK. Whether idle children are kept, and the limit of free memory. */
  readonly avoidFork: AvoidFork;
  /** LSAPI_EXTRA_CHILDREN. Children above the limit for when existing ones malfunction, 0 to 10,000. */
  readonly extraChildren: number;
  /** LSAPI_MAX_REQS. Requests after which a process ends; 0: unlimited. */
  readonly maxRequests: number;
  /**
   * LSAPI_MAX_IDLE. Seconds without a request after which a worker or child ends; 0: never. May exceed the
   * longest delay of `setTimeout` (2,147,483 s): count seconds, or cap.
   */
  readonly maxIdle: number;
  /** LSAPI_MAX_IDLE_CHILDREN. Idle children that are kept, 1 to 10,000. */
  readonly maxIdleChildren: number;
  /** LSAPI_MAX_PROCESS_TIME. Seconds that one request may run before its child is ended; at least 1. */
  readonly maxProcessTime: number;
  /** LSAPI_PGRP_MAX_IDLE. Seconds without children after which the parent ends; 0: never. */
  readonly groupMaxIdle: number;
  /**
   * LSAPI_PPID_NO_CHECK. Whether the process ends when the one that started it is gone. Off for `--bind`, and
   * when LSAPI_MAX_BUSY_WORKER is 0 or more (§5.11). Children watch their parent in any case.
   */
  readonly checkParent: boolean;
  /** LSAPI_ALLOW_CORE_DUMP. Whether core files may be written; otherwise their size limit is set to 0. */
  readonly allowCoreDump: boolean;
  /** LSAPI_KEEP_LISTEN. 0: a child serves one connection; 1: keeps listening for a while; 2: until idle. */
  readonly keepListen: number;
  /** LSAPI_ACCEPT_NOTIFY. Whether a connection is acknowledged when accepted, not request by request (§2.4). */
  readonly acceptNotify: boolean;
  /** LSAPI_MAX_BUSY_WORKER. Busy children from which a child gives up its connection; -1: never. */
  readonly maxBusyWorker: number;
  /** LSAPI_SLOW_REQ_MSECS. Milliseconds from which a request is logged as slow; 0: never. */
  readonly slowRequest: number;
  /** LSAPI_STDERR_LOG. File that takes stderr, relative to the current directory; never as root (§5.12). */
  readonly stderrLog: string | undefined;
  /** LSAPI_DUMP_DEBUG_INFO. Whether diagnostics are gathered before a runaway child is ended. */
  readonly dumpDebugInfo: boolean;

  /** LSNODE_ROOT. Directory of the app. */
  readonly root: string | undefined;
  /** LSNODE_STARTUP_FILE. The app's start file, relative to the root. */
  readonly startupFile: string | undefined;
  /** LSNODE_PORT. Of several servers of an app the one to serve: its port or path; without it the first that listens. */
  readonly port: string | undefined;
  /** LSNODE_SCRIPT_ROOTS. Directories that scripts must be in, separated by colons. */
  readonly scriptRoots: string | undefined;
  /** LSNODE_SOCKET. Path of the socket as the server knows it; what `server.address()` of the app tells. */
  readonly socket: string | undefined;
  /** LSNODE_CONSOLE_LOG. File that takes the app's stdout; without it stdout goes to stderr. */
  readonly consoleLog: string | undefined;
  /** LSNODE_STDERR. `log`: stderr is the server's log; `stream`: STDERR packets on the request's connection. */
  readonly stderr: 'log' | 'stream';
  /** LSNODE_MAX_PACKET. Largest request packet in bytes, 4,096 to 1,048,576. */
  readonly maxPacket: number;
  /** LSNODE_PACKET_TIMEOUT. Seconds that a started packet may stall, up to 86,400; 0: no limit. */
  readonly packetTimeout: number;
  /** LSNODE_BODY_TIMEOUT. Seconds that a body may stall while the app waits for it, up to 86,400; 0: no limit. */
  readonly bodyTimeout: number;
  /** LSNODE_TCP_TIMEOUT. Seconds that a server may be silent on a TCP connection, up to 86,400; 0: no limit. */
  readonly tcpTimeout: number;
  /** LSNODE_GRACE. Seconds that running requests get at a stop, up to 86,400. */
  readonly grace: number;
  /** LSNODE_STACK_AFTER. Seconds that the event loop may stand still before the stack is logged; 0: never. */
  readonly stackAfter: number;
  /** LSNODE_FORK. Whether children are forked, or spawned behind the same supervisor. */
  readonly fork: 'auto' | 'on' | 'off';
  /** LSNODE_CONCURRENCY. Connections that one child may hold, 1 to 10,000. Workers take any number. */
  readonly concurrency: number;
  /** LSNODE_PRELOAD. Whether the parent loads the app before it forks. */
  readonly preload: 'auto' | 'on' | 'off';
  /** LSNODE_MAX_MEMORY. Bytes above which a child ends after its request, 10 MiB at least; 0: no limit. */
  readonly maxMemory: number;

  /** LSAPI_SECRET. Path of the file that makes a root process a suEXEC daemon (§5.13). */
  readonly secret: string | undefined;
  /** LSNODE_MIN_UID, LSNODE_MIN_GID. Smallest user and group that a daemon serves. */
  readonly minUid: number;
  readonly minGid: number;
  /** LSNODE_CHROOT. Root directory of a daemon's children; `%u`, `%U` and `%h` stand for name, number and home of the user. */
  readonly chroot: string | undefined;
  /** LSAPI_LVE_ENABLE. CloudLinux' limits for a daemon's children: 0 off, 1 LVE, 2 and CageFS (§5.12). */
  readonly lve: number;
}

/** The name of one setting. */
export type SettingName = keyof Settings;

/**
 * What the process serves: `listening` and `connected` are what the server left on descriptor 0, `bound` is a
 * socket of its own (`--bind`). A connected worker ignores the variables of process groups (§5.2).
 */
export type SocketKind = 'listening' | 'connected' | 'bound';

/** What besides the environment bears on the settings. */
export interface SettingsContext {
  /** Default: `listening`. */
  readonly socket?: SocketKind;
  /** Whether the effective user is root. Default: `false`. */
  readonly root?: boolean;
}

/**
 * Where a setting comes from: the variable of the environment that decided, the default (because nothing was
 * set), the default because the value made no sense (`invalid`), the default because the variable does not
 * apply here (`ignored`), or another variable that overrules this one (`overruled`).
 */
export type SettingSource =
  | { readonly kind: 'default' }
  | { readonly kind: 'environment' | 'invalid' | 'ignored'; readonly variable: string; readonly text: string }
  | { readonly kind: 'overruled'; readonly by: string };

/** The settings in force, where each comes from, and what the log should say about it. */
export interface SettingsReading {
  readonly settings: Settings;
  readonly sources: Readonly<Record<SettingName, SettingSource>>;
  /** One line each, naming the variable, its value and what is used instead. */
  readonly warnings: readonly string[];
}
