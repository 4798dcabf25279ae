import type { OpenedApp } from '../app/open.js';
import { restartFile } from '../app/resolve.js';
import { formatAddress } from '../config/address.js';
import type { Settings, SettingsReading, SocketKind } from '../config/setting-types.js';
import { cleanEnvironment, readSettings } from '../config/settings.js';
import { writeLog } from '../connections/log.js';
import { native } from '../native/binding.js';
import { currentInvocation } from '../process-group/image.js';
import type { Role } from '../process-group/role.js';
import { restorePreload, takeRole } from '../process-group/role.js';
import { RestartMarker } from '../worker/restart-marker.js';
import { Lifecycle } from './lifecycle.js';
import { openSocket } from './open-socket.js';
import type { CommandLine } from './options.js';
import { limitCoreDumps, openLogs, repairOutput } from './output.js';
import { prepareApp } from './prepare-app.js';
import { serveApp } from './serve-app.js';

/** Loads an app and serves it until the process is told to stop. */
export async function runApp(commandLine: CommandLine): Promise<void> {
  const { http } = commandLine;
  const role = takeRole(process.env);
  if (role.kind === 'reload' || role.kind === 'lazy') restorePreload(process.env, native.addonPath());
  const invocation = currentInvocation();
  repairOutput(http !== undefined);
  const { settings, isGroup } = takeSettings(commandLine, role);
  if (!isGroup) {
    await runWorker(commandLine, settings);
  } else if (http !== undefined) {
    const { runBehindGateway } = await import('./http-group.js');
    await runBehindGateway(http, commandLine, invocation, settings);
  } else {
    const { runGroup } = await import('./run-group.js');
    await runGroup(commandLine, settings, role, invocation);
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
function takeSettings(commandLine: CommandLine, role: Role): { settings: Settings; isGroup: boolean } {
  const root = process.getuid?.() === 0;
  const standalone = commandLine.bind !== undefined || commandLine.http !== undefined;
  // Later roles have taken descriptor 0 already.
  const isStart = role.kind === 'first' || role.kind === 'image';
  const input = standalone || !isStart ? undefined : native.descriptorKind(0);
  const socket: SocketKind = standalone ? 'bound' : input === 'connected' ? 'connected' : 'listening';
  const { settings: given, sources, warnings } = readSettings(process.env, { socket, root });
  // Nobody else starts the next process, which a changed script needs.
  const settings =
    standalone && commandLine.scripts && sources.children.kind === 'default'
      ? inGroup(given, sources)
      : given;
  openLogs(settings);
  limitCoreDumps(settings);
  if (role.kind === 'first') for (const warning of warnings) writeLog(warning);
  cleanEnvironment(process.env, { root });
  // OpenLiteSpeed's name for the mode of an app server of the type WSGI, whose binary lsnode can be (protocol §4.4).
  if (process.env.WSGI_ENV !== undefined) process.env.NODE_ENV ??= process.env.WSGI_ENV;
  return { settings, isGroup: settings.children > 1 && (input === undefined || input === 'listening') };
}
