import { AVOID_FORK_OFF, avoidForkValue } from './avoid-fork.js';
import { integer, LARGEST_INT, numericSwitch, presence, text } from './value-kinds.js';
import { constant, formula, MOST_CHILDREN, type Basis, type VariableTable } from './variable.js';

const children = integer({ min: 0, max: MOST_CHILDREN, capped: true, strictness: 'library' });
const idleChildren = integer({ min: 1, max: MOST_CHILDREN, capped: true, strictness: 'library' });

/** Whether nobody would start the process again when it is needed: it has its own socket and no parent. */
function isOnItsOwn({ socket, children }: Basis): boolean {
  return socket === 'bound' && children <= 1;
}

/** LiteSpeed's own variables, as its documentation has them for the programs that it starts. */
export const LSAPI_VARIABLES = {
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
} satisfies Partial<VariableTable>;
