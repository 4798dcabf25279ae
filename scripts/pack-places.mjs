// Where `npm run pack:check` tries the package: with nothing but Node in reach, on this system, in a clean Debian, and
// on another processor. A place is a directory for the app, the environment, and how a command is run there.
import { spawnSync } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { root } from './setup.mjs';

/** Path of a program, or undefined. */
function find(program) {
  return process.env.PATH.split(delimiter)
    .map((directory) => join(directory, program))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** Programs without which a place cannot be had, as an error that says how to get them. */
function requirePrograms(programs) {
  const missing = Object.keys(programs).filter((name) => find(name) === undefined);
  if (missing.length > 0)
    throw new Error(`apt-get install ${missing.map((name) => programs[name]).join(' ')}`);
}

/** npm's own directory: its commands are JavaScript, and run with any Node. */
const npmDirectory = () => dirname(dirname(realpathSync(find('npm'))));

/** A `bin` directory with Node, npm, npx, and what these start. */
function putCommands(bin, node, npm) {
  mkdirSync(bin, { recursive: true });
  symlinkSync(node, join(bin, 'node'));
  for (const name of ['npm', 'npx']) {
    writeFileSync(join(bin, name), `#!/bin/sh\nexec node '${npm}/bin/${name}-cli.js' "$@"\n`);
    chmodSync(join(bin, name), 0o755);
  }
}

function environment(path, home) {
  return {
    PATH: path,
    HOME: home,
    TMPDIR: '/tmp',
    NODE_ENV: 'production',
    // No registry, and nothing of what this user has cached: the tarball is all there is.
    npm_config_offline: 'true',
    npm_config_cache: join(home, 'cache'),
    npm_config_update_notifier: 'false',
  };
}

/** This system, with a PATH that has no compiler. */
export function hostPlace(node) {
  const home = mkdtempSync(join(tmpdir(), 'lsapi-pack-'));
  const bin = join(home, 'bin');
  const directory = join(home, 'app');
  mkdirSync(directory);
  putCommands(bin, node, npmDirectory());
  for (const name of ['sh', 'env']) symlinkSync(find(name), join(bin, name));
  return {
    directory,
    environment: environment(bin, home),
    command: (args) => args,
    remove: () => rmSync(home, { recursive: true }),
  };
}

/**
 * A shell's commands by which a namespace runs programs for arm64 under qemu-user. It gets a register of binary formats of
 * its own (Linux 6.7), so that processes which start Node again find the emulator too, and nothing else on this machine
 * does. `F` has the emulator opened now: it needs not be there in another root directory.
 */
function emulateArm64() {
  requirePrograms({ 'qemu-aarch64-static': 'qemu-user-static' });
  // An ELF file of 64 bits, least significant byte first, that is a program or a library, for machine 183.
  const magic = String.raw`\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00`;
  const mask = String.raw`\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff`;
  const register = `:qemu-aarch64:M::${magic}:${mask}:${find('qemu-aarch64-static')}:F`;
  return (
    'mount -t binfmt_misc none /proc/sys/fs/binfmt_misc && ' +
    `printf %s '${register}' >/proc/sys/fs/binfmt_misc/register`
  );
}

/** A command that runs others in namespaces of their own, behind what `prepare`, a shell's commands, does there. */
function namespace(options, prepare) {
  return [find('unshare'), ...options, find('sh'), '-c', `PATH=/usr/sbin:$PATH; ${prepare}`, 'sh'];
}

/** arm64 under qemu-user, with this system's libraries for cross-compiling. */
export function arm64Place(node) {
  requirePrograms({ 'aarch64-linux-gnu-g++': 'g++-aarch64-linux-gnu' });
  const place = hostPlace(node);
  const enter = namespace(
    ['--user', '--map-root-user', '--mount'],
    `${emulateArm64()} && exec env 'PATH=${place.environment.PATH}' "$@"`,
  );
  return {
    ...place,
    environment: { ...place.environment, PATH: process.env.PATH, QEMU_LD_PREFIX: '/usr/aarch64-linux-gnu' },
    command: (args) => [...enter, ...args],
  };
}

/** Fails with the last lines of its output unless it succeeds. */
function run(file, ...args) {
  const { status, stdout, stderr } = spawnSync(file, args, { encoding: 'utf8' });
  if (status === 0) return;
  const output = `${stdout ?? ''}${stderr ?? ''}`.split('\n').slice(-5).join('\n');
  throw new Error(`${file} ${args.join(' ')}:\n${output}`);
}

/**
 * A fresh Debian by debootstrap, kept for the next time: the smallest, and the libraries that Node itself needs. One for
 * arm64 is unpacked and not configured, since that would run its programs: Node needs no more than its files.
 */
function debian(release, arch) {
  const name = arch === undefined ? release : `${release}-${arch}`;
  const directory = join(root, '.cache/debian', name);
  if (existsSync(join(directory, 'complete'))) return directory;
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(dirname(directory), { recursive: true });
  const foreign = arch === undefined ? [] : [`--arch=${arch}`, '--foreign'];
  run('debootstrap', '--variant=minbase', '--include=libstdc++6,libatomic1', ...foreign, release, directory);
  if (arch !== undefined) {
    const packages = join(directory, 'var/cache/apt/archives');
    for (const file of readdirSync(packages).filter((entry) => entry.endsWith('.deb'))) {
      run('dpkg-deb', '--extract', join(packages, file), directory);
    }
  }
  writeFileSync(join(directory, 'complete'), '');
  return directory;
}

/** A clean Debian with Node and npm in it; for another processor under emulation. Needs root. */
export function debianPlace(release, node, arch) {
  requirePrograms({ debootstrap: 'debootstrap' });
  if (process.getuid() !== 0) throw new Error('chroot is for root');
  const system = debian(release, arch);
  rmSync(join(system, 'usr/local'), { recursive: true, force: true });
  rmSync(join(system, 'srv'), { recursive: true, force: true });
  mkdirSync(join(system, 'srv/app'), { recursive: true });
  mkdirSync(join(system, 'usr/local/lib'), { recursive: true });
  cpSync(realpathSync(node), join(system, 'usr/local/lib/node'));
  cpSync(npmDirectory(), join(system, 'usr/local/lib/npm'), { recursive: true, dereference: true });
  putCommands(join(system, 'usr/local/bin'), '/usr/local/lib/node', '/usr/local/lib/npm');
  // A register of binary formats of its own needs a namespace of users of its own, in which only the /proc that is there
  // can be had: a new one would need process ids of its own, whose first process does not end when it is told to.
  const emulated = arch === 'arm64';
  const options = emulated ? ['--user', '--map-root-user', '--mount'] : ['--mount'];
  const prepare = emulated
    ? [`mount --rbind /proc '${system}/proc'`, emulateArm64()]
    : [`mount -t proc proc '${system}/proc'`];
  const enter = namespace(
    options,
    `${prepare.join(' && ')} && exec chroot '${system}' /usr/bin/env -C /srv/app "$@"`,
  );
  return {
    directory: join(system, 'srv/app'),
    environment: environment('/usr/local/bin:/usr/bin:/bin', '/srv'),
    command: (args) => [...enter, ...args],
    remove: () => rmSync(join(system, 'srv'), { recursive: true }),
  };
}
