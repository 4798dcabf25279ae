import { statSync } from 'node:fs';

/** A file that is touched to have an app started again; how it was when this was made counts as untouched. */
export class RestartMarker {
  readonly #stamp: number;

  constructor(readonly path: string) {
    this.#stamp = modificationTime(path);
  }

  get wasTouched(): boolean {
    return modificationTime(this.path) !== this.#stamp;
  }
}

/** Milliseconds, or 0 where there is no such file. */
function modificationTime(path: string): number {
  try {
    return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  } catch {
    return 0; // a directory above it may not be entered
  }
}
