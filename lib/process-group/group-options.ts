import type { ResolvedApp } from '../app/resolve.js';
import { restartFile } from '../app/resolve.js';
import type { Settings } from '../config/setting-types.js';
import { daemonOptions } from './daemon.js';
import type { NativeGroupOptions, NativeProgram } from '../native/group-binding.js';

/** `Scoreboard::kSlotsInPage`. */
const SLOTS_IN_PAGE = 4;

/** Slots that a group's scoreboard needs: two generations at their limits, while the old one drains. */
export function slotsFor(settings: Settings): number {
  const slots = 2 * (childLimit(settings) + settings.extraChildren) + 8;
  // Each child of a daemon has a page of the scoreboard for itself (native/process/scoreboard.h).
  return daemonOptions(settings) === undefined ? slots : slots * SLOTS_IN_PAGE;
}

/**
 * LSAPI_CHILDREN is what the server sees: connections that are served at once. LSNODE_CONCURRENCY says how many of
 * them one process holds.
 */
export function childLimit(settings: Settings): number {
  return Math.ceil(settings.children / settings.concurrency);
}

/** The files whose change means that the app is to be loaded again. */
export function watchedFiles(app: ResolvedApp): string[] {
  return [app.path, restartFile(app)];
}

/** The app, how its files looked, and what became of loading it. */
export interface GroupSituation {
  readonly app: ResolvedApp;
  readonly program: NativeProgram;
  readonly mode: number;
  readonly preloadLibrary: string;
  readonly stamps: string;
  readonly reloadAgain: boolean;
  readonly failurePage: string;
  readonly pageType: string;
}

/** The options of the native supervisor. */
export function groupOptions(
  settings: Settings,
  { app, ...situation }: GroupSituation,
  server: number,
): NativeGroupOptions {
  return {
    ...situation,
    childLimit: childLimit(settings),
    extraChildren: settings.extraChildren,
    concurrency: settings.concurrency,
    connectionLimit: settings.children,
    maxIdleChildren: settings.maxIdleChildren,
    keepListen: settings.keepListen,
    maxIdle: settings.maxIdle,
    maxProcessTime: settings.maxProcessTime,
    groupMaxIdle: settings.groupMaxIdle,
    grace: settings.grace,
    minFreeMemory: settings.avoidFork.minFreeMemory,
    maxMemory: settings.maxMemory,
    server: settings.checkParent ? server : 0,
    dumpDebugInfo: settings.dumpDebugInfo,
    daemon: daemonOptions(settings),
    root: app.root,
    watched: watchedFiles(app),
  };
}
