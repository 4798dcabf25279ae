import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../peers/run.js';

/** undefined: callgrind works here. */
export function whyNoCallgrind(): string | undefined {
  const result = runCommand('valgrind', ['--version']);
  return result.ok ? undefined : `valgrind is needed (Debian's package of that name): ${result.reason}`;
}

/** The command under callgrind. Results lie in `directory`, which has to be one of its own. */
export function underCallgrind(
  directory: string,
  options: readonly string[],
  command: readonly string[],
): string[] {
  const file = join(directory, 'callgrind.out');
  return ['valgrind', '--tool=callgrind', `--callgrind-out-file=${file}`, '-q', ...options, ...command];
}

/** Tells a program that runs under callgrind: `-i on` counts from now on, `-d` writes down what was counted. */
export function control(pid: number, ...order: readonly string[]): void {
  const result = runCommand('callgrind_control', [...order, String(pid)]);
  if (!result.ok) throw new Error(`callgrind_control: ${result.reason}`);
}

/** Instructions in the largest of the results: the others were written before or after what was counted. */
export function countedInstructions(directory: string): number {
  const counts = readdirSync(directory)
    .filter((name) => name.startsWith('callgrind.out'))
    .map((name) => /^totals: (\d+)/m.exec(readFileSync(join(directory, name), 'latin1'))?.[1])
    .map(Number);
  const largest = Math.max(0, ...counts.filter(Number.isFinite));
  if (largest === 0) throw new Error(`callgrind has counted nothing (${directory})`);
  return largest;
}
