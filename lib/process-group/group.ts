import { setImmediate as nextTurn } from 'node:timers/promises';
import type { OpenedApp } from '../app/open.js';
import type { ResolvedApp } from '../app/resolve.js';
import type { Settings } from '../config/setting-types.js';
import { writeLog } from '../connections/log.js';
import { publishGroupStart } from '../diagnostics/process-channels.js';
import { LsapiError } from '../errors.js';
import { native } from '../native/binding.js';
import type { NativeIdentity } from '../native/group-binding.js';
import { GroupMode } from '../native/group-binding.js';
import { becomeUser } from './daemon.js';
import { onEndWhileLoading, reportLoadFailure } from './load-failure.js';
import { installChildExit } from './exit.js';
import type { FailurePage } from './failure-page.js';
import { failurePage } from './failure-page.js';
import { findHazards, takeBaseline, waitForQuiet } from './fork-safety.js';
import { groupOptions, slotsFor, watchedFiles } from './group-options.js';
import { collectGarbage, noteInitialHeap } from './garbage.js';
import { runBeforeFork } from './hooks.js';
import { prepareRandom, repairIdentity, warmIdentity } from './identity.js';
import type { Invocation } from './image.js';
import { flagsForLimits, forkableFlags, hasForkFlags, programOf } from './image.js';
import type { Role } from './role.js';

/** Exit status of a trial whose code loads, but is unsafe to fork; `kLoadsUnsafely` in native/process/reload.cc. */
const LOADS_UNSAFELY = 10;
/** How long work that was begun while loading may still take before the app counts as unsafe to fork. */
const QUIET_MS = 2000;

export interface GroupContext {
  readonly settings: Settings;
  readonly role: Role;
  readonly invocation: Invocation;
  readonly app: ResolvedApp;
  readonly development: boolean;
  /** The pid of the process that started this one. */
  readonly server: number;
  /** Loads the app. */
  readonly load: () => Promise<OpenedApp>;
  /** Opens or takes the socket that the group listens on; its descriptor. */
  readonly openListener: () => Promise<number>;
  /** Does once what else the first request of every child does; before the app is loaded. */
  readonly warmUp: () => Promise<void>;
  /** Whether SIGHUP has come since the process began. */
  readonly reloadRequested: () => boolean;
}

/**
 * Replaces this process's image by one that can be forked, if it is not one already. Before anything else is done:
 * pid, descriptors and environment stay, everything else is lost.
 *
 * @returns whether children can be forked; otherwise they are spawned, and the log says so
 * @throws LsapiError LSAPI_ERR_FORK where LSNODE_FORK=on and they cannot
 */
export function becomeForkable({ fork }: Settings, role: Role, invocation: Invocation): boolean {
  if (fork === 'off') {
    if (role.kind === 'first') writeLog('LSNODE_FORK=off: children are started as programs of their own');
    return false;
  }
  if (hasForkFlags() && (role.kind !== 'first' || flagsForLimits().length === 0)) return true;
  const reason =
    role.kind === 'image'
      ? 'Node ignores the flags --single-threaded --v8-pool-size=0'
      : `the process cannot replace its image (errno ${native.replaceImage(programOf(invocation, forkableFlags()), 'image', '')})`;
  if (fork === 'on') {
    throw new LsapiError(
      'LSAPI_ERR_FORK',
      `LSNODE_FORK=on, but children cannot be forked: ${reason}. Set LSNODE_FORK=auto to have them spawned instead.`,
    );
  }
  writeLog(`children cannot be forked, they are started as programs of their own: ${reason}`);
  return false;
}

/** Tries whether the app loads; its only result is the exit status. */
export async function tryLoading(context: GroupContext): Promise<never> {
  const baseline = await takeBaseline();
  let status = 1;
  // However it ends while it loads, it has not loaded.
  onEndWhileLoading(context.app, () => native.exitNow(status));
  try {
    await context.load();
    await waitForQuiet(QUIET_MS);
    status = findHazards(baseline).length === 0 || context.settings.preload === 'on' ? 0 : LOADS_UNSAFELY;
  } catch (error) {
    reportLoadFailure(error, context.app);
  }
  return native.exitNow(status);
}

/** What a child is when it begins. */
export interface StartedChild {
  /** The app where the parent has loaded it. */
  readonly opened: OpenedApp | undefined;
  /** In a suEXEC daemon whom it has become. */
  readonly identity: NativeIdentity | undefined;
}

/**
 * Becomes the parent of a process group: loads the app, and supervises children that are forked from there. Returns
 * in children only.
 *
 * @throws LsapiError LSAPI_ERR_LISTEN, LSAPI_ERR_GROUP
 */
export async function startGroup(context: GroupContext, canFork: boolean): Promise<StartedChild> {
  const { settings, role, app, development } = context;
  const stamps = native.stampFiles(watchedFiles(app));
  const state =
    role.kind === 'reload' || role.kind === 'lazy'
      ? role.state
      : native.createGroup(await context.openListener(), slotsFor(settings));
  if (typeof state === 'number') {
    throw new LsapiError(
      'LSAPI_ERR_GROUP',
      `There is no memory for the scoreboard of the group (errno ${state}).`,
    );
  }
  const program = programOf(
    context.invocation,
    canFork ? forkableFlags() : [...flagsForLimits(), ...process.execArgv],
  );
  let mode: number = canFork ? GroupMode.Preloaded : GroupMode.Spawned;
  if (canFork && (role.kind === 'lazy' || settings.preload === 'off')) mode = GroupMode.Lazy;

  let opened: OpenedApp | undefined;
  const supervise = (failure?: FailurePage): boolean | NativeIdentity =>
    native.superviseGroup(
      groupOptions(
        settings,
        {
          app,
          program,
          mode,
          stamps,
          preloadLibrary: preloadLibrary(),
          reloadAgain: context.reloadRequested(),
          failurePage: failure?.body ?? '',
          pageType: failure?.type ?? '',
        },
        context.server,
      ),
      state,
    );

  if (canFork) {
    prepareRandom();
    await context.warmUp();
  }
  if (mode === GroupMode.Preloaded) {
    const baseline = await takeBaseline();
    // An app that ends the process while it loads must not end the group: the supervisor begins in the last event
    // that JavaScript gets, and does not return.
    const loaded = onEndWhileLoading(app, (error) => supervise(failurePage(error, development)));
    try {
      opened = await context.load();
      await waitForQuiet(QUIET_MS);
    } catch (error) {
      reportLoadFailure(error, app);
      supervise(failurePage(error, development));
      throw new LsapiError('LSAPI_ERR_GROUP', 'The group cannot be supervised.', { cause: error });
    }
    const hazards = findHazards(baseline);
    for (const { what, remedy } of hazards) {
      writeLog(`the app must not be forked once it is loaded, because it has ${what}. ${remedy}`);
    }
    if (hazards.length > 0 && settings.preload !== 'on') {
      writeLog('so each child loads the app by itself, which takes more memory and time (LSNODE_PRELOAD)');
      loaded();
      const error = native.replaceImage(program, 'lazy:', state);
      throw new LsapiError('LSAPI_ERR_GROUP', `The process cannot replace its image (errno ${error}).`);
    }
    await runBeforeFork();
    publishGroupStart({ pid: process.pid, root: app.root, isReload: role.kind === 'reload' });
    loaded();
  }
  if (canFork) prepareFork();
  // Signals that have come meanwhile have their turn.
  await nextTurn();
  await nextTurn();
  const child = supervise();
  if (child === false) throw new LsapiError('LSAPI_ERR_GROUP', 'The group cannot be supervised.');
  return { opened, identity: child === true ? undefined : child };
}

/** What a forked child does before anything of the app runs in it. */
export function becomeChild({ app }: GroupContext, identity: NativeIdentity | undefined): void {
  installChildExit(native);
  repairIdentity({ pid: native.processId(), title: `lsnode:${app.root}` });
  if (identity !== undefined) becomeUser(identity, process.env);
}

/** Everything that can be done once in the parent instead of in each child. */
function prepareFork(): void {
  warmIdentity();
  // Twice: what finalizers release goes with the second one.
  collectGarbage();
  collectGarbage();
  noteInitialHeap();
}

/** The addon as LD_PRELOAD can name it; see native/process/hold_signals.cc. */
function preloadLibrary(): string {
  const path = native.addonPath();
  return /[\s:]/.test(path) ? '' : path;
}
