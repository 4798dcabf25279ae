// The thread that lib/stack-watch/stack-watch.ts starts: it logs the main thread's stack when that has not come back to its
// event loop for too long. It loads nothing of the package, since all that a thread loads takes memory in each child.
import { writeSync } from 'node:fs';
import { Session, type Debugger } from 'node:inspector';
import { workerData } from 'node:worker_threads';

/** What the thread is given. */
export interface StackThreadData {
  /** One 32-bit number that the main thread changes at each turn of its event loop that is due. */
  readonly beats: SharedArrayBuffer;
  /** Milliseconds without a change after which the stack is logged; longer than the main thread is from beat to beat. */
  readonly after: number;
  /** File descriptor of the log. */
  readonly log: number;
}

/** Most frames, and characters of a frame, that are logged. */
const MOST_FRAMES = 50;
const MOST_CHARACTERS = 500;

/** Code that does not run JavaScript cannot be interrupted: after that many milliseconds that is what is logged. */
const PATIENCE = 1000;

const { beats, after, log } = workerData as StackThreadData;
const beat = new Int32Array(beats);

async function watch(): Promise<never> {
  let last = Atomics.load(beat, 0);
  for (;;) {
    // Ends early when the main thread beats, and then begins anew.
    if (Atomics.wait(beat, 0, last, after) !== 'timed-out') {
      last = Atomics.load(beat, 0);
      continue;
    }
    const began = Date.now() - after;
    report(began, await stackOfMainThread());
    // Once for each time that it is stuck.
    while (Atomics.wait(beat, 0, last, after) === 'timed-out');
    last = Atomics.load(beat, 0);
    write(`the event loop turns again, after ${seconds(Date.now() - began)}`);
  }
}

/** The frames of what the main thread is doing, `undefined` where it does not run JavaScript. */
async function stackOfMainThread(): Promise<readonly string[] | undefined> {
  const session = new Session();
  session.connectToMainThread();
  // Also what keeps this thread alive meanwhile: a session does not.
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise((resolve) => {
      timer = setTimeout(() => resolve(undefined), PATIENCE);
      const urls = new Map<string, string>();
      session.on('Debugger.scriptParsed', ({ params: { scriptId, url } }) => void urls.set(scriptId, url));
      session.once('Debugger.paused', ({ params }) => {
        const frames = params.callFrames.slice(0, MOST_FRAMES).map((frame) => frameText(frame, urls));
        session.post('Debugger.resume', () => resolve(frames));
      });
      session.post('Debugger.enable');
      session.post('Debugger.pause');
    });
  } finally {
    clearTimeout(timer);
    session.disconnect();
  }
}

function frameText(
  { functionName, url, location }: Debugger.CallFrame,
  urls: ReadonlyMap<string, string>,
): string {
  const file = url === '' ? urls.get(location.scriptId) : url;
  const place = `${file ?? 'unknown'}:${location.lineNumber + 1}:${(location.columnNumber ?? 0) + 1}`;
  const text = functionName === '' ? `at ${place}` : `at ${functionName} (${place})`;
  return text.slice(0, MOST_CHARACTERS);
}

function report(began: number, frames: readonly string[] | undefined): void {
  const lines = frames ?? ['in native code, which cannot be interrupted (a synchronous call, for example)'];
  write(
    `the event loop has not turned for ${seconds(Date.now() - began)}; the stack:\n` +
      lines.map((line) => `    ${line}`).join('\n'),
  );
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

function write(text: string): void {
  try {
    writeSync(log, `lsapi[${process.pid}]: ${text}\n`);
  } catch {
    // A log that cannot be written must not end the process.
  }
}

void watch();
