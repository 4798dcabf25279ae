// suEXEC daemon mode: a parent that is root's, and children that each become the user of their connection's requests
// (protocol §5.13). Credentials are verified, and privileges dropped, in native/process/admission.cc.
import type { Settings } from '../config/setting-types.js';
import { LsapiError } from '../errors.js';
import { setRootDirectory } from '../app/root-directory.js';
import type { NativeDaemonOptions, NativeIdentity } from '../native/group-binding.js';

/** As many as the reference library has at least. */
const CHILDREN = 100;
/** Seconds that the first request may take to come: the server connects when it has one. */
const FIRST_PACKET = 10;
/** CageFS; 3 would leave the process root's. */
const HIGHEST_LVE = 2;

/** Whether the settings ask for a daemon, and the process can be one: it is root's. */
export function isDaemon({ secret }: Pick<Settings, 'secret'>, isRoot: boolean): boolean {
  return isRoot && secret !== undefined;
}

/**
 * The settings under which a daemon runs: a child serves one connection, and nothing of an app is loaded before it is
 * its user's.
 *
 * @param hasChildren - whether LSAPI_CHILDREN is given
 */
export function daemonSettings(settings: Settings, hasChildren: boolean): Settings {
  return {
    ...settings,
    children: Math.max(hasChildren ? settings.children : CHILDREN, 2),
    concurrency: 1,
    keepListen: 0,
    maxBusyWorker: -1,
    preload: 'off',
    fork: 'on',
  };
}

/** What the native side needs of the settings. */
export function daemonOptions(settings: Settings): NativeDaemonOptions | undefined {
  const { secret, minUid, minGid, maxPacket, packetTimeout, chroot, lve, allowCoreDump } = settings;
  if (!isDaemon(settings, process.geteuid?.() === 0)) return undefined;
  return {
    secret: secret ?? '',
    minUid,
    minGid,
    maxPacket,
    packetTimeout: Math.min(packetTimeout === 0 ? FIRST_PACKET : packetTimeout, FIRST_PACKET) * 1000,
    root: chroot ?? '',
    lve: Math.min(lve, HIGHEST_LVE),
    allowCoreDump,
  };
}

/** Variables that tenants may see of root's environment; those for lsnode itself are taken out later. */
const PASSED_ON =
  /^(?:(?:PHP_)?LSAPI|LSNODE|LSCACHE|LS|LVE|WSGI|NODE|UV|LC|SSL_CERT)_|^(?:PATH|TZ|LANG|LANGUAGE|TMPDIR|OPENSSL_CONF|LD_PRELOAD|LD_LIBRARY_PATH)$/;

/** The part of root's environment (`NAME=value`) that children of a daemon may inherit. */
export function daemonEnvironment(environment: readonly string[]): string[] {
  return environment.filter((variable) => PASSED_ON.test(variable.slice(0, variable.indexOf('='))));
}

/** Makes the process look like one of its user's: for a child that has become somebody. */
export function becomeUser({ uid, user, home, root }: NativeIdentity, environ: NodeJS.ProcessEnv): void {
  if (root !== '') {
    // Node remembers what the current directory was.
    process.chdir('/');
    setRootDirectory(root);
  }
  for (const name of ['HOME', 'USER', 'LOGNAME', 'SHELL', 'MAIL']) delete environ[name];
  if (user !== '') Object.assign(environ, { HOME: home, USER: user, LOGNAME: user });
  process.title = `lsnode:${user === '' ? uid : user}`;
}

/** @throws LsapiError LSAPI_ERR_SUEXEC where the daemon must not start */
export function refuseDaemon(reason: string): never {
  throw new LsapiError('LSAPI_ERR_SUEXEC', `The suEXEC daemon does not start: ${reason}`);
}
