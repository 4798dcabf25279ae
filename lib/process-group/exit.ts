import { readFileSync, writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';

/** What the end of a forked child needs of the addon. */
export interface ExitCalls {
  exitNow(code: number): never;
  setBlocking(fd: number): number;
  watchIdleLoop(callback: (again: boolean) => void): void;
}

/** Functions of `process` that Node calls by name, and that are in no documentation: Node 20 to 26. */
interface ProcessInternals {
  /** The last thing that process.exit() does. */
  reallyExit(code?: number): never;
  /** Called for each error that nobody has caught; false: the process ends. */
  _fatalException(error: unknown, fromPromise: boolean): boolean;
}

const STDOUT = 1;
const STDERR = 2;
const GENERIC_ERROR = 1;
/** An error in the handling of an uncaught one; Node's own number for it. */
const ERROR_IN_HANDLER = 7;
/** As far down as Node shows an error's properties. */
const DEPTH = 5;

/**
 * Makes all orderly ends of a forked child end it at once. Node would wait for threads that only its parent has,
 * and hang or crash. Exit listeners, status and the report of an uncaught error are as without this.
 *
 * | end                                       | caught at                                                     |
 * | ----------------------------------------- | ------------------------------------------------------------- |
 * | process.exit()                            | process.reallyExit(), its last step                           |
 * | an uncaught error, an unhandled rejection | process._fatalException(), around all handlers and listeners  |
 * | nothing left to do                        | the event loop, kept from ending: Node waits for V8's threads |
 * |                                           | before it even emits beforeExit                               |
 *
 * process.abort() and signals need nothing: they tear nothing down.
 *
 * stdout and stderr become blocking: what is written to them is written when the call returns, so nothing is lost at
 * the end. (Node says that pipes are synchronous on Linux, but beyond the size of a pipe they are not.)
 */
export function installChildExit(calls: ExitCalls): void {
  const internals = process as unknown as ProcessInternals;
  const end = (code: unknown): never => calls.exitNow(Number(code));

  makeOutputBlocking(calls);

  internals.reallyExit = (code) => end(code ?? 0);

  const handleError = internals._fatalException.bind(process);
  internals._fatalException = (error, fromPromise) => {
    let handled = false;
    try {
      handled = handleError(error, fromPromise);
    } catch (another) {
      report(another, calls);
      end(ERROR_IN_HANDLER);
    }
    // The exit listeners have run.
    if (!handled) {
      report(error, calls);
      end(process.exitCode ?? GENERIC_ERROR);
    }
    return true;
  };

  calls.watchIdleLoop((again) => {
    if (again) process.exit();
    process.emit('beforeExit', Number(process.exitCode ?? 0));
  });
}

function makeOutputBlocking(calls: ExitCalls): void {
  // Both exist from now on: Node makes a pipe non-blocking when it makes the stream.
  if (process.stdout.writable) calls.setBlocking(STDOUT);
  if (process.stderr.writable) calls.setBlocking(STDERR);
}

/** Prints an uncaught error as Node does, which cannot be had without the teardown that follows it there. */
function report(error: unknown, calls: ExitCalls): void {
  try {
    calls.setBlocking(STDERR); // another process on the same pipe may have changed it
    writeSync(STDERR, describeUncaught(error));
  } catch {
    // Nobody is there to read it.
  }
}

/**
 * The report of an uncaught error: its place with the line of source, its stack and properties, Node's version. The
 * place is where the error was made, as V8's own (where it was thrown) is told to native code alone; a value that is no
 * error has none.
 */
export function describeUncaught(error: unknown): string {
  const shown = show(error);
  const text = error instanceof Error ? `${sourceLine(error)}${shown}` : `Uncaught ${shown}`;
  return `${text}\n\nNode.js ${process.version}\n`;
}

/** Under which an emitter keeps, at the error, what adds to the stack where an unheard `error` event was emitted. */
const STACK_ENHANCER = 'kEnhanceStackBeforeInspector';

function enhanceStack(error: unknown): void {
  if (!(error instanceof Error)) return;
  const key = Object.getOwnPropertySymbols(error).find(({ description }) => description === STACK_ENHANCER);
  const enhance: unknown = key === undefined ? undefined : Reflect.get(error, key);
  if (typeof enhance === 'function') error.stack = String(Reflect.apply(enhance, error, []));
}

function show(error: unknown): string {
  try {
    enhanceStack(error);
    return inspect(error, {
      customInspect: false,
      depth: DEPTH,
      colors: process.stderr.isTTY && hasColors(),
    });
  } catch {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}

function hasColors(): boolean {
  return process.stderr.hasColors();
}

/** `file:line`, the line and a mark below the column, of where the error was made; empty if that cannot be told. */
function sourceLine(error: Error): string {
  try {
    const place = /^\s+at (?:.*\()?((?:file:\/\/)?\/.*):(\d+):(\d+)\)?$/m.exec(error.stack ?? '');
    if (place === null) return '';
    const [, file = '', line = '', column = ''] = place;
    const path = file.startsWith('file:') ? fileURLToPath(file) : file;
    const source = readFileSync(path, 'utf8').split('\n')[Number(line) - 1];
    if (source === undefined) return '';
    const indent = source.slice(0, Number(column) - 1).replace(/[^\t]/g, ' ');
    return `${file}:${line}\n${source}\n${indent}^\n\n`;
  } catch {
    return '';
  }
}
