import { readFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { compileFunction } from 'node:vm';

export type ModuleFormat = 'commonjs' | 'module';

/** Suffixes that `import()` takes, where the Node version does. */
const KNOWN_SUFFIXES = new Set(['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts']);
const CJS_PARAMETERS = ['exports', 'require', 'module', '__filename', '__dirname'];

/** Whether Node knows the file for a program by its name. */
export function hasKnownSuffix(path: string): boolean {
  return KNOWN_SUFFIXES.has(extname(path));
}

/**
 * What kind of module a file is, by the rules of Node: its suffix, else (for `.js` and `.ts`) `type` of the nearest
 * package.json, else its syntax. Files of other suffixes are told by their syntax alone.
 */
export function formatOf(path: string): ModuleFormat {
  switch (extname(path)) {
    case '.mjs':
    case '.mts':
      return 'module';
    case '.cjs':
    case '.cts':
      return 'commonjs';
    case '.js':
    case '.ts':
      return packageType(dirname(path)) ?? formatBySyntax(path);
    default:
      return formatBySyntax(path);
  }
}

/** What does not compile as CommonJS is an ES module, or wrong: then the loader of those says what is wrong. */
function formatBySyntax(path: string): ModuleFormat {
  try {
    compileFunction(readFileSync(path, 'utf8').replace(/^#!.*/, ''), CJS_PARAMETERS, { filename: path });
    return 'commonjs';
  } catch {
    return 'module';
  }
}

/** `type` of the nearest package.json, if it says one. */
export function packageType(directory: string): ModuleFormat | undefined {
  for (let at = directory; ; at = dirname(at)) {
    let text: string | undefined;
    try {
      text = readFileSync(join(at, 'package.json'), 'utf8');
    } catch {
      // None here: the next one up counts.
    }
    if (text !== undefined) {
      const type = typeIn(text);
      return type === 'module' || type === 'commonjs' ? type : undefined;
    }
    if (dirname(at) === at || at.endsWith('/node_modules')) return undefined;
  }
}

/** What is no JSON says nothing here: Node has an error of its own for it. */
function typeIn(manifest: string): unknown {
  try {
    return (JSON.parse(manifest) as { type?: unknown } | null)?.type;
  } catch {
    return undefined;
  }
}
