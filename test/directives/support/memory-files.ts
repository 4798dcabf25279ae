import { resolve } from 'node:path/posix';
import type { ConfigurationFiles, FileKind, FileProbe, ProbedFile } from '#lib/directives/index.js';

type Entry =
  | { readonly kind: 'file'; readonly text: string }
  | { readonly kind: 'directory'; searchable: boolean }
  | { readonly kind: 'link'; readonly target: string };

/** A file system in memory, as a user sees it who owns none of the files. Paths are absolute. */
export class MemoryFiles implements ConfigurationFiles, FileProbe {
  readonly #entries = new Map<string, Entry>();

  file(path: string, text = ''): this {
    return this.#add(path, { kind: 'file', text });
  }

  link(path: string, target: string): this {
    return this.#add(path, { kind: 'link', target });
  }

  directory(path: string, searchable = true): this {
    return this.#add(path, { kind: 'directory', searchable });
  }

  remove(path: string): void {
    for (const known of this.#entries.keys())
      if (known === path || known.startsWith(`${path}/`)) this.#entries.delete(known);
  }

  rename(from: string, to: string): void {
    const entry = this.#entries.get(from);
    if (entry === undefined) throw new Error(`no such file: ${from}`);
    this.#entries.delete(from);
    this.#entries.set(to, entry);
  }

  probe(path: string): ProbedFile {
    const own = this.#entries.get(path);
    const kind = this.#kind(path, 0);
    return { kind, link: own?.kind === 'link', sameOwner: true };
  }

  read(path: string): string {
    const entry = this.#entries.get(path);
    if (entry?.kind === 'file') return entry.text;
    throw Object.assign(new Error(`cannot read ${path}`), {
      code: entry === undefined ? 'ENOENT' : 'EISDIR',
    });
  }

  list(path: string): readonly string[] | undefined {
    if (this.#entries.get(path)?.kind !== 'directory') return undefined;
    const names = [...this.#entries.keys()]
      .filter(
        (known) => known !== path && known.slice(0, known.lastIndexOf('/')) === (path === '/' ? '' : path),
      )
      .map((known) => known.slice(known.lastIndexOf('/') + 1));
    return names.sort();
  }

  /** As {@link FileProbe} has it, where a file that is not there is no error. */
  get asProbe(): FileProbe {
    return {
      probe: (path) => this.probe(path),
      read: (path) => {
        const entry = this.#entries.get(path);
        return entry?.kind === 'file' ? entry.text : undefined;
      },
    };
  }

  #add(path: string, entry: Entry): this {
    for (let at = path.indexOf('/', 1); at > 0; at = path.indexOf('/', at + 1)) {
      const above = path.slice(0, at);
      if (!this.#entries.has(above)) this.#entries.set(above, { kind: 'directory', searchable: true });
    }
    this.#entries.set('/', { kind: 'directory', searchable: true });
    this.#entries.set(path, entry);
    return this;
  }

  #kind(path: string, depth: number): FileKind {
    for (let at = path.indexOf('/', 1); at > 0; at = path.indexOf('/', at + 1)) {
      const above = this.#entries.get(path.slice(0, at));
      if (above?.kind === 'directory' && !above.searchable) return 'denied';
    }
    const entry = this.#entries.get(path);
    if (entry?.kind !== 'link') return entry?.kind ?? 'missing';
    return depth > 8 ? 'missing' : this.#kind(resolve(path, '..', entry.target), depth + 1);
  }
}
