// Other versions of Node: npm packages carry the binaries, which are kept in .cache.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup.mjs';

/**
 * Path of a binary of that version (`24`), fetched unless it is there; undefined where it cannot be had. `arch` is
 * `arm64` for one that this machine can run only by an emulator.
 */
export function fetchNode(version, arch) {
  const name = arch === undefined ? 'node' : `node-linux-${arch}`;
  const directory = join(root, '.cache', arch === undefined ? `node-${version}` : `node-${version}-${arch}`);
  const binary = join(directory, 'node_modules', name, 'bin/node');
  if (existsSync(binary)) return binary;
  mkdirSync(directory, { recursive: true });
  // A package of its own: npm must not look further up, and change the project's.
  writeFileSync(join(directory, 'package.json'), '{ "private": true }\n');
  const args = [
    'install',
    // The script of `node` chooses the one for this platform: without it there is no binary.
    `--ignore-scripts=${arch !== undefined}`,
    // Other processors' are refused otherwise.
    ...(arch === undefined ? [] : ['--force']),
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    `${name}@${version}`,
  ];
  const result = spawnSync('npm', args, { cwd: directory, stdio: ['ignore', 'inherit', 'inherit'] });
  return result.status === 0 && existsSync(binary) ? binary : undefined;
}
