import { join } from 'node:path';
import { executableEnvironment } from './c-library.js';
import type { Peer } from './peer.js';
import type { Places } from './places.js';

/** The floor. It answers the same to whatever comes. */
export function nullPeer(places: Places): Peer {
  return {
    name: 'null',
    protocol: 'lsapi',
    processPerConnection: false,
    prepare: () => undefined,
    launch: ({ app }) =>
      app === 'hello' ? { command: [join(places.tools, 'null')], env: {}, inheritsSocket: true } : undefined,
  };
}

/** `--peer NAME=COMMAND`: any LSAPI executable that answers `Hello, World!`, one connection a process. */
export function customPeer(text: string): Peer {
  const at = text.indexOf('=');
  if (at < 1 || at === text.length - 1) {
    throw new Error(`--peer ${text}: give it as NAME=COMMAND, where COMMAND serves LSAPI on descriptor 0`);
  }
  const command = ['/bin/sh', '-c', `exec ${text.slice(at + 1)}`];
  return {
    name: text.slice(0, at),
    protocol: 'lsapi',
    processPerConnection: true,
    prepare: () => undefined,
    launch: ({ app, connections, children }) =>
      app === 'hello'
        ? { command, env: executableEnvironment(children ?? connections), inheritsSocket: true }
        : undefined,
  };
}
