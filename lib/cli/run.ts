import type { OpenedApp } from '../app/open.js';
import { restartFile } from '../app/resolve.js';
import { formatAddress } from '../config/address.js';
import type { Settings, SettingsReading, SocketKind } from '../config/setting-types.js';
import { cleanEnvironment, readSettings } from '../config/settings.js';
import { writeLog } from '../connections/log.js';
import { native } from '../native/binding.js';
import { daemonEnvironment, daemonSettings, refuseDaemon } from '../process-group/daemon.js';
import type { Invocation } from '../process-group/image.js';
import { becomeFitForLimits, currentInvocation } from '../process-group/image.js';
import type { Role } from '../process-group/role.js';
import { restorePreload, takeRole } from '../process-group/role.js';
import { RestartMarker } from '../worker/restart-marker.js';
import { Lifecycle } from './lifecycle.js';
import { openSocket } from './open-socket.js';
import type { CommandLine } from './options.js';
import { limitCoreDumps, openLogs, repairOutput } from './output.js';
import { prepareApp } from './prepare-app.js';
import { serveApp } from './serve-app.js';

interface TakenSettings {
  readonly settings: Settings;
  readonly isGroup: boolean;
  /** A suEXEC daemon. */
  readonly isOfRoot: boolean;
}

/** Loads an app and serves it until the process is told to stop. */
export async function runApp(commandLine: CommandLine): Promise<void> {
  const { http } = commandLine;
  const role = takeRole(process.env);
  if (role.kind === 'reload' || role.kind === 'lazy') restorePreload(process.env, native.addonPath());
  const invocation = currentInvocation();
  repairOutput(http !== undefined);
  const { settings, isGroup, isOfRoot } = takeSettings(commandLine, role);
  if (!isGroup) {
    becomeFitForLimits(role, invocation);
    native.hideDescriptors();
    await runWorker(commandLine, settings);
  } else if (http !== undefined) {
    const { runBehindGateway } = await import('./http-group.js');
    await runBehindGateway(http, commandLine, invocation, settings);
  } else {
    const { runGroup } = await import('./run-group.js');
    await runGroup(commandLine, settings, role, isOfRoot ? withDaemonEnvironment(invocation) : invocation);
  }
}

async function runWorker(commandLine: CommandLine, settings: Settings): Promise<void> {
  const { http } = commandLine;
  const lifecycle = new Lifecycle(settings, writeLog);
  const { socket, address } = await openSocket(commandLine);
  const { app, name, open, gateway } = await prepareApp(commandLine, settings);
  const development =
    process.env.NODE_ENV === 'development' || (http !== undefined && process.env.NODE_ENV !== 'production');
  // Nobody starts a process again that has a socket of its own.
  const restartMarker = address === undefined ? new RestartMarker(restartFile(app)) : undefined;
  const stdout = http !== undefined;
  const options = { settings, socket, lifecycle, development, root: app.root, restartMarker, stdout };
  let opened: OpenedApp;
  try {
    opened = await open();
  } catch (error) {
    // Who has started it by hand reads it there.
    if (address !== undefined) throw error;
    const { failWorker } = await import('./fail-worker.js');
    await failWorker(error, app, options);
    return;
  }
  await serveApp(opened, options);

  if (http !== undefined && address !== undefined) {
    const { openHttpFront, statusPageFor } = await import('./http-front.js');
    const page = await statusPageFor(commandLine, process.pid);
    lifecycle.setFront(await openHttpFront(http, address, settings, { ...gateway, ...page }));
  } else if (address !== undefined) {
    writeLog(`serving ${name} on ${formatAddress(address)} (LSAPI)`);
  }
}

/** What takes the place of LSAPI_CHILDREN where it is not set: two processes at most, one as long as it is enough. */
function inGroup(settings: Settings, sources: SettingsReading['sources']): Settings {
  const isShared = sources.concurrency.kind === 'default';
  return { ...settings, children: 100, concurrency: isShared ? 50 : settings.concurrency };
}

/**
 * Reads the settings and removes them from the environment that the app and its children see. ProcessGroup mode needs
 * a socket to listen on; a connected one is served by its own process (protocol §5.2).
 */
function takeSettings(commandLine: CommandLine, role: Role): TakenSettings {
  const root = process.getuid?.() === 0;
  const standalone = commandLine.bind !== undefined || commandLine.http !== undefined;
  // Later roles have taken descriptor 0 already.
  const isStart = role.kind === 'first' || role.kind === 'image';
  const input = standalone || !isStart ? undefined : native.descriptorKind(0);
  const socket: SocketKind = standalone ? 'bound' : input === 'connected' ? 'connected' : 'listening';
  const { settings: given, sources, warnings } = readSettings(process.env, { socket, root });
  const hasChildren = sources.children.kind !== 'default';
  // Also where its value is nonsense: who asks for a daemon must not get a process that serves as root.
  const isOfRoot = process.geteuid?.() === 0 && sources.secret.kind !== 'default';
  // Nobody else starts the next process, which a changed script needs.
  let settings = standalone && commandLine.scripts && !hasChildren ? inGroup(given, sources) : given;
  if (isOfRoot) {
    checkDaemon(given, commandLine, socket);
    settings = daemonSettings(given, hasChildren);
  }
  openLogs(settings);
  limitCoreDumps(settings);
  if (role.kind === 'first') {
    for (const warning of [...warnings, ...userWarnings(given, root)]) writeLog(warning);
  }
  cleanEnvironment(process.env, { root });
  // OpenLiteSpeed's name for the mode of an app server of the type WSGI, whose binary lsnode can be (protocol §4.4).
  if (process.env.WSGI_ENV !== undefined) process.env.NODE_ENV ??= process.env.WSGI_ENV;
  const canListen = input === undefined || input === 'listening';
  return { settings, isGroup: settings.children > 1 && canListen, isOfRoot };
}

/** @throws LsapiError LSAPI_ERR_SUEXEC */
function checkDaemon({ secret = '' }: Settings, { http }: CommandLine, socket: SocketKind): void {
  if (http !== undefined) {
    refuseDaemon('--http has no users to serve. Unset LSAPI_SECRET, or use --bind for a LiteSpeed server.');
  }
  if (socket === 'connected') {
    refuseDaemon('descriptor 0 is a connection, but a daemon needs a listening socket.');
  }
  const objection = native.checkSecret(secret);
  if (objection !== '') refuseDaemon(`LSAPI_SECRET: ${objection}.`);
}

/** What the log should say about whom this process serves as. */
function userWarnings({ secret }: Settings, root: boolean): string[] {
  if (!root) {
    return secret === undefined ? [] : ['LSAPI_SECRET is not used: only root can be a suEXEC daemon'];
  }
  if (secret === undefined) return [];
  return ['LSAPI_DEFAULT_UID', 'LSAPI_DEFAULT_GID']
    .filter((name) => process.env[name] !== undefined)
    .map((name) => `${name} is not used: requests without valid credentials are refused`);
}

/** Of root's environment only what tenants may see: children inherit the memory that it is in. */
function withDaemonEnvironment(invocation: Invocation): Invocation {
  const environment = daemonEnvironment(invocation.environment);
  const kept = new Set(environment.map((variable) => variable.slice(0, variable.indexOf('='))));
  for (const name of Object.keys(process.env)) if (!kept.has(name)) delete process.env[name];
  return { ...invocation, environment };
}
