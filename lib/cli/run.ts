import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CapturedServer } from '../app/capture.js';
import { captureListen } from '../app/capture.js';
import { addressForApp, describeListen } from '../app/listen-parameters.js';
import type { LoadedApp } from '../app/load.js';
import { loadApp } from '../app/load.js';
import { resolveApp } from '../app/resolve.js';
import type { Address } from '../config/address.js';
import { formatAddress } from '../config/address.js';
import type { Settings, SocketKind } from '../config/setting-types.js';
import { cleanEnvironment, readSettings } from '../config/settings.js';
import { listenOn } from '../connections/listen.js';
import { writeLog } from '../connections/log.js';
import { LsapiError } from '../errors.js';
import { native } from '../native/binding.js';
import type { WorkerSocket } from '../worker/worker-socket.js';
import { takeStandardInput } from '../worker/worker-socket.js';
import { Worker } from '../worker/worker.js';
import { Lifecycle } from './lifecycle.js';
import type { CommandLine } from './options.js';

const STDOUT = 1;
const STDERR = 2;

/** Loads an app and serves it until the process is told to stop. */
export async function runApp(commandLine: CommandLine): Promise<void> {
  const { http } = commandLine;
  repairOutput(http !== undefined);
  const settings = takeSettings(commandLine);
  const lifecycle = new Lifecycle(settings, writeLog);
  const { socket, address } = await openSocket(commandLine);

  const app = resolveApp({
    file: commandLine.app,
    root: settings.root,
    startupFile: settings.startupFile,
    cwd: process.cwd(),
  });
  process.chdir(app.root);
  process.title = `lsnode:${app.root}`;
  process.argv = [process.execPath, app.path, ...commandLine.arguments];

  const listened = new Promise<CapturedServer>((resolve) => {
    captureListen(resolve, (parameters) => {
      writeLog(`${describeListen(parameters)}: the app's second server listens for real, beside LiteSpeed`);
    });
  });
  // While the app loads nothing else may keep the process: whether it still can listen is told by an empty loop.
  const loaded = await loadApp(app.path, listened, writeLog);
  const worker = new Worker(loaded, socket, {
    settings,
    log: writeLog,
    development:
      process.env.NODE_ENV === 'development' || (http !== undefined && process.env.NODE_ENV !== 'production'),
    address: addressForApp((loaded.style === 'node' && loaded.parameters) || [], settings.socket),
    ended: (end) => lifecycle.ended(end),
  });
  lifecycle.serve(worker);
  if (loaded.style !== 'node' || loaded.parameters === undefined) {
    void listened.then((captured) => serveListening(captured, loaded, worker, settings));
  }

  if (http !== undefined && address !== undefined) {
    const { openHttpFront } = await import('./http-front.js');
    lifecycle.setFront(await openHttpFront(http, address, settings));
  } else if (address !== undefined) {
    writeLog(`serving ${app.path} on ${formatAddress(address)} (LSAPI)`);
  }
}

/**
 * Points stdout at stderr: started by a server, stdout is a dead socket (protocol §4.2), and what the app prints
 * belongs to the log. A log that nobody reads any more must not end the process.
 */
function repairOutput(keepStdout: boolean): void {
  if (!keepStdout) native.redirect(STDERR, STDOUT);
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

/** Reads the settings and removes them from the environment that the app and its children see. */
function takeSettings(commandLine: CommandLine): Settings {
  const root = process.getuid?.() === 0;
  const standalone = commandLine.bind !== undefined || commandLine.http !== undefined;
  const connected = !standalone && native.descriptorKind(0) === 'connected';
  const socket: SocketKind = standalone ? 'bound' : connected ? 'connected' : 'listening';
  const { settings, warnings } = readSettings(process.env, { socket, root });
  for (const warning of warnings) writeLog(warning);
  if (settings.children > 1) {
    writeLog(
      `LSAPI_CHILDREN=${settings.children}: this version has no forked children yet; one process serves all connections`,
    );
  }
  cleanEnvironment(process.env, { root });
  return settings;
}

interface OpenSocket {
  readonly socket: WorkerSocket;
  /** Where it listens, if it is one of our own. */
  readonly address?: Address;
}

async function openSocket({ bind, http, arguments: parameters }: CommandLine): Promise<OpenSocket> {
  if (bind === undefined && http === undefined) return { socket: takeStandardInput(parameters) };
  const { fd, address } = await listenOn(bind ?? privateAddress());
  return { socket: { kind: 'listening', fd }, address };
}

/** A Unix socket between gateway and app that only this user can reach. */
function privateAddress(): Address {
  let directory: string;
  try {
    directory = mkdtempSync(join(tmpdir(), 'lsnode-'));
  } catch (error) {
    throw new LsapiError(
      'LSAPI_ERR_LISTEN',
      `Cannot make a directory for the socket between gateway and app in ${tmpdir()}: ${String(error)}. ` +
        'Set TMPDIR to a directory that this user may write to.',
      { cause: error },
    );
  }
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  return { kind: 'unix', path: join(directory, 'app.sock') };
}

/** An app that is served by its export calls listen() as well. */
function serveListening(captured: CapturedServer, app: LoadedApp, worker: Worker, settings: Settings): void {
  const { server, parameters } = captured;
  if (app.style !== 'node') {
    writeLog(
      `${describeListen(parameters)}: the app exports a ${app.style} handler, so its server listens for real`,
    );
    captured.listenForReal();
  } else {
    worker.serveWith(server, addressForApp(parameters, settings.socket));
  }
}
