import { join } from 'node:path';

/** Where the server has its commands, below its root. */
export const WRAPPER = 'fcgi-bin/lsnode';

const SIGN = '# Made by lsnode install.';

/**
 * The command of the external apps: a script that runs this Node with this `lsnode`. The server runs commands with
 * almost no environment, in the command's directory, and refuses arguments that look like a shell's name
 * (`validateCmdParam`: `/srv/shop/app.js` has "sh" behind a slash). So nothing is left to PATH, and the app is told by
 * variables.
 */
export function wrapperText(node: string, main: string): string {
  return `#!/bin/sh
${SIGN} It runs Node by its full path, because the server passes no PATH that would find it.
# After Node has moved, run lsnode install again; lsnode install --undo removes this file.
exec ${quoted(node)} ${quoted(main)} "$@"
`;
}

/** Whether a file is a wrapper that was made here. */
export function isWrapper(text: string): boolean {
  return text.split('\n', 2)[1]?.startsWith(SIGN) === true;
}

/** The two programs that a wrapper runs: Node and `lsnode`; `undefined`: it is no wrapper. */
export function wrapperTarget(text: string): { node: string; main: string } | undefined {
  const match = isWrapper(text) ? /^exec '((?:[^']|'\\'')*)' '((?:[^']|'\\'')*)' "\$@"$/m.exec(text) : null;
  if (match === null) return undefined;
  const [node = '', main = ''] = match.slice(1).map((word) => word.replaceAll(`'\\''`, "'"));
  return { node, main };
}

/** The wrapper's path in an installation. */
export function wrapperPath(serverRoot: string): string {
  return join(serverRoot, WRAPPER);
}

/** In single quotes for a shell. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
