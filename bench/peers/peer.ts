/** What a server has to do; for each peer that can there is a program in `bench/apps` or `bench/peers`. */
export type App = 'hello' | 'block' | 'page' | 'echo' | 'upload' | 'download' | 'file' | 'express';

/** What a server is started for. */
export interface Start {
  readonly app: App;
  /** Path of a Unix socket, or the port of 127.0.0.1 that it has to listen on. */
  readonly address: string;
  /** Connections that there will be. */
  readonly connections: number;
  /** Processes of a group; undefined: one process, or, where it serves one connection each, as many as connections. */
  readonly children: number | undefined;
}

/** How a server is run. */
export interface Launch {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The listening socket is its descriptor 0; otherwise it opens one itself. */
  readonly inheritsSocket: boolean;
}

/** A server that can be measured. */
export interface Peer {
  readonly name: string;
  readonly protocol: 'lsapi' | 'http';
  /** Each connection has a process of its own: it is started anew for each number of connections. */
  readonly processPerConnection: boolean;
  /** Gets what it needs. A text says why it cannot be had on this machine. */
  prepare(): string | undefined;
  /** undefined: it has no program for this app. */
  launch(start: Start): Launch | undefined;
}
