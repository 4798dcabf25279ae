import { Wildcards } from '../wildcards.js';
import { readable, type ConfigurationFiles } from './file-access.js';

/**
 * The files that an Include directive names: one file, all files below a directory, or what wildcards match, which may
 * stand in any component.
 *
 * @returns the files in the order in which Apache reads them, or what Apache says where wildcards find nothing
 */
export function filesOfInclude(path: string, files: ConfigurationFiles): string[] | string {
  if (!/[*?[]/.test(path)) return files.list(path) === undefined ? [path] : allBelow(path, files);
  const [first = '', ...rest] = path.split('/').filter((part, at) => at === 0 || part !== '');
  let found = [first];
  for (const part of rest) {
    if (!/[*?[]/.test(part)) {
      found = found.map((directory) => `${directory}/${part}`);
      continue;
    }
    const wildcards = new Wildcards(part, false);
    found = found.flatMap((directory) =>
      (files.list(directory === '' ? '/' : directory) ?? [])
        .filter((name) => (!name.startsWith('.') || part.startsWith('.')) && wildcards.test(name))
        .map((name) => `${directory}/${name}`),
    );
  }
  if (found.length === 0) {
    const slash = path.lastIndexOf('/');
    const [directory, wildcards] = [path.slice(0, slash), path.slice(slash + 1)].map(readable);
    return `No matches for the wildcard '${wildcards}' in '${directory}', failing (use IncludeOptional if required)`;
  }
  return found.flatMap((one) => (files.list(one) === undefined ? [one] : allBelow(one, files)));
}

function allBelow(directory: string, files: ConfigurationFiles): string[] {
  return (files.list(directory) ?? []).flatMap((name) => {
    const path = `${directory}/${name}`;
    return files.list(path) === undefined ? [path] : allBelow(path, files);
  });
}
