import { readFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ModuleFormat } from '../app/module-format.js';
import { formatOf, hasKnownSuffix } from '../app/module-format.js';

/** Parts of Node's module loader that packages rely on, without being documented: Node 20 to 26. */
interface CommonJsModule {
  id: string;
  filename: string;
  paths: string[];
  exports: unknown;
  loaded: boolean;
  load(path: string): void;
  _compile(source: string, path: string, format?: ModuleFormat): void;
}
interface ModuleInternals {
  new (id: string): CommonJsModule;
  prototype: CommonJsModule & { require(this: CommonJsModule, id: string): unknown };
  _cache: Record<string, CommonJsModule>;
  _nodeModulePaths(directory: string): string[];
}
interface Resolved {
  readonly url: string;
  readonly format?: string | null;
}
/** Node 22.15 and later. */
interface ModuleHooks {
  registerHooks?(hooks: {
    resolve(
      specifier: string,
      context: { readonly parentURL?: string },
      next: (specifier: string, context: object) => Resolved,
    ): Resolved;
  }): void;
}

const internals = Module as unknown as ModuleInternals;
/** What may be shared: Node knows these by other names than their URL, or they have no state. */
const SHARED_FORMATS = new Set(['builtin', 'commonjs', 'json', 'wasm', 'addon']);

/**
 * A registry of modules: scripts of one application group share theirs, and see nothing of those of others. The group
 * without a name is the process's own registry.
 *
 * CommonJS modules are registered by group with all that they require. ES modules are told apart by a query in their
 * URL; what they import follows from Node 22.15 on, before that only the script itself is the group's. CommonJS modules
 * that an ES module imports are the process's.
 */
export class ModuleGroup {
  readonly #name: string;
  /** What tells its ES modules from others in their URLs. A number: no character of it is changed in a URL. */
  readonly #query: string;
  readonly #cache = Object.create(null) as Record<string, CommonJsModule>;

  constructor(name: string) {
    this.#name = name;
    this.#query = `?group=${groups.length + 1}`;
    if (name !== '') {
      groups.push(this);
      separateModules();
    }
  }

  /**
   * Loads a script into the group.
   *
   * @param path - absolute, without symbolic links
   * @returns a module namespace, or what a CommonJS module exports
   * @throws whatever the script throws while it is loaded
   */
  async load(path: string): Promise<unknown> {
    const isKnown = hasKnownSuffix(path);
    if (this.#name === '') {
      return isKnown ? import(pathToFileURL(path).href) : (createRequire(path)(path) as unknown);
    }
    const format = formatOf(path);
    if (format === 'commonjs') return this.#require(path, path, isKnown ? undefined : format);
    if (isKnown) return import(pathToFileURL(path).href + this.#query);
    // import() refuses the suffix. The loader behind require() does not, and knows modules by this name.
    return this.#require(path, path + this.#query, format);
  }

  /** Runs `action` with the group's registry in place of the process's. */
  within<T>(action: () => T): T {
    const before = internals._cache;
    internals._cache = this.#cache;
    try {
      return action();
    } finally {
      internals._cache = before;
    }
  }

  has(module: CommonJsModule): boolean {
    return this.#cache[module.id] === module;
  }

  #require(path: string, id: string, format: ModuleFormat | undefined): unknown {
    const present = this.#cache[id];
    if (present !== undefined) return present.exports;
    const module = new internals(id);
    module.filename = id;
    module.paths = internals._nodeModulePaths(dirname(path));
    this.#cache[id] = module;
    try {
      this.within(() => {
        if (format === undefined) module.load(path);
        else module._compile(readFileSync(path, 'utf8'), id, format);
      });
      module.loaded = true;
    } catch (error) {
      delete this.#cache[id];
      throw error;
    }
    return module.exports;
  }
}

const groups: ModuleGroup[] = [];
let separated = false;

/** Makes modules of groups find others in their own group, also when they ask late. */
function separateModules(): void {
  if (separated) return;
  separated = true;
  const { prototype } = internals;
  const require: (id: string) => unknown = Reflect.get(prototype, 'require');
  prototype.require = function (id) {
    const group = groups.find((one) => one.has(this));
    return group === undefined
      ? Reflect.apply(require, this, [id])
      : group.within(() => Reflect.apply(require, this, [id]));
  };
  (Module as unknown as ModuleHooks).registerHooks?.({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context);
      const query = groupQuery(context.parentURL);
      const isOwn =
        query !== '' && resolved.url.startsWith('file:') && !SHARED_FORMATS.has(resolved.format ?? '');
      return isOwn && !resolved.url.includes('?') ? { ...resolved, url: resolved.url + query } : resolved;
    },
  });
}

/** The query by which a module of a group is known; empty for others. */
function groupQuery(url: string | undefined): string {
  const number = url === undefined ? undefined : /(?:\?|%3F)group=(\d+)$/.exec(url)?.[1];
  return number === undefined ? '' : `?group=${number}`;
}
