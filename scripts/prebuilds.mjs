// The prebuilt binaries that the package brings along: which there are, where they lie, and whether they are those of
// the sources as they are now.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digest, root } from './setup.mjs';

/**
 * `tools` is what the names of the compiler and of binutils begin with. No musl: neither Debian nor npm has a Node for it,
 * so a binary could not be run here, and what is not run is not shipped.
 */
export const PLATFORMS = [
  { name: 'linux-x64', arch: 'x64', tools: 'x86_64-linux-gnu-', machine: 'X86-64', debian: 'g++' },
  {
    name: 'linux-arm64',
    arch: 'arm64',
    tools: 'aarch64-linux-gnu-',
    machine: 'AArch64',
    debian: 'g++-aarch64-linux-gnu',
  },
];

/** What the binaries depend on. */
export const SOURCES = ['binding.gyp', 'native/protocol', 'native/io', 'native/process', 'native/binding'];

const MANIFEST = join(root, 'prebuilds/manifest.json');

/** The file that lib/native/load-addon.ts looks for. */
export function prebuiltFile(platform) {
  return join(root, 'prebuilds', platform.name, 'lsapi.glibc.node');
}

function digestOfSources() {
  const { version } = JSON.parse(
    readFileSync(join(root, 'node_modules/node-addon-api/package.json'), 'utf8'),
  );
  return digest(SOURCES, `node-addon-api ${version}`);
}

const sha256 = (path) => createHash('sha256').update(readFileSync(path)).digest('hex');

function readManifest() {
  return existsSync(MANIFEST) ? JSON.parse(readFileSync(MANIFEST, 'utf8')) : {};
}

/** Notes that a platform's binary has just been built. */
export function record(platform) {
  const manifest = readManifest();
  manifest[platform.name] = { sources: digestOfSources(), sha256: sha256(prebuiltFile(platform)) };
  writeFileSync(MANIFEST, `${JSON.stringify(manifest, undefined, 2)}\n`);
}

/** Why a platform's binary cannot be shipped; undefined where it can. */
export function flawOf(platform) {
  const path = prebuiltFile(platform);
  if (!existsSync(path)) return 'is missing';
  const entry = readManifest()[platform.name];
  if (entry?.sources !== digestOfSources()) return 'was built from other sources';
  return entry.sha256 === sha256(path) ? undefined : 'is not the one that was built';
}
