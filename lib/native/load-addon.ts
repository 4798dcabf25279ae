import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { LsapiError } from '../errors.js';

/** Node-API version that the addon is compiled for (binding.gyp). */
const NODE_API = 9;

/**
 * Where the addon may lie in the package's directory, best first: whoever has built it here wants that one. Its other
 * places are those of prebuildify. There is one for glibc alone; whether it fits is the dynamic linker's verdict.
 */
function places(root: string): string[] {
  const { LSAPI_ADDON: named } = process.env;
  // For builds of another kind, such as with sanitizers (scripts/sanitized-tests.mjs): that one or none.
  if (named !== undefined && named !== '') return [named];
  return [
    join(root, 'build/Release/lsapi.node'),
    join(root, 'prebuilds', `${process.platform}-${process.arch}`, 'lsapi.glibc.node'),
  ];
}

/** The C library and its version; only for messages, since the report that knows it takes long. */
function libraryOfC(): string {
  // It would look up names; newer than the types.
  Object.assign(process.report, { excludeNetwork: true });
  const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime === undefined ? 'no glibc' : `glibc ${header.glibcVersionRuntime}`;
}

/**
 * Loads the addon of the package in `root`: one that was built there, else the prebuilt one.
 *
 * @throws LsapiError LSAPI_ERR_NATIVE: tells the platform, each place and why it did not do, and how to build one
 */
export function loadAddon(root: string): unknown {
  const require = createRequire(join(root, 'package.json'));
  const failures: string[] = [];
  let cause: unknown;
  for (const path of places(root)) {
    try {
      if (existsSync(path)) return require(path);
      failures.push(`${path}: not there`);
    } catch (error) {
      cause = error;
      failures.push(`${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new LsapiError(
    'LSAPI_ERR_NATIVE',
    `The native part of lsapi could not be loaded on ${process.platform}-${process.arch}, ${libraryOfC()}, Node ` +
      `${process.versions.node}, Node-API ${process.versions.napi} (${NODE_API} is needed). Tried:\n` +
      failures.map((failure) => `  ${failure}\n`).join('') +
      'Binaries for linux-x64 and linux-arm64 with glibc 2.28 or later come with the package: install it again where ' +
      'one of these is missing. Elsewhere build it in the directory of your app, with python3, make and g++: ' +
      `npm install --no-save node-addon-api node-gyp && npx node-gyp rebuild --directory '${root}'`,
    { cause },
  );
}
