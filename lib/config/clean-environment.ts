/** What {@link cleanEnvironment} needs to know. */
export interface CleanEnvironmentOptions {
  /** Whether the effective user is root: then PHPRC goes too, as in the library. Default: `false`. */
  readonly root?: boolean;
}

/**
 * Deletes from `environ` what is addressed to this program and must not reach the app and the programs it
 * starts: every name that begins with `LSAPI_` or `PHP_LSAPI_` (protocol §5.1, step 6). LSNODE_* stays, apps
 * may read it.
 *
 * @param environ mostly `process.env`; read the settings from it first
 * @returns what was deleted, for the program's own use (for instance to start itself again)
 */
export function cleanEnvironment(
  environ: NodeJS.ProcessEnv,
  { root = false }: CleanEnvironmentOptions = {},
): Record<string, string> {
  const removed: Record<string, string> = {};
  for (const [name, value] of Object.entries(environ)) {
    const ours = name.startsWith('LSAPI_') || name.startsWith('PHP_LSAPI_') || (root && name === 'PHPRC');
    if (!ours) continue;
    if (value !== undefined) removed[name] = value;
    delete environ[name];
  }
  return removed;
}
