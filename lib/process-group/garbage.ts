import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { native } from '../native/binding.js';

interface CollectOptions {
  readonly type: 'major';
  readonly execution: 'sync';
  readonly flavor: 'last-resort';
}
type Collect = (options?: CollectOptions) => void;

let collect: Collect | undefined;

/** Since V8 12 (Node 22) a collection can be one that shrinks every space; before, the option is an error. */
const KNOWS_LAST_RESORT = Number.parseInt(process.versions.v8, 10) >= 12;
const LAST_RESORT: CollectOptions = { type: 'major', execution: 'sync', flavor: 'last-resort' };

/**
 * Makes the collector. For the parent of a group: it takes a context of its own, whose half megabyte would be private
 * in each child that makes one.
 */
export function prepareCollector(): Collect {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as Collect;
    setFlagsFromString('--no-expose-gc');
  }
  return collect;
}

/** Collects all garbage and gives freed memory back to the system. */
export function collectGarbage(): void {
  prepareCollector()();
  native.trimMemory();
}

/**
 * Collects all garbage and moves what is left together. A plain collection leaves the pages of the old space as they
 * are unless they are nearly empty: after a thousand requests half of them was air.
 */
function compactHeap(): void {
  const collector = prepareCollector();
  setFlagsFromString('--optimize-for-size');
  if (KNOWS_LAST_RESORT) {
    collector(LAST_RESORT);
  } else {
    // The first one finds the pages that are worth emptying.
    collector();
    collector();
  }
  setFlagsFromString('--no-optimize-for-size');
  native.trimMemory();
}

/** A heap that has grown by less holds little that could be given back; collecting touches pages that are shared. */
const WORTHWHILE_GROWTH = 1024 * 1024;

let heapAfterLastCollection: number | undefined;

/** Notes the heap of a child that has done nothing yet. */
export function noteInitialHeap(): void {
  heapAfterLastCollection = process.memoryUsage().heapTotal;
}

/** For a child that has been idle for a while: gives back what its requests have left behind, if that is worth it. */
export function giveMemoryBack(): void {
  const { heapTotal } = process.memoryUsage();
  if (heapTotal - (heapAfterLastCollection ?? 0) < WORTHWHILE_GROWTH) return;
  compactHeap();
  noteInitialHeap();
}
