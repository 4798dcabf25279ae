import { dirname } from 'node:path';
import { MOST_CHILDREN } from '../config/variable.js';
import { WRAPPER } from './wrapper.js';

/** How an app is to be served: `worker`: by one process; `group`: by children; `scripts`: files by their suffix. */
export const MODES = ['worker', 'group', 'scripts'] as const;
export type InstallMode = (typeof MODES)[number];

/** What is installed. */
export interface AppInstallation {
  /** Name of the external app. */
  readonly name: string;
  readonly mode: InstallMode;
  /** The app's directory and its start file; `undefined`: scripts. */
  readonly app: { readonly root: string; readonly file: string } | undefined;
  /** Connections served at once: Max Connections and LSAPI_CHILDREN, which the server wants to be equal. */
  readonly children: number;
  /** Processes of the server, each of which opens that many connections. */
  readonly serverWorkers: number;
  /** URI of the context; not for scripts. */
  readonly uri: string;
  /** Of scripts: without the dot. */
  readonly suffixes: readonly string[];
  /** User and group that it runs as; `undefined`: as the server says. */
  readonly user: { readonly name: string; readonly group: string } | undefined;
}

/** The socket on which the server listens for an app. */
export function socketPath(name: string): string {
  return `/tmp/lshttpd/${name}.sock`;
}

/** The external app, keyword by keyword. Keywords and their meaning: `ExtWorkerConfig` and `LocalWorkerConfig`. */
export function externalApp(app: AppInstallation): [keyword: string, value: string][] {
  // Not only children count against this limit, but their threads: one each, four of the thread pool, four of an app's.
  const processes = Math.max(1400, 10 * app.children * (app.mode === 'group' ? app.serverWorkers : 1));
  return [
    ['type', 'lsapi'],
    ['address', `uds:/${socketPath(app.name)}`],
    ['maxConns', String(app.children)],
    ...environment(app).map((value): [string, string] => ['env', value]),
    ['initTimeout', '60'],
    ['retryTimeout', '0'],
    ['persistConn', '1'],
    ['respBuffer', '0'],
    ['autoStart', '1'],
    ['path', `$SERVER_ROOT/${WRAPPER}${app.mode === 'scripts' ? ' --scripts' : ''}`],
    ['backlog', '100'],
    ['instances', '1'],
    ...(app.user === undefined
      ? []
      : ([
          ['extUser', app.user.name],
          ['extGroup', app.user.group],
        ] as [string, string][])),
    // 3, detached: one for all processes of the server, each of which would start its own otherwise.
    ['runOnStartUp', app.mode === 'worker' ? '3' : '1'],
    // Address space, of which V8 reserves far more than it uses.
    ['memSoftLimit', '0'],
    ['memHardLimit', '0'],
    ['procSoftLimit', String(processes)],
    ['procHardLimit', String(processes + 100)],
  ];
}

/** The context that sends requests to the app; `undefined`: scripts, which have a handler instead. */
export function appContext({ name, mode }: AppInstallation): [string, string][] | undefined {
  if (mode === 'scripts') return undefined;
  return [
    ['type', 'lsapi'],
    ['handler', name],
    ['addDefaultCharset', 'off'],
  ];
}

/** The lines of the script handler. */
export function scriptHandlerLines({ name, suffixes }: AppInstallation): string[] {
  return [configLine('add', `lsapi:${name}  ${suffixes.join(',')}`)];
}

/** A block as it stands in a file. */
export function blockLines(keyword: string, name: string, content: readonly [string, string][]): string[] {
  return [
    `${keyword}${name === '' ? '' : ` ${name}`} {`,
    ...content.map(([key, value]) => configLine(key, value)),
    '}',
  ];
}

function configLine(keyword: string, value: string): string {
  return `  ${keyword.padEnd(24)}${value}`;
}

function environment({ mode, app, children, serverWorkers }: AppInstallation): string[] {
  const path = [...new Set([dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'])].join(':');
  // Of a number above the largest LSNODE_CONCURRENCY nothing would be left: a process for each connection.
  const connections = mode === 'worker' ? Math.min(children * serverWorkers, MOST_CHILDREN) : children;
  return [
    `LSAPI_CHILDREN=${connections}`,
    // All connections go to one child, which keeps what it has in memory: nobody replaces it while it is busy, after
    // many requests, or for want of them.
    ...(mode === 'worker'
      ? [
          `LSNODE_CONCURRENCY=${connections}`,
          'LSAPI_EXTRA_CHILDREN=0',
          'LSAPI_MAX_REQS=0',
          'LSAPI_MAX_IDLE=0',
        ]
      : []),
    ...(mode === 'scripts' ? [`LSNODE_CONCURRENCY=${children}`] : []),
    ...(app === undefined ? [] : [`LSNODE_ROOT=${app.root}`, `LSNODE_STARTUP_FILE=${app.file}`]),
    'NODE_ENV=production',
    `PATH=${path}`,
  ];
}
