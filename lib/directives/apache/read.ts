import { ProblemList, type DirectiveProblem, type Place } from '../problem.js';
import type { Body, DirectiveConfiguration } from '../settings.js';
import { ConfigurationBuilder } from './build.js';
import { byteText, MACHINE_FILES, type ConfigurationFiles } from './file-access.js';
import { TreeReader } from './tree.js';

/** What was read, and everything that is wrong with it; with errors, use of the configuration is no good. */
export interface ConfigurationReading {
  readonly configuration: DirectiveConfiguration;
  readonly problems: readonly DirectiveProblem[];
}

/**
 * Reads the five directives, and what bears on them, from Apache configuration files, one after the other as if each
 * was included. Never fails: what is wrong is in `problems`, all of it.
 *
 * @param paths absolute paths
 * @param options where the files are (default: this machine), and the environment for `${NAME}` and `PassEnv`
 */
export function readApacheConfiguration(
  paths: readonly string[],
  options: { files?: ConfigurationFiles; environ?: NodeJS.ProcessEnv } = {},
): ConfigurationReading {
  const { files = MACHINE_FILES, environ = process.env } = options;
  const problems = new ProblemList();
  const reader = new TreeReader({ files, environ, problems });
  for (const path of paths) reader.readFile(byteText(path), { file: path });
  const builder = new ConfigurationBuilder({ problems, environ, serverRoot: reader.serverRoot ?? '' });
  builder.add(reader.roots);
  // Backwards: what counts is where a file was read first.
  const orders = new Map(reader.fileNames.map((name, n) => [name, n] as const).reverse());
  const order = (place: Place) => orders.get(place.file) ?? -1;
  const sorted = problems.all.toSorted(
    ({ place: one }, { place: other }) => order(one) - order(other) || (one.line ?? 0) - (other.line ?? 0),
  );
  return { configuration: builder.result(), problems: sorted };
}

/** Reads an `.htaccess` file in which the given override types are allowed. */
export function readHtaccess(
  text: string,
  path: string,
  overrides: ReadonlySet<string>,
  environ: NodeJS.ProcessEnv,
): { readonly body: Body; readonly problems: readonly DirectiveProblem[] } {
  const problems = new ProblemList();
  const files: ConfigurationFiles = {
    read: () => {
      throw new Error('not in .htaccess');
    },
    list: () => undefined,
  };
  const reader = new TreeReader({ files, environ, problems });
  reader.readText(text, path);
  const builder = new ConfigurationBuilder({ problems, environ, serverRoot: '', htaccess: overrides });
  builder.add(reader.roots);
  return { body: builder.body(), problems: problems.all };
}
