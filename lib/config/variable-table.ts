import { AVOID_FORK_OFF, avoidForkValue, type AvoidFork } from './avoid-fork.js';
import type { SettingName, Settings, SocketKind } from './setting-types.js';
import {
  GIB,
  integer,
  KIB,
  LARGEST_INT,
  MIB,
  numericSwitch,
  oneOf,
  presence,
  size,
  text,
  type ValueKind,
} from './value-kinds.js';

/** The settings and circumstances that defaults of other settings are made from. */
export interface Basis {
  readonly children: number;
  readonly avoidFork: AvoidFork;
  readonly maxBusyWorker: number;
  readonly socket: SocketKind;
}

/** A default: a constant, or a formula whose `text` tells people what it is. */
export interface Default<T> {
  readonly text: string;
  of(basis: Basis): T;
}

/**
 * Where a variable applies. `any`: always; `listening`: only where the process accepts connections, so not
 * for a worker that the server connected (§5.2); `group`: likewise, and of use only with children.
 */
export type Mode = 'any' | 'listening' | 'group';

/** One environment variable, as the program reads it and as the documentation tells it. */
export interface Variable<T> {
  readonly name: string;
  /** Other names, which take precedence over `name` as they do in the library. */
  readonly aliases?: readonly string[];
  /** Names that servers use for the same in other products; read where none of ours is set. */
  readonly fallbacks?: readonly string[];
  readonly kind: ValueKind<T>;
  readonly default: Default<T>;
  readonly mode: Mode;
  /** For one line of help. */
  readonly brief: string;
  /** For the documentation: whole sentences. */
  readonly meaning: string;
  /** Where the rule is written: a section of the protocol description, or `lsnode` for our own. */
  readonly source: string;
  /** Not read when the process runs as root. */
  readonly notAsRoot?: true;
  /** Another variable may decide instead of this one; `undefined`: it does not. */
  overruled?(basis: Basis): { value: T; by: string } | undefined;
}

/** Every setting has exactly one variable, of the type that the setting has. */
export type VariableTable = { readonly [K in SettingName]: Variable<Settings[K]> };

const MOST_CHILDREN = 10_000;
const A_DAY = 86_400;

function constant<T>(kind: ValueKind<T>, value: T): { kind: ValueKind<T>; default: Default<T> } {
  return { kind, default: { text: kind.format(value), of: () => value } };
}

function formula<T>(kind: ValueKind<T>, formulaText: string, of: (basis: Basis) => T) {
  return { kind, default: { text: formulaText, of } };
}

const children = integer({ min: 0, max: MOST_CHILDREN, capped: true, strictness: 'library' });
const idleChildren = integer({ min: 1, max: MOST_CHILDREN, capped: true, strictness: 'library' });

/** Seconds of our own; up to a day, which a timer of Node can hold. */
function ownSeconds(zero: string) {
  return integer({ min: 0, max: A_DAY, unit: 's', words: { 0: zero }, strictness: 'exact' });
}

/** Whether nobody would start the process again when it is needed: it has its own socket and no parent. */
function isOnItsOwn({ socket, children }: Basis): boolean {
  return socket === 'bound' && children <= 1;
}

/** The only place that knows the environment variables: names, types, defaults, ranges, meanings. */
export const VARIABLES: VariableTable = {
  children: {
    name: 'LSAPI_CHILDREN',
    aliases: ['PHP_LSAPI_CHILDREN'],
    ...constant(children, 0),
    mode: 'listening',
    brief: 'connections served at once; above 1: ProcessGroup',
    meaning:
      'How many connections are served at once. 0 and 1 mean Worker mode, more mean ProcessGroup mode with up to ' +
      'LSAPI_CHILDREN / LSNODE_CONCURRENCY children. Should equal Max Connections of the external app.',
    source: '§4.1, §5.4, §6.1',
  },
  avoidFork: {
    name: 'LSAPI_AVOID_FORK',
    ...constant(avoidForkValue(), AVOID_FORK_OFF),
    mode: 'any',
    brief: '0, 1 or a free memory limit: keep idle children',
    meaning:
      'Other than 0: children are kept and recycled instead of being stopped and started on demand. A size of at ' +
      'least 10M is also the available memory below which children are given up early.',
    source: '§5.4, §5.9, §6.1',
  },
  extraChildren: {
    name: 'LSAPI_EXTRA_CHILDREN',
    ...formula(children, 'children / 3, or 0 with LSAPI_AVOID_FORK', (basis) =>
      basis.avoidFork.enabled ? 0 : Math.floor(basis.children / 3),
    ),
    mode: 'group',
    brief: 'children above the limit when others hang',
    meaning: 'How many children may be started above LSAPI_CHILDREN when existing ones malfunction.',
    source: '§5.4, §6.1',
  },
  maxRequests: {
    name: 'LSAPI_MAX_REQS',
    aliases: ['PHP_LSAPI_MAX_REQUESTS'],
    ...formula(
      integer({ min: 0, words: { 0: 'unlimited' }, strictness: 'library' }),
      '10000; unlimited for a worker with --bind or --http',
      (basis) => (isOnItsOwn(basis) ? 0 : 10_000),
    ),
    mode: 'any',
    brief: 'requests after which a process is replaced',
    meaning: 'A worker or child ends after exactly that many requests. 0: no limit.',
    source:
      '§5.3, §6.1; the default is the documented one, where there is a server to start the next process',
  },
  maxIdle: {
    name: 'LSAPI_MAX_IDLE',
    ...formula(
      integer({ min: -LARGEST_INT, floor: 0, unit: 's', words: { 0: 'never' }, strictness: 'library' }),
      '300s; never for a worker with --bind or --http',
      (basis) => (isOnItsOwn(basis) ? 0 : 300),
    ),
    mode: 'any',
    brief: 'idle seconds after which a process ends',
    meaning: 'A worker or child that got no request for that many seconds ends. 0 or less: never.',
    source: '§5.3, §5.7, §6.1',
  },
  maxIdleChildren: {
    name: 'LSAPI_MAX_IDLE_CHILDREN',
    ...formula(idleChildren, 'children / 3 (1 at least), or children with LSAPI_AVOID_FORK', (basis) =>
      Math.max(1, basis.avoidFork.enabled ? basis.children : Math.floor(basis.children / 3)),
    ),
    mode: 'group',
    brief: 'idle children that are kept',
    meaning: 'How many idle children are kept; surplus ones are ended at once.',
    source: '§5.4, §5.7, §6.1; exact, where the library keeps one more',
  },
  maxProcessTime: {
    name: 'LSAPI_MAX_PROCESS_TIME',
    ...constant(integer({ min: 1, unit: 's', strictness: 'library' }), 3600),
    mode: 'group',
    brief: 'seconds that one request may take',
    meaning:
      'A child whose request runs longer gets SIGTERM each second, six times, then SIGKILL; the log names the request.',
    source: '§5.4, §5.7, §6.1',
  },
  groupMaxIdle: {
    name: 'LSAPI_PGRP_MAX_IDLE',
    ...constant(integer({ min: 0, unit: 's', words: { 0: 'never' }, strictness: 'library' }), 0),
    mode: 'group',
    brief: 'childless seconds after which the parent ends',
    meaning:
      'The parent ends when it had no children for that many seconds. 0: never. OpenLiteSpeed sets it for detached apps.',
    source: '§4.4, §5.5, §6.1',
  },
  checkParent: {
    name: 'LSAPI_PPID_NO_CHECK',
    ...formula(
      presence(false, { true: 'parent checked', false: 'parent not checked' }),
      'parent checked, but not with --bind or LSAPI_MAX_BUSY_WORKER',
      (basis) => basis.socket === 'connected' || (basis.socket === 'listening' && basis.maxBusyWorker < 0),
    ),
    mode: 'listening',
    brief: 'present: live on when the server is gone',
    meaning:
      'Normally the process ends when the server that started it is gone. With this variable, whatever its value, it ' +
      'stays. Children watch their parent in any case.',
    source: '§5.11, §6.1',
  },
  allowCoreDump: {
    name: 'LSAPI_ALLOW_CORE_DUMP',
    ...constant(presence(true, { true: 'allowed', false: 'no core files' }), false),
    mode: 'any',
    brief: 'present: core files are allowed',
    meaning: 'With this variable, whatever its value, core files may be written; otherwise none are.',
    source: '§5.12, §6.1',
  },
  keepListen: {
    name: 'LSAPI_KEEP_LISTEN',
    ...constant(integer({ min: 0, max: 2, strictness: 'library' }), 1),
    mode: 'any',
    brief: '0, 1, 2: how long a process takes connections',
    meaning:
      '0: a process ends with its first connection. 1: it goes on for a while that depends on load. 2: until ' +
      'LSAPI_MAX_IDLE. LSAPI_AVOID_FORK makes it 2.',
    source: '§5.3, §5.6, §6.2',
    overruled: (basis) => (basis.avoidFork.enabled ? { value: 2, by: 'LSAPI_AVOID_FORK' } : undefined),
  },
  acceptNotify: {
    name: 'LSAPI_ACCEPT_NOTIFY',
    ...constant(numericSwitch(), false),
    mode: 'any',
    brief: 'acknowledge connections, not requests',
    meaning: 'Other than 0: the server is told once when its connection is accepted, not for every request.',
    source: '§2.4, §6.2',
  },
  maxBusyWorker: {
    name: 'LSAPI_MAX_BUSY_WORKER',
    ...constant(integer({ min: -1, max: MOST_CHILDREN, words: { [-1]: 'off' }, strictness: 'library' }), -1),
    mode: 'group',
    brief: 'busy children from which connections are shed',
    meaning:
      'From that many busy children on, a child closes its connection after a request. 0 sheds nothing; 0 and ' +
      'above switch the check of the parent process off.',
    source: '§5.6, §5.11, §6.2',
  },
  slowRequest: {
    name: 'LSAPI_SLOW_REQ_MSECS',
    ...constant(integer({ min: 0, unit: 'ms', words: { 0: 'off' }, strictness: 'library' }), 0),
    mode: 'any',
    brief: 'log requests that take longer',
    meaning: 'Requests that take longer than that many milliseconds are logged as slow. 0: off.',
    source: '§5.12, §6.2',
  },
  stderrLog: {
    name: 'LSAPI_STDERR_LOG',
    fallbacks: ['LS_STDERR_LOG'],
    ...constant(text('as started'), undefined),
    mode: 'any',
    brief: 'file for stderr',
    meaning:
      'File that takes stderr, appended to. Not read as root, and refused under /etc. Else LS_STDERR_LOG, where the ' +
      'launcher of the server has not used it already.',
    source: '§4.4, §5.12, §6.2',
    notAsRoot: true,
  },
  dumpDebugInfo: {
    name: 'LSAPI_DUMP_DEBUG_INFO',
    ...constant(numericSwitch(), false),
    mode: 'group',
    brief: 'diagnose a child before it is ended',
    meaning: 'Other than 0: diagnostics are gathered of a child that exceeds LSAPI_MAX_PROCESS_TIME.',
    source: '§5.7, §6.2',
  },

  root: {
    name: 'LSNODE_ROOT',
    fallbacks: ['WSGI_ROOT'],
    ...constant(text('from the app'), undefined),
    mode: 'any',
    brief: "the app's directory",
    meaning:
      "The app's directory: where its start file is looked for, and the current directory it runs in. Else WSGI_ROOT, " +
      'which OpenLiteSpeed sets for an app server of the type WSGI.',
    source: '§4.4',
  },
  startupFile: {
    name: 'LSNODE_STARTUP_FILE',
    ...constant(text('app.js'), undefined),
    mode: 'any',
    brief: "the app's start file",
    meaning: "The app's start file, relative to LSNODE_ROOT. The command line takes precedence.",
    source: '§4.4',
  },
  port: {
    name: 'LSNODE_PORT',
    ...constant(text('the first server'), undefined),
    mode: 'any',
    brief: 'which server of the app is the site',
    meaning:
      'The port or path with which an app calls listen() for its site, where it has several servers. The others listen for ' +
      'real, beside the web server. Without it the first server that listens is the site.',
    source: 'lsnode',
  },
  scriptRoots: {
    name: 'LSNODE_SCRIPT_ROOTS',
    ...constant(text("the request's DOCUMENT_ROOT"), undefined),
    mode: 'any',
    brief: 'where scripts may be',
    meaning:
      'Directories, separated by colons: scripts elsewhere are refused. Unset: with --scripts the DOCUMENT_ROOT of ' +
      'the request, with a configuration wherever that says.',
    source: 'lsnode',
  },
  socket: {
    name: 'LSNODE_SOCKET',
    ...constant(text('none'), undefined),
    mode: 'any',
    brief: "the server's name for the socket",
    meaning: 'Path of the socket as the server knows it; the address that the app is told.',
    source: '§4.4',
  },
  consoleLog: {
    name: 'LSNODE_CONSOLE_LOG',
    ...constant(text('stderr'), undefined),
    mode: 'any',
    brief: "file for the app's stdout",
    meaning:
      "File that takes the app's stdout, appended to. Without it stdout joins stderr; nothing is thrown away.",
    source: '§4.4; the default differs from the stock loader, which has /dev/null',
  },
  stderr: {
    name: 'LSNODE_STDERR',
    ...constant(oneOf('log', 'stream'), 'log'),
    mode: 'any',
    brief: 'log or stream: where console.error goes',
    meaning:
      "log: console.error goes to the process's stderr. stream: to the server, with the request it belongs to.",
    source: 'lsnode; §2.5',
  },
  maxPacket: {
    name: 'LSNODE_MAX_PACKET',
    ...constant(size({ min: 4 * KIB, max: MIB }), 256 * KIB),
    mode: 'any',
    brief: 'largest request packet, the body apart',
    meaning:
      'The largest request packet: environment and headers, without the body. Larger ones are refused.',
    source: 'lsnode; §1.11, §9 no. 13',
  },
  packetTimeout: {
    name: 'LSNODE_PACKET_TIMEOUT',
    ...constant(ownSeconds('no limit'), 30),
    mode: 'any',
    brief: 'seconds that a started packet may stall',
    meaning:
      'A connection whose request packet has begun and then stalls that many seconds is closed. 0: no limit.',
    source: 'lsnode; §7.1 no. 19',
  },
  bodyTimeout: {
    name: 'LSNODE_BODY_TIMEOUT',
    ...constant(ownSeconds('no limit'), 300),
    mode: 'any',
    brief: 'seconds that an awaited body may stall',
    meaning:
      'A request whose body stalls that many seconds while the app waits for it is aborted. 0: no limit.',
    source: 'lsnode; §7.1 no. 19',
  },
  tcpTimeout: {
    name: 'LSNODE_TCP_TIMEOUT',
    ...constant(ownSeconds('no limit'), 60),
    mode: 'any',
    brief: 'seconds of silence after which TCP is dead',
    meaning:
      'A TCP connection whose server gives no sign of life for that many seconds is closed, and its request aborted: the ' +
      'machine, or the way to it, is gone. A server that is there but does not read is waited for. 0: no limit.',
    source: 'lsnode',
  },
  grace: {
    name: 'LSNODE_GRACE',
    ...constant(ownSeconds('at once'), 30),
    mode: 'any',
    brief: 'seconds that running requests get at a stop',
    meaning: 'At a stop or reload, requests that are still running after that many seconds are cut off.',
    source: 'lsnode; §4.6',
  },
  fork: {
    name: 'LSNODE_FORK',
    ...constant(oneOf('auto', 'on', 'off'), 'auto'),
    mode: 'group',
    brief: 'auto, on, off: fork children',
    meaning: 'off, or where fork is not possible: children are spawned, behind the same supervisor.',
    source: 'lsnode',
  },
  concurrency: {
    name: 'LSNODE_CONCURRENCY',
    ...constant(integer({ min: 1, max: MOST_CHILDREN, strictness: 'exact' }), 1),
    mode: 'group',
    brief: 'connections that one child may hold',
    meaning: 'How many connections one child may hold. A Worker is not limited by it.',
    source: 'lsnode',
  },
  preload: {
    name: 'LSNODE_PRELOAD',
    ...constant(oneOf('auto', 'on', 'off'), 'auto'),
    mode: 'group',
    brief: 'auto, on, off: load the app before forking',
    meaning: 'auto: the parent loads the app, unless it cannot be forked safely. off: each child loads it.',
    source: 'lsnode',
  },
  maxMemory: {
    name: 'LSNODE_MAX_MEMORY',
    ...constant(size({ min: 10 * MIB, max: 1024 * GIB, zeroIsOff: true }), 0),
    mode: 'group',
    brief: 'memory above which a child is replaced',
    meaning: 'A child that has grown above this size is replaced after its request. 0: no limit.',
    source: 'lsnode',
  },

  secret: {
    name: 'LSAPI_SECRET',
    ...constant(text('none'), undefined),
    mode: 'any',
    brief: 'file with the secret of the suEXEC daemon',
    meaning:
      'File that holds the 16 bytes which server and daemon share; only root may read it. Makes a process that root ' +
      'starts a suEXEC daemon: each connection is served by a child that has become the user of its credentials.',
    source: '§5.13',
  },
  minUid: {
    name: 'LSNODE_MIN_UID',
    ...constant(integer({ min: 1, max: LARGEST_INT, strictness: 'exact' }), 100),
    mode: 'any',
    brief: 'smallest user that the daemon serves',
    meaning: 'A suEXEC daemon refuses requests for users with a smaller number; root in any case.',
    source: 'lsnode; §5.13, improved',
  },
  minGid: {
    name: 'LSNODE_MIN_GID',
    ...constant(integer({ min: 1, max: LARGEST_INT, strictness: 'exact' }), 100),
    mode: 'any',
    brief: 'smallest group that the daemon serves',
    meaning: 'A suEXEC daemon refuses requests for groups with a smaller number; root in any case.',
    source: 'lsnode; §5.13, improved',
  },
  chroot: {
    name: 'LSNODE_CHROOT',
    ...constant(text('none'), undefined),
    mode: 'any',
    brief: "root directory of the daemon's children",
    meaning:
      "Directory that becomes the root of the file system for a suEXEC daemon's child. In it `%u` is the user's name, " +
      '`%U` its number, `%h` its home directory. What the app needs must be inside.',
    source: 'lsnode; §5.13',
  },
  lve: {
    name: 'LSAPI_LVE_ENABLE',
    fallbacks: ['LVE_ENABLE'],
    ...constant(integer({ min: 0, max: 3, words: { 0: 'off' }, strictness: 'library' }), 0),
    mode: 'any',
    brief: "CloudLinux' limits for the daemon's children",
    meaning:
      "1: a suEXEC daemon's child enters the LVE of its user; 2: and its CageFS. 3 is read as 2: without becoming " +
      'the user nothing is served. 0, or without liblve: off.',
    source: '§5.12',
  },
};

/** The settings in the order of the table. */
export const SETTING_NAMES = Object.keys(VARIABLES) as readonly SettingName[];

/**
 * Names that are no mistake although no setting reads them: set by servers, read by the library in other
 * products, or planned (§6.2, §6.3).
 */
export const FOREIGN_VARIABLES: readonly string[] = [
  'LSAPI_ADDON',
  'LSAPI_PADDING',
  'LSAPI_DEFAULT_UID',
  'LSAPI_DEFAULT_GID',
  'LSAPI_CLEAN_SHUTDOWN',
  'LSAPI_DISABLE_CPAN_BEHAV',
  'LSAPI_INITIAL_START',
  'LSAPI_BACKEND_INITIAL_START',
  'LSAPI_CRIU',
  'LSAPI_CRIU_USE_SHM',
  'LSAPI_CRIU_SYNC_FD',
  'LSAPI_CRIU_IMAGE_PATH',
  'LSAPI_CRIU_DEBUG',
  'LSAPI_SIGNALS',
  'LSAPI_UNIQE',
];
