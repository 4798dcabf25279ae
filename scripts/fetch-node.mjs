// Other versions of Node: the npm package `node` carries the binaries, which are kept in .cache.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup.mjs';

/** Path of a binary of that version (`24`), fetched unless it is there; undefined where it cannot be had. */
export function fetchNode(version) {
  const directory = join(root, '.cache', `node-${version}`);
  const binary = join(directory, 'node_modules/node/bin/node');
  if (existsSync(binary)) return binary;
  mkdirSync(directory, { recursive: true });
  // A package of its own: npm must not look further up, and change the project's.
  writeFileSync(join(directory, 'package.json'), '{ "private": true }\n');
  // The package's script chooses the one for this platform: without it there is no binary.
  const args = [
    'install',
    '--ignore-scripts=false',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    `node@${version}`,
  ];
  const result = spawnSync('npm', args, { cwd: directory, stdio: ['ignore', 'inherit', 'inherit'] });
  return result.status === 0 && existsSync(binary) ? binary : undefined;
}
