import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Launch, Peer, Start } from './peer.js';
import type { Places } from './places.js';

/** `lsnode` with an app of one style; a worker, or, where the start asks for children, a process group. */
export function lsnodePeer(places: Places, style: 'raw' | 'node' | 'fetch' | 'wsgi' | 'express'): Peer {
  return {
    name: `lsapi ${style}`,
    protocol: 'lsapi',
    processPerConnection: false,
    prepare: () => undefined,
    launch({ app, address, connections, children }: Start): Launch | undefined {
      const file = join(places.root, `bench/apps/${app === 'express' ? 'hello' : app}-${style}.mjs`);
      if (!existsSync(file)) return undefined;
      return {
        command: [process.execPath, join(places.root, 'dist/cli/main.js'), file],
        env: {
          LSAPI_CHILDREN: String(children ?? 1),
          LSNODE_CONCURRENCY: String(
            children === undefined ? connections : Math.ceil(connections / children),
          ),
          LSAPI_MAX_IDLE_CHILDREN: String(children ?? 1),
          // No recycling in the middle of a measurement.
          LSAPI_MAX_REQS: '0',
          LSAPI_MAX_IDLE: '0',
          BENCH_ADDRESS: address,
        },
        inheritsSocket: true,
      };
    },
  };
}
