/** How children come to be; `GroupMode` of native/process/scoreboard.h. */
export const GroupMode = { Preloaded: 0, Lazy: 1, Spawned: 2 } as const;

/** A program to be run: `Program` of native/process/program.h. */
export interface NativeProgram {
  /** Absolute path. */
  readonly file: string;
  /** argv, its first element included. */
  readonly arguments: readonly string[];
  /** `NAME=value` */
  readonly environment: readonly string[];
  /** The current directory that it starts in. */
  readonly directory: string;
}

/** `GroupOptions` of native/process/supervisor.h. Times in seconds, memory in bytes; 0: never, no limit. */
export interface NativeGroupOptions {
  readonly mode: number;
  /** Processes. */
  readonly childLimit: number;
  readonly extraChildren: number;
  /** Connections of one child. */
  readonly concurrency: number;
  /** LSAPI_CHILDREN, for the log. */
  readonly connectionLimit: number;
  readonly maxIdleChildren: number;
  readonly keepListen: number;
  readonly maxIdle: number;
  readonly maxProcessTime: number;
  readonly groupMaxIdle: number;
  readonly grace: number;
  readonly minFreeMemory: number;
  readonly maxMemory: number;
  /** Pid of the process whose end is the group's; 0: not checked. */
  readonly server: number;
  readonly dumpDebugInfo: boolean;
  /** Directory of the app. */
  readonly root: string;
  /** What this process is: for spawned children, trials and reloads. */
  readonly program: NativeProgram;
  /** The addon's file where it can be preloaded, else empty. */
  readonly preloadLibrary: string;
  /** Files whose change means a reload, and how they looked before the app was loaded. */
  readonly watched: readonly string[];
  readonly stamps: string;
  /** A SIGHUP came while the app was loading. */
  readonly reloadAgain: boolean;
  /** Not empty: the app does not load, and this page is what requests get. */
  readonly failurePage: string;
  /** Content-Type of the page. */
  readonly pageType: string;
  /** What makes the group a suEXEC daemon. */
  readonly daemon: NativeDaemonOptions | undefined;
}

/** `AdmissionOptions` of native/process/admission.h, and what comes before. */
export interface NativeDaemonOptions {
  /** Path of the secret file. */
  readonly secret: string;
  readonly minUid: number;
  readonly minGid: number;
  /** Bytes. */
  readonly maxPacket: number;
  /** Milliseconds for the first request packet. */
  readonly packetTimeout: number;
  /** Root directory of children, with placeholders; empty: none. */
  readonly root: string;
  /** 0 off, 1 LVE, 2 CageFS. */
  readonly lve: number;
  readonly allowCoreDump: boolean;
}

/** Whom a child of a daemon has become; `Admitted` of native/process/admission.h. */
export interface NativeIdentity {
  readonly uid: number;
  readonly gid: number;
  /** Name and home directory; empty where the user database does not know the user. */
  readonly user: string;
  readonly home: string;
  /** Its root directory; empty: the system's. */
  readonly root: string;
  /** LSAPI_STDERR_LOG of the first request; empty: none. */
  readonly stderrLog: string;
}

/** What a process group needs of the native side. */
export interface NativeGroupBinding {
  /** Takes a listening socket; the state of a new group as text, which owns it, or an errno. */
  createGroup(listener: number, slots: number): string | number;
  /**
   * Becomes the parent of a group and does not return while the group lives: the process ends in this call. Returns
   * `true` in each forked child, whose event loop is usable again, of a daemon whom it has become, and `false` where
   * the group could not begin.
   */
  superviseGroup(options: NativeGroupOptions, state: string): boolean | NativeIdentity;
  /** Empty where the file can be the secret of a daemon, else a sentence that says what is wrong with it. */
  checkSecret(path: string): string;
  /** The place of a child that was started as a program of its own; false where the numbers are of no group. */
  takeSeat(slot: number, channel: number, scoreboard: number, parent: number, grace: number): boolean;
  /** Replaces this process by a program whose role is `role` + `state`, keeping the group's descriptors. An errno. */
  replaceImage(program: NativeProgram, role: string, state: string): number;
  /** How files look now, for a later comparison. */
  stampFiles(paths: readonly string[]): string;
  /** The file that the addon was loaded from. */
  addonPath(): string;
  /** Gives freed memory of the C library back to the system. */
  trimMemory(): void;
}
