import { constants } from 'node:os';

/** Signals that mean "stop". */
export type StopSignal = 'SIGTERM' | 'SIGUSR1' | 'SIGINT' | 'SIGHUP';

/** What stopping means: at first that there is nothing to be finished. */
let handler: (signal: StopSignal) => void = () => process.exit(0);

/**
 * From now on signals are told to `stop`. Until the first call the process just ends. This module depends on
 * nothing, so that loading it is the first thing the process does.
 */
export function onStopSignal(stop: (signal: StopSignal) => void): void {
  handler = stop;
}

/** Listens to one more signal. */
export function listenToSignal(signal: StopSignal): void {
  process.on(signal, receive);
}

/** Whether anybody but us listens to a signal: the app, which then has something to do before it ends. */
export function appListensTo(signal: StopSignal): boolean {
  return process.listeners(signal).some((listener) => listener !== receive);
}

/** Calls the app's listeners as the signal itself would. */
export function tellApp(signal: StopSignal): void {
  // Raw ones, so that once() ends with this call.
  for (const listener of process.rawListeners(signal)) {
    if (listener !== receive) Reflect.apply(listener, process, [signal, constants.signals[signal]]);
  }
}

/**
 * Whether the app waits for the message 'shutdown', as process managers send it over IPC. With a channel of its own it
 * is somebody else's to send.
 */
export function appAwaitsShutdown(): boolean {
  return process.listenerCount('message') > 0 && process.channel == null;
}

/** Sends the app that message. */
export function sendShutdown(): void {
  process.emit('message', 'shutdown', undefined);
}

/**
 * Closes the inspector that Node opened because SIGUSR1 came before we could listen to it. One that was asked for
 * (`--inspect`) stays.
 *
 * @returns whether it was open, so that the process has been told to stop
 */
export function closeUnwantedInspector(): boolean {
  if (!process.features.inspector || isInspectorWanted()) return false;
  const inspector = process.getBuiltinModule('node:inspector');
  if (inspector.url() === undefined) return false;
  inspector.close();
  return true;
}

function isInspectorWanted(): boolean {
  return [...process.execArgv, process.env.NODE_OPTIONS ?? ''].some((text) => text.includes('--inspect'));
}

let reloadRequested = false;

function noteReload(): void {
  reloadRequested = true;
}

/** Whether SIGHUP has come to this process, which is to be, or is, of a process group. */
export function isReloadRequested(): boolean {
  return reloadRequested;
}

function childrenVariable(): string {
  return process.env.PHP_LSAPI_CHILDREN ?? process.env.LSAPI_CHILDREN ?? '';
}

function receive(signal: StopSignal): void {
  handler(signal);
}

// The server stops a process with SIGTERM and SIGUSR1 together, in either order (protocol §4.6). Node's own answer
// to SIGUSR1, the inspector, would be a door into the process.
listenToSignal('SIGUSR1');
listenToSignal('SIGTERM');
listenToSignal('SIGINT');
// A process group reloads on SIGHUP. Before its parent has become one, the signal must not end it.
if (process.env.LSAPI_GROUP_ROLE !== undefined || /^\s*\+?0*([2-9]|1\d)/.test(childrenVariable())) {
  process.on('SIGHUP', noteReload);
}
if (closeUnwantedInspector()) process.exit(0);
