import type { Body, OptionsChange, PathSection, PathTest, Settings } from './settings.js';

export const EMPTY_BODY: Body = { settings: {}, files: [], conditions: [] };

/** What holds where `inner` is said inside of, or after, `outer`: whatever `inner` says, else what `outer` says. */
export function mergeSettings(outer: Settings, inner: Settings): Settings {
  const merged: { -readonly [K in keyof Settings]: Settings[K] } = { ...outer, ...inner };
  if (outer.options !== undefined && inner.options !== undefined)
    merged.options = mergeOptions(outer.options, inner.options);
  if (outer.handlers !== undefined && inner.handlers !== undefined)
    merged.handlers = new Map([...outer.handlers, ...inner.handlers]);
  if (outer.environment !== undefined && inner.environment !== undefined)
    merged.environment = [...outer.environment, ...inner.environment];
  if (outer.conditions !== undefined && inner.conditions !== undefined)
    merged.conditions = [...outer.conditions, ...inner.conditions];
  return merged;
}

/** {@link mergeSettings}, and the sections inside of both. */
export function mergeBodies(outer: Body, inner: Body): Body {
  if (outer === EMPTY_BODY) return inner;
  return {
    settings: mergeSettings(outer.settings, inner.settings),
    files: [...outer.files, ...inner.files],
    conditions: [...outer.conditions, ...inner.conditions],
  };
}

function mergeOptions(outer: OptionsChange, inner: OptionsChange): OptionsChange {
  if (inner.kind === 'set') return inner;
  if (outer.kind === 'set') {
    const names = new Set([...outer.names, ...inner.add]);
    for (const name of inner.remove) names.delete(name);
    return { kind: 'set', names };
  }
  const add = new Set([...outer.add].filter((name) => !inner.remove.has(name)).concat([...inner.add]));
  const remove = new Set([...outer.remove].filter((name) => !inner.add.has(name)).concat([...inner.remove]));
  return { kind: 'change', add, remove };
}

/** Options that hold without any directive. */
const DEFAULT_OPTIONS: ReadonlySet<string> = new Set(['followsymlinks']);

/** Whether an option (name in lower case) is on. */
export function hasOption({ options }: Settings, name: string): boolean {
  if (options === undefined) return DEFAULT_OPTIONS.has(name);
  if (options.kind === 'set') return options.names.has(name);
  return options.add.has(name) || (DEFAULT_OPTIONS.has(name) && !options.remove.has(name));
}

/** The order in which directory sections apply: by number of components, expressions last, else as they stand. */
export function sortDirectories(sections: readonly PathSection[]): PathSection[] {
  return [...sections].sort((one, other) => compareDepth(components(one.matches), components(other.matches)));
}

/** How many components a directory's name has, 0 for `/`. */
export function components(test: PathTest): number {
  switch (test.kind) {
    case 'pattern':
      return Infinity;
    case 'wildcard':
      return test.components;
    case 'literal':
      return test.text.split('/').filter((part) => part !== '').length;
  }
}

/** Infinity minus itself is no number. */
function compareDepth(one: number, other: number): number {
  return one === other ? 0 : one - other;
}
