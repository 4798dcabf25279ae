import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Launch, Peer, Start } from './peer.js';
import type { Places } from './places.js';
import { cacheFor } from './places.js';
import { runCommand } from './run.js';

/** Fetch handlers behind `@hono/node-server`, which is installed when it is first measured. */
export function honoPeer(places: Places): Peer {
  const directory = cacheFor(places, 'hono');
  return {
    name: '@hono/node-server',
    protocol: 'http',
    processPerConnection: false,
    prepare: () => install(directory, ['@hono/node-server', 'hono']),
    launch: (start) =>
      fetchApp(places, start, (file) => [
        process.execPath,
        join(places.root, 'bench/peers/hono.mjs'),
        directory,
        file,
      ]),
  };
}

/** Fetch handlers on Bun, from its npm package. */
export function bunPeer(places: Places): Peer {
  const directory = cacheFor(places, 'bun');
  const cpu = process.arch === 'arm64' ? 'aarch64' : process.arch;
  const program = join(directory, `node_modules/@oven/bun-linux-${cpu}/bin/bun`);
  return {
    name: 'bun',
    protocol: 'http',
    processPerConnection: false,
    prepare: () => {
      const reason = install(directory, ['bun']);
      if (reason !== undefined) return reason;
      if (!existsSync(program))
        return `its npm package has no program for ${process.platform}-${process.arch}`;
      const version = runCommand(program, ['--version']);
      return version.ok ? undefined : version.reason;
    },
    launch: (start) =>
      fetchApp(places, start, (file) => [program, join(places.root, 'bench/peers/bun.mjs'), file]),
  };
}

function fetchApp(
  places: Places,
  { app, address }: Start,
  commandFor: (file: string) => string[],
): Launch | undefined {
  const file = join(places.root, `bench/apps/${app}-fetch.mjs`);
  if (!existsSync(file)) return undefined;
  return { command: commandFor(file), env: { BENCH_ADDRESS: address }, inheritsSocket: false };
}

/** Once; the packages stay in the cache. */
function install(directory: string, packages: readonly string[]): string | undefined {
  if (packages.every((name) => existsSync(join(directory, 'node_modules', name)))) return undefined;
  writeFileSync(join(directory, 'package.json'), '{ "private": true }\n');
  const result = runCommand(
    'npm',
    ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', ...packages],
    { cwd: directory },
  );
  return result.ok ? undefined : `cannot be installed: ${result.reason}`;
}
