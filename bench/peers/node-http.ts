import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Launch, Peer, Start } from './peer.js';
import type { Places } from './places.js';

/** The same app run by `node` itself: HTTP on a Unix socket is what LiteSpeed's own lsnode.js makes of an app. */
export function nodeHttpPeer(places: Places, style: 'node' | 'express'): Peer {
  return {
    name: style === 'node' ? 'node:http' : 'express on node:http',
    protocol: 'http',
    processPerConnection: false,
    prepare: () => undefined,
    launch({ app, address }: Start): Launch | undefined {
      const file = join(places.root, `bench/apps/${app === 'express' ? 'hello' : app}-${style}.mjs`);
      if (!existsSync(file)) return undefined;
      return { command: [process.execPath, file], env: { BENCH_ADDRESS: address }, inheritsSocket: false };
    },
  };
}
