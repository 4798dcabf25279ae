import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Launch, Peer, Start } from './peer.js';
import type { Places } from './places.js';
import { cacheFor } from './places.js';
import { runCommand } from './run.js';

/** Versions of Debian's source package that are asked for, in this order. */
const SOURCE_PACKAGES = ['php8.2', 'php8.4', 'php8.3', 'php8.1'];
const LIBRARY = 'sapi/litespeed';

/** Hello on the reference library, one connection a process. */
export function cLibraryPeer(places: Places): Peer {
  return libraryPeer(places, 'C library', 'c-library-hello', () => ({ flags: [], parameters: [] }));
}

/** A WSGI hello in CPython on the reference library, one connection a process. */
export function cPythonPeer(places: Places): Peer {
  return libraryPeer(places, 'C library + CPython WSGI', 'c-library-wsgi', () => {
    // Debian's own one first: another in PATH may come without a shared library.
    for (const config of ['/usr/bin/python3-config', 'python3-config']) {
      const result = runCommand(config, ['--embed', '--includes', '--ldflags']);
      if (!result.ok) continue;
      const parameters = ['hello_wsgi', join(places.root, 'bench/peers')];
      return { flags: result.output.split(/\s+/).filter((flag) => flag !== ''), parameters };
    }
    return 'python3-config is not there: install python3-dev';
  });
}

interface Ingredients {
  readonly flags: readonly string[];
  readonly parameters: readonly string[];
}

function libraryPeer(
  places: Places,
  name: string,
  source: string,
  ingredients: () => Ingredients | string,
): Peer {
  const directory = cacheFor(places, 'c-library');
  const program = join(directory, source);
  let parameters: readonly string[] = [];
  return {
    name,
    protocol: 'lsapi',
    processPerConnection: true,
    prepare: () => {
      const missing = provideLibrary(directory);
      if (missing !== undefined) return missing;
      const found = ingredients();
      if (typeof found === 'string') return found;
      parameters = found.parameters;
      const result = runCommand('gcc', [
        ...['-O2', '-Wall', '-Wextra', '-Werror', '-I', join(directory, LIBRARY), '-o', program],
        ...[join(places.root, `bench/peers/${source}.c`), join(directory, 'lsapilib.o')],
        ...[...found.flags, '-ldl', '-lcrypt'],
      ]);
      return result.ok ? undefined : `cannot be built: ${result.reason}`;
    },
    launch: ({ app, connections, children }: Start): Launch | undefined => {
      if (app !== 'hello') return undefined;
      return {
        command: [program, ...parameters],
        env: executableEnvironment(children ?? connections),
        inheritsSocket: true,
      };
    },
  };
}

/** What an LSAPI executable gets so that it has a child for each connection and keeps all of them. */
export function executableEnvironment(connections: number): Record<string, string> {
  // With one it would not fork, and be gone with the first connection that ends.
  const children = String(Math.max(2, connections));
  return {
    LSAPI_CHILDREN: children,
    LSAPI_MAX_IDLE_CHILDREN: children,
    LSAPI_MAX_REQS: '1000000000',
    LSAPI_MAX_IDLE: '3600',
    LSAPI_PGRP_MAX_IDLE: '3600',
  };
}

/** The library from Debian's source package, compiled. A text says why there is none. */
function provideLibrary(directory: string): string | undefined {
  const object = join(directory, 'lsapilib.o');
  if (existsSync(object)) return undefined;
  const source = join(directory, LIBRARY);
  if (!existsSync(join(source, 'lsapilib.c'))) {
    const reason = downloadSource(directory);
    if (reason !== undefined) return reason;
  }
  // All that the library needs of PHP is one macro; its header is replaced by an empty one.
  mkdirSync(join(directory, 'include/Zend'), { recursive: true });
  writeFileSync(join(directory, 'include/Zend/zend_portability.h'), '');
  const result = runCommand('gcc', [
    ...['-O2', '-w', '-DDL_LOAD(name)=dlopen(name, RTLD_LAZY)', '-I', join(directory, 'include')],
    ...['-I', source, '-c', join(source, 'lsapilib.c'), '-o', object],
  ]);
  return result.ok ? undefined : `the library cannot be compiled: ${result.reason}`;
}

/** By apt, with lists of its own: the machine's own configuration is read and not changed. */
function downloadSource(directory: string): string | undefined {
  const origins = runCommand('apt-get', [
    ...['indextargets', '--format', '$(SITE) $(CODENAME) $(COMPONENT)', 'Created-By: Packages'],
  ]);
  // The release itself: what it once held stays there, which cannot be said of its security updates.
  const lines = new Set(origins.output.split('\n').filter((line) => /\/debian\/? [a-z]+ main$/.test(line)));
  if (!origins.ok || lines.size === 0) return "Debian's packages are not configured on this machine";
  const state = join(directory, 'apt');
  for (const name of ['lists/partial', 'cache/archives/partial']) {
    mkdirSync(join(state, name), { recursive: true });
  }
  const sources = join(state, 'sources.list');
  writeFileSync(sources, [...lines].map((line) => `deb-src ${line}\n`).join(''));
  const options = [
    `Dir::Etc::SourceList=${sources}`,
    'Dir::Etc::SourceParts=/dev/null',
    `Dir::State::Lists=${join(state, 'lists')}`,
    `Dir::Cache=${join(state, 'cache')}`,
    'APT::Sandbox::User=',
  ].flatMap((option) => ['-o', option]);
  const update = runCommand('apt-get', [...options, 'update', '-qq']);
  if (!update.ok) return `the list of source packages cannot be had: ${update.reason}`;
  const reasons: string[] = [];
  for (const name of SOURCE_PACKAGES) {
    const got = runCommand('apt-get', [...options, 'source', '-qq', '--download-only', name], { cwd: state });
    if (got.ok) return unpack(directory, state);
    reasons.push(got.reason);
  }
  return `no source package of PHP: ${reasons.join('; ')}`;
}

function unpack(directory: string, state: string): string | undefined {
  const archive = readdirSync(state).find((name) => /^php.*\.orig\.tar\.\w+$/.test(name));
  if (archive === undefined) return 'the source package has no archive';
  const result = runCommand(
    'tar',
    ['-xf', archive, '--strip-components=1', '--wildcards', `*/${LIBRARY}/lsapi*`],
    { cwd: state },
  );
  if (!result.ok) return `the source package cannot be unpacked: ${result.reason}`;
  rmSync(join(directory, 'sapi'), { recursive: true, force: true });
  renameSync(join(state, 'sapi'), join(directory, 'sapi'));
  rmSync(state, { recursive: true });
  return undefined;
}
