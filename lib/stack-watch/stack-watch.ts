import { join } from 'node:path';
import { writeLog } from '../connections/log.js';
import { packageDirectory } from '../package-directory.js';
import type { StackThreadData } from './stack-thread.js';

/** File descriptor of the log: stderr. */
const LOG = 2;

/** How often the main thread beats while it is watched for: four times, so that a wait is at most a quarter too long. */
const BEATS = 4;

/**
 * Has a thread watch this one: when its event loop has not turned for `seconds`, what it is doing is logged as a
 * JavaScript stack, once for each time. Only a thread of the same process can have it: Node-API cannot interrupt
 * running JavaScript, and the thread of Node's inspector does not survive a fork. The stack is that of
 * `inspector.Session.connectToMainThread()`, which pauses the code for the moment.
 *
 * To be called in a process that is not forked any more: threads do not survive that.
 *
 * @param seconds above 0 (LSNODE_STACK_AFTER)
 */
export function watchStack(seconds: number): void {
  const interval = (seconds * 1000) / BEATS;
  const beats = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const data: StackThreadData = { beats, after: seconds * 1000 + interval, log: LOG };
  // Loaded only here, and at once: an import() would start Node's thread pool.
  const { Worker: Thread } = process.getBuiltinModule('node:worker_threads');
  const thread = new Thread(join(packageDirectory, 'dist/stack-watch/stack-thread.cjs'), {
    workerData: data,
    name: 'stack watch',
    // Nothing that was meant for the app's own threads: neither its modules to load first nor its secrets.
    execArgv: [],
    env: {},
    resourceLimits: { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16 },
  });
  thread.unref();
  const beat = new Int32Array(beats);
  const timer = setInterval(() => {
    Atomics.add(beat, 0, 1);
    Atomics.notify(beat, 0);
  }, interval);
  timer.unref();
  thread.once('error', (error) => {
    clearInterval(timer);
    writeLog(`LSNODE_STACK_AFTER has no effect, since its thread failed: ${error.message}`);
  });
}
