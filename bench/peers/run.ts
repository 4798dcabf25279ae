import { spawnSync } from 'node:child_process';

export interface CommandResult {
  readonly ok: boolean;
  readonly output: string;
  /** Why it failed, in one line. */
  readonly reason: string;
}

/** Runs a command to its end; nothing is printed. */
export function runCommand(
  command: string,
  parameters: readonly string[],
  options: { cwd?: string } = {},
): CommandResult {
  const result = spawnSync(command, parameters, { encoding: 'utf8', maxBuffer: 1 << 26, ...options });
  if (result.error !== undefined) {
    return { ok: false, output: '', reason: `${command}: ${result.error.message}` };
  }
  const complaint = `${result.stderr}\n${result.stdout}`
    .split('\n')
    .find((line) => /error|cannot|unable|not found/i.test(line));
  return {
    ok: result.status === 0,
    output: result.stdout,
    reason: result.status === 0 ? '' : (complaint ?? `${command} ended with ${result.status}`).trim(),
  };
}
