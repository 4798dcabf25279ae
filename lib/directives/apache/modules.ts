/** Modules whose directives are read here, or without which no Apache runs. */
const PRESENT = ['alias', 'authz_core', 'dir', 'env', 'mime', 'setenvif', 'so', 'unixd', 'version', 'wsgi'];

const PRESENT_NAMES = new Set(['core.c', 'http_core.c', 'mod_so.c', ...PRESENT.flatMap(namesOf)]);

/**
 * Whether `<IfModule NAME>` holds: for the modules whose directives are read here, and for those that a LoadModule
 * names (`loaded`, lower case, as in `ssl_module`).
 */
export function isModulePresent(name: string, loaded: ReadonlySet<string>): boolean {
  const wanted = name.toLowerCase();
  if (PRESENT_NAMES.has(wanted) || loaded.has(wanted)) return true;
  const file = /^mod_(.+)\.c$/.exec(wanted)?.[1];
  return file !== undefined && loaded.has(`${file}_module`);
}

function namesOf(module: string): string[] {
  return [`${module}_module`, `mod_${module}.c`];
}
