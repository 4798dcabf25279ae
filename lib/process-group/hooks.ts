import { writeLog } from '../connections/log.js';

/** What an app may do at a turning point of its process. */
export type Hook = () => void | Promise<void>;

type Point = 'beforeFork' | 'afterFork' | 'beforeExit';

/** An app's own copy of this package and the one that runs it share it: its shape is an interface. */
interface Registry {
  readonly beforeFork: Hook[];
  readonly afterFork: Hook[];
  readonly beforeExit: Hook[];
  /** This process serves requests, or is about to: its onAfterFork hooks have run or are running. */
  serving: boolean;
}

const KEY = Symbol.for('lsapi.hooks.v1');
const NAMES: Readonly<Record<Point, string>> = {
  beforeFork: 'onBeforeFork',
  afterFork: 'onAfterFork',
  beforeExit: 'onBeforeExit',
};

function registry(): Registry {
  const holder = globalThis as { [KEY]?: Registry };
  return (holder[KEY] ??= { beforeFork: [], afterFork: [], beforeExit: [], serving: false });
}

/**
 * Calls `hook` once in the parent of a process group, after the app has been loaded and before the first child is
 * forked: the place to close what children must not share, for example a connection that was needed for loading. The
 * parent runs no JavaScript after that. Promises are awaited. Never called where nothing is forked with the app
 * loaded: in Worker mode, in lazy mode, in spawned children.
 *
 * @returns a function that takes the hook back
 */
export function onBeforeFork(hook: Hook): () => void {
  return register('beforeFork', hook);
}

/**
 * Calls `hook` in every process that serves requests, before its first request: the place to open database
 * connections, start worker threads and timers, fill pools of random values. In a forked child that is after the
 * fork; where the serving process loads the app itself (Worker mode, lazy mode, spawned children) right after loading.
 * So what is opened here is right in every mode. Promises are awaited; requests wait for them. A hook that is
 * registered after that point is called in the next microtask.
 *
 * @example
 * ```js
 * import { onAfterFork, onBeforeExit } from 'lsapi';
 * let pool;
 * onAfterFork(() => { pool = new pg.Pool(); });
 * onBeforeExit(() => pool.end());
 * ```
 * @returns a function that takes the hook back
 */
export function onAfterFork(hook: Hook): () => void {
  const remove = register('afterFork', hook);
  const { afterFork, serving } = registry();
  if (serving) {
    queueMicrotask(() => {
      if (afterFork.includes(hook)) void run('afterFork', hook);
    });
  }
  return remove;
}

/**
 * Calls `hook` in every serving process before it ends in an orderly way: its last request is answered, none will
 * come. Hooks are called in the reverse of the order in which they were registered, and awaited, for up to 5 s or
 * LSNODE_GRACE, whichever is shorter. Not called when the process is killed, crashes, or ends by the app's own
 * `process.exit()`; see the `exit` event of `process` for that.
 *
 * @returns a function that takes the hook back
 */
export function onBeforeExit(hook: Hook): () => void {
  return register('beforeExit', hook);
}

/** Runs the onBeforeFork hooks. */
export async function runBeforeFork(): Promise<void> {
  await runAll('beforeFork', [...registry().beforeFork]);
}

/** Runs the onAfterFork hooks; later ones are called when they are registered. */
export async function runAfterFork(): Promise<void> {
  const { afterFork } = registry();
  registry().serving = true;
  if (afterFork.length > 0) await runAll('afterFork', [...afterFork]);
}

/** Runs the onBeforeExit hooks, the last one first; each is called once. */
export async function runBeforeExit(): Promise<void> {
  await runAll('beforeExit', registry().beforeExit.splice(0).reverse());
}

/** Whether anything is to be done before this process ends. */
export function hasBeforeExitHooks(): boolean {
  return registry().beforeExit.length > 0;
}

function register(point: Point, hook: Hook): () => void {
  if (typeof hook !== 'function') {
    throw new TypeError(`${NAMES[point]}() takes a function, not ${hook === null ? 'null' : typeof hook}`);
  }
  const hooks = registry()[point];
  hooks.push(hook);
  let registered = true;
  return () => {
    if (!registered) return;
    registered = false;
    const index = hooks.indexOf(hook);
    if (index >= 0) hooks.splice(index, 1);
  };
}

async function runAll(point: Point, hooks: readonly Hook[]): Promise<void> {
  for (const hook of hooks) await run(point, hook);
}

/** An error is the hook's own affair: the others run, and the process goes on. */
async function run(point: Point, hook: Hook): Promise<void> {
  try {
    await hook();
  } catch (error) {
    const name = hook.name === '' ? '' : ` ${hook.name}()`;
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    writeLog(`the app's ${NAMES[point]} hook${name} failed: ${reason}`);
  }
}
