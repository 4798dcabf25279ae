import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { native } from '../native/binding.js';

let collect: (() => void) | undefined;

/**
 * Makes the collector. For the parent of a group: it takes a context of its own, whose half megabyte would be private
 * in each child that makes one.
 */
export function prepareCollector(): () => void {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
    setFlagsFromString('--no-expose-gc');
  }
  return collect;
}

/** Collects all garbage and gives freed memory back to the system. */
export function collectGarbage(): void {
  prepareCollector()();
  native.trimMemory();
}

/** A heap that has grown by less holds little that could be given back; collecting touches pages that are shared. */
const WORTHWHILE_GROWTH = 4 * 1024 * 1024;

let heapAfterLastCollection: number | undefined;

/** Notes the heap of a child that has done nothing yet. */
export function noteInitialHeap(): void {
  heapAfterLastCollection = process.memoryUsage().heapTotal;
}

/** For a child that has been idle for a while: gives back what its requests have left behind, if that is worth it. */
export function giveMemoryBack(): void {
  const { heapTotal } = process.memoryUsage();
  if (heapTotal - (heapAfterLastCollection ?? 0) < WORTHWHILE_GROWTH) return;
  collectGarbage();
  noteInitialHeap();
}
