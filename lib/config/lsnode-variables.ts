import { GIB, integer, KIB, MIB, oneOf, size, text } from './value-kinds.js';
import { constant, MOST_CHILDREN, type VariableTable } from './variable.js';

const A_DAY = 86_400;

/** Seconds of our own; up to a day, which a timer of Node can hold. */
function ownSeconds(zero: string) {
  return integer({ min: 0, max: A_DAY, unit: 's', words: { 0: zero }, strictness: 'exact' });
}

/** What LiteSpeed's variables do not cover: the app, its output, limits, and how children are made. */
export const LSNODE_VARIABLES = {
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
  stackAfter: {
    name: 'LSNODE_STACK_AFTER',
    ...constant(ownSeconds('never'), 0),
    mode: 'any',
    brief: 'log the stack of an event loop that stands still',
    meaning:
      'When the event loop of a process has not turned for that many seconds, because the app computes or waits ' +
      'synchronously, its JavaScript stack is logged. A thread in each process sees to it, which takes some memory. 0: never.',
    source: 'lsnode',
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
} satisfies Partial<VariableTable>;
