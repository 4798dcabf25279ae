// A process in a root directory of its own (LSNODE_CHROOT) is told paths of the outside.
let rootDirectory = '';

/** From now on paths below `directory` are known without it. */
export function setRootDirectory(directory: string): void {
  rootDirectory = directory.replace(/\/+$/, '');
}

/** A path as this process can open it. */
export function insideRoot(path: string): string {
  if (rootDirectory === '' || !path.startsWith(rootDirectory)) return path;
  const inside = path.slice(rootDirectory.length);
  if (inside === '') return '/';
  return inside.startsWith('/') ? inside : path;
}
