import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** Where things are: the checkout, the native tools, and what is brought here for the peers (never committed). */
export interface Places {
  readonly root: string;
  readonly tools: string;
}

export function cacheFor(places: Places, name: string): string {
  const directory = join(places.root, '.cache/bench-peers', name);
  mkdirSync(directory, { recursive: true });
  return directory;
}
